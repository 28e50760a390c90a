"""Quarantined records on their way back: as they were kept, or as somebody mended them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from etl.core.errors import UsageError


def records(kept: Iterable[Mapping[str, Any]], mended: bytes | None) -> dict[int, tuple[str, bytes]]:
    """By quarantine id, the endpoint and the record's JSON; only the mended ones if some are given.

    `mended`: lines of `etl quarantine list --json`.
    Raises: UsageError for a line that is no such line, or names a record that is not in quarantine.
    """
    known = {row["quarantine_id"]: (row["endpoint"], row["record"].encode()) for row in kept}
    if mended is None:
        return known
    replacements = {}
    for number, line in enumerate(mended.splitlines(), start=1):
        if line.strip():
            quarantine_id, record = _mended(number, line)
            if quarantine_id not in known:
                raise UsageError(f"Line {number}: record {quarantine_id} is not in quarantine.", hint=LIST)
            replacements[quarantine_id] = (known[quarantine_id][0], record)
    return replacements


LIST = "`etl quarantine list --json` prints the lines to mend."


def _mended(number: int, line: bytes) -> tuple[int, bytes]:
    try:
        told = json.loads(line)
        quarantine_id, record = told["quarantine_id"], told["record"]
        if type(quarantine_id) is not int:
            raise TypeError("its quarantine_id is no whole number")
        return quarantine_id, json.dumps(record).encode()
    except KeyError as error:
        raise UsageError(f"Line {number} is no mended record: it lacks {error.args[0]}.", hint=LIST) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"Line {number} is no mended record: {error}.", hint=LIST) from error
