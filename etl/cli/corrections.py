"""Quarantined records to replay: as they were kept, or as somebody corrected them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from etl.core.errors import UsageError
from etl.core.pages import PageContext
from etl.pipeline.replay import Kept

LIST = "`etl quarantine list --json` prints the lines to correct."


def records(kept: Iterable[Mapping[str, Any]], corrected: bytes | None) -> dict[int, Kept]:
    """The records to replay by quarantine id; only the corrected ones if some are given.

    `corrected`: lines of `etl quarantine list --json`.
    Raises: UsageError for a line of another shape, or about a record that is not in quarantine.
    """
    known = {row["quarantine_id"]: _kept(row) for row in kept}
    if corrected is None:
        return known
    replacements = {}
    for number, line in enumerate(corrected.splitlines(), start=1):
        if line.strip():
            quarantine_id, record = _parse(number, line)
            if quarantine_id not in known:
                raise UsageError(f"Line {number}: record {quarantine_id} is not in quarantine.", hint=LIST)
            replacements[quarantine_id] = replace(known[quarantine_id], record=record)
    return replacements


def _kept(row: Mapping[str, Any]) -> Kept:
    # earlier versions did not keep the context
    context = PageContext(row["about"] or {}, row["received_at"] or datetime.now(UTC))
    return Kept(row["endpoint"], row["record"].encode(), context)


def _parse(number: int, line: bytes) -> tuple[int, bytes]:
    try:
        fields = json.loads(line)
        quarantine_id, record = fields["quarantine_id"], fields["record"]
        if type(quarantine_id) is not int:
            raise TypeError("its quarantine_id is not a whole number")
        return quarantine_id, json.dumps(record).encode()
    except KeyError as error:
        raise UsageError(f"Line {number} is not a corrected record: it lacks {error.args[0]}.", hint=LIST) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"Line {number} is not a corrected record: {error}.", hint=LIST) from error
