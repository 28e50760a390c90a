"""Quarantined records and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from etl.cli.console.output import say, show_rows, with_destinations
from etl.core.outcomes import Published

COLUMNS = ("quarantine_id", "destination", "endpoint", "page", "position", "reason", "quarantined_at")


def show(records: list[dict[str, Any]], *, as_json: bool = False) -> None:
    """The quarantined records; as JSON lines with the whole record, to correct and replay."""
    if as_json:
        for row in records:
            line = {"quarantine_id": row["quarantine_id"], "reason": row["reason"], "record": _json(row["record"])}
            print(json.dumps(line))
    elif records:
        show_rows(with_destinations([{name: row[name] for name in COLUMNS} for row in records]))
    else:
        say("Nothing.")


def show_replay(published: Published, records: Mapping[int, Any], still_refused: Mapping[int, str]) -> None:
    """What left quarantine and what did not."""
    say(f"{len(records) - len(still_refused)} of {len(records)} records published ({published.status}).")
    for quarantine_id, reason in still_refused.items():
        say(f"Still refused: {quarantine_id}: {reason}")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
