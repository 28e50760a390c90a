"""Runs: what they did, what they will do, what is on record."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from etl.cli.console import quarantine
from etl.cli.console.output import count, say, show, show_rows, table, with_destinations
from etl.core.outcomes import Newer, Published
from etl.core.source import Source
from etl.lake.silver import Transformed
from etl.pipeline.backfill import Plan, PlannedInterval
from etl.pipeline.pipeline import Summary
from etl.pipeline.rebuild import Plan as RebuildPlan
from etl.pipeline.rebuild import Refused
from etl.pipeline.steps import Publish, Step

MOST_INTERVALS = 60  # of a plan that is shown one by one
COLUMNS = (
    "run_id",
    "source",
    "destination",
    "interval",
    "status",
    "started_at",
    "seconds",
    "rows_published",
    "quarantined",
    "error",
)


def show_origin(source: Source, live: Source, simulated: str) -> None:
    """Whether the run reads the live API or the simulator, and what the simulated data are."""
    missing = live.api.auth.missing()
    if source.origin == live.origin:
        say(f"{live.api.base_url} answers: this run reads the live API.")
    else:
        why = missing.message.rstrip(".") if missing else f"{live.api.base_url} does not answer"
        say(f"{why}: this run reads {source.origin}, {simulated}.")


def show_summary(summary: Summary) -> None:
    """Records in, rows out, quarantined and published, and the seconds of each step."""
    transformed, published = summary.transformed, summary.published
    if published.newer is not None:
        say(f"\nNo changes: {_won(published.newer)}.")
    elif published.status == "unchanged":
        say(f"\nNo changes: all {transformed.records:,} records are already in the {published.destination}.")
    say(f"\n{_ids(summary.run_id, transformed)} · {summary.source} · {published.status}")
    filled = table()
    for heading in ("records in", "rows out", "quarantined", "rows published"):
        filled.add_column(heading, justify="right")
    rows_out = sum(transformed.rows.values())
    filled.add_row(*(f"{n:,}" for n in (transformed.records, rows_out, transformed.refused, published.rows_published)))
    show(filled)
    say("Seconds: " + " · ".join(f"{name} {seconds:.2f}" for name, seconds in summary.seconds.items()))
    _show_lost(published)
    for endpoint, fields in transformed.unknown_fields.items():
        say(f"Note: {endpoint} sends unknown fields: {', '.join(fields)}.")


def show_published(published: Published, transformed: Transformed) -> None:
    """What a publish did, in one line."""
    did = f"published {published.rows_published:,} rows"
    if published.newer is not None:
        did = f"no changes, {_won(published.newer)}"
    elif published.status == "unchanged":
        did = f"no changes, the {published.destination} already holds this extraction's content"
    say(f"{_ids(published.run_id, transformed)}: {did}.")
    _show_lost(published)


def _show_lost(published: Published) -> None:
    for done in published.tables:
        if done.rows_lost:
            say(f"Note: {count(done.rows_lost, 'row')} of {done.table} went: the source no longer has what they said.")


def show_next(report_file: Path | None) -> None:
    """What to try next."""
    say("\nNext: .venv/bin/etl psql (the warehouse in psql) · .venv/bin/etl ask · .venv/bin/etl status")
    if report_file is not None:
        say(f"The answers as charts: {report_file.absolute().as_uri()}")


def show_plan(plan: Plan) -> None:
    """Each interval with the steps that will be executed for it; of many, those that follow each other together."""
    filled = table(f"Backfill of {plan.source}: {len(plan.pending)} of {len(plan.intervals)} intervals to do")
    is_long = len(plan.intervals) > MOST_INTERVALS
    for heading in ("from", "to", *(["intervals"] if is_long else []), "state", "steps"):
        filled.add_column(heading, justify="right" if heading == "intervals" else "left")
    for (state, steps), group in groupby(
        plan.intervals, key=lambda planned: (planned.state, tuple(map(_named, planned.steps)))
    ):
        pieces = list(group)
        for together in [pieces] if is_long else [[planned] for planned in pieces]:
            bounds = (str(together[0].interval.start), str(together[-1].interval.end))
            filled.add_row(*bounds, *([f"{len(together):,}"] if is_long else []), state, " → ".join(steps) or "none")
    show(filled)


def _named(step: Step) -> str:
    named = " → ".join(step.names)
    return f"{named} into the {step.into}" if isinstance(step, Publish) else named


def show_interval(planned: PlannedInterval, published: Published) -> None:
    """One line per finished interval and destination."""
    say(f"{planned.interval}: {published.status} in the {published.destination}, {published.rows_published:,} rows")


def show_rebuild(plan: RebuildPlan) -> None:
    """How many extractions will be published, and from what."""
    due, from_bronze = len(plan.extractions), sum(each.in_bronze for each in plan.extractions)
    say(
        f"Rebuild of {plan.source} in the {plan.destination}: {count(due, 'extraction')} to publish, {from_bronze:,} "
        f"from bronze and {due - from_bronze:,} from silver; it has {plan.published:,} already."
    )


def show_refused(refused: Refused) -> None:
    """An extraction that was left out, and why."""
    say(f"Extraction {refused.extraction.extraction_id} is refused: {refused.error.message}")


def show_status(
    watermarks: list[dict[str, Any]],
    gaps: list[dict[str, Any]],
    runs: list[dict[str, Any]],
    quarantined: list[dict[str, Any]],
) -> None:
    """How far each dataset is and which days it lacks, the recent runs, and what is in quarantine."""
    if not runs:
        say("Nothing has run yet. Start with `make run` or `etl run spacex`.")
        return
    say("Watermarks")
    show_rows(with_destinations(watermarks))
    if gaps:
        say("\nMissing and incomplete days; the next run reads all but those given up")
        show_rows(with_destinations(gaps))
    say("\nLast runs")
    show_rows(with_destinations([{name: _column(row, name) for name in COLUMNS} for row in runs]))
    say("\nIn quarantine")
    quarantine.show(quarantined)


def _won(newer: Newer) -> str:
    return f"extraction {newer.extraction_id} is newer, and was published at {newer.published_at:%Y-%m-%d %H:%M} UTC"


def _ids(run_id: str, transformed: Transformed) -> str:
    """Both names: the run is in `etl status`, the extraction is what `--extraction` accepts."""
    return f"Run {run_id} · extraction {transformed.extraction_id}"


def _column(row: Mapping[str, Any], name: str) -> Any:
    if name == "interval":
        return "everything" if row["interval_start"] is None else f"[{row['interval_start']}, {row['interval_end']})"
    if name == "seconds":
        return (row["ended_at"] - row["started_at"]).total_seconds() if row["ended_at"] else None
    return row[name]
