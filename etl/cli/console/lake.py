"""Extractions in the lake."""

from __future__ import annotations

from rich.markup import escape

from etl.cli.console import output
from etl.cli.console.output import count, say, size, table
from etl.core.ids import started_at
from etl.lake.compaction import Compaction
from etl.lake.compaction import Plan as CompactionPlan
from etl.lake.expiry import Fate
from etl.lake.expiry import Plan as ExpiryPlan
from etl.lake.inventory import Run
from etl.lake.layout import LAYERS
from etl.lake.silver import Transformed


def show(url: str, runs: list[Run]) -> None:
    """Each extraction with its size in each layer, then the totals of each layer."""
    if not runs:
        say(f"{url} holds no extractions.")
        return
    held = [layer for layer in LAYERS if any(run.bytes(layer) for run in runs)]
    filled = table(f"Extractions in {url}")
    for heading in ("source", "extraction", "interval", "began", "state"):
        filled.add_column(heading)
    for heading in ("pages", "records", "rows", "files", *held):
        filled.add_column(heading, justify="right")
    for run in runs:
        numbers = (f"{number:,}" if number else "–" for number in (run.pages, run.records, run.rows, len(run.files)))
        sizes = (size(run.bytes(layer)) for layer in held)
        filled.add_row(*_cells(run), run.state, *numbers, *sizes)
    output.show(filled)
    _show_totals(runs, held)


def _show_totals(runs: list[Run], held: list[str]) -> None:
    totals = table()
    for heading in ("layer", "extractions", "files", "size"):
        totals.add_column(heading, justify="left" if heading == "layer" else "right")
    for layer in held:
        files = [sum(file.place.layer == layer for file in run.files) for run in runs]
        total = size(sum(run.bytes(layer) for run in runs))
        totals.add_row(layer, f"{sum(map(bool, files)):,}", f"{sum(files):,}", total)
    output.show(totals)


def show_expiry(plan: ExpiryPlan, age: str) -> None:
    """What will be deleted, what is kept although it is old and why, and how many are too young."""
    fates = [fate for fate in plan.fates if fate.going or fate.why_not_all]
    if fates:
        what = f"{count(len(plan.going), 'extraction')}, {size(plan.bytes)}" if plan.going else "nothing"
        filled = table(f"Extractions older than {age}: {what} to delete")
        for heading in ("source", "extraction", "interval", "began", "to delete"):
            filled.add_column(heading)
        filled.add_column("files", justify="right")
        filled.add_column("size", justify="right")
        filled.add_column("why the rest is kept", overflow="fold")
        for fate in fates:
            layers = ", ".join(dict.fromkeys(file.place.layer for file in fate.going)) or "nothing"
            why = "; ".join(fate.why_not_all)
            filled.add_row(*_cells(fate.run), layers, f"{len(fate.going):,}", size(fate.bytes), escape(why))
        output.show(filled)
    else:
        say(f"No extractions are older than {age}.")
    say(f"Younger: {count(plan.young, 'extraction')}.")


def show_deleted(fate: Fate) -> None:
    """One line per extraction of which something was deleted."""
    what = f"{count(len(fate.going), 'file')}, {size(fate.bytes)},"
    say(f"Deleted {what} of extraction {fate.run.extraction_id} of {fate.run.source.name}.")


def show_compactions(plan: CompactionPlan) -> None:
    """Each extraction that will be written, and how many it replaces."""
    if not plan.compactions:
        held = count(plan.untouched, "extraction")
        say(f"Nothing to compact: the newest rows of {plan.source.name} are in {held}.")
        return
    rest = f"; {count(plan.untouched, 'extraction')} with newest rows left alone" if plan.untouched else ""
    filled = table(f"Compaction of {plan.source.name}{rest}")
    for heading in ("from", "to", "extraction to write"):
        filled.add_column(heading)
    for heading in ("replaces", "size"):
        filled.add_column(heading, justify="right")
    for each in plan.compactions:
        start, end = str(each.interval.start), str(each.interval.end)
        filled.add_row(start, end, each.extraction_id, f"{each.runs:,}", size(each.bytes))
    output.show(filled)


def show_compacted(compaction: Compaction, transformed: Transformed) -> None:
    """One line per extraction that was written."""
    rows = sum(transformed.rows.values())
    merged = f"{compaction.runs:,} extractions merged into {transformed.extraction_id}"
    say(f"{compaction.interval}: {merged}, {rows:,} rows.")


def _cells(run: Run) -> tuple[str, str, str, str]:
    interval = "unknown" if not run.is_known else str(run.interval or "everything")
    return run.source.name, run.extraction_id, escape(interval), f"{started_at(run.extraction_id):%Y-%m-%d %H:%M}"
