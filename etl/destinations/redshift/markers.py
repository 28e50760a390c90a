"""Markers: which run of each source Redshift has, written in the transaction that publishes it."""

from __future__ import annotations

import json
from dataclasses import asdict

from etl.core.intervals import DataInterval
from etl.core.outcomes import TableOutcome
from etl.destinations.base import Marker
from etl.destinations.redshift import tables
from etl.destinations.redshift.connection import Redshift
from etl.destinations.redshift.statements import text


def write(redshift: Redshift, source: str, marker: Marker) -> None:
    """Replace the source's previous marker."""
    days = [[str(some.start), str(some.end)] for some in marker.days]
    redshift.execute(text("redshift/remove_marker"), {"source": source})
    redshift.execute(
        text("redshift/write_marker"),
        {
            "source": source,
            "run_id": marker.run_id,
            "extraction_id": marker.extraction_id,
            "days": json.dumps(days),
            "outcomes": json.dumps([asdict(outcome) for outcome in marker.outcomes]),
        },
    )


def read(redshift: Redshift, source: str) -> Marker | None:
    """The marker of a source; None if it was never published there."""
    if tables.MARKERS not in tables.known(redshift):
        return None
    found = redshift.execute(text("redshift/read_marker"), {"source": source})
    if not found:
        return None
    [row] = found
    days = tuple(DataInterval.parse(*some) for some in json.loads(row["days"]))
    outcomes = tuple(TableOutcome(**outcome) for outcome in json.loads(row["outcomes"]))
    return Marker(row["run_id"], row["extraction_id"], days, outcomes)


def sources(redshift: Redshift) -> set[str]:
    """The sources that are published there."""
    if tables.MARKERS not in tables.known(redshift):
        return set()
    return {row["source"] for row in redshift.execute(text("redshift/marked_sources"))}
