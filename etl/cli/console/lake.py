"""Extractions in the lake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.markup import escape

from etl.cli.console import output
from etl.cli.console.output import count, say, size, table
from etl.core.ids import started_at
from etl.lake.layout import LAYERS, RUN_ID

if TYPE_CHECKING:
    from etl.destinations.lake.compaction import Rewrite
    from etl.lake.checking import Finding, Repair
    from etl.lake.compaction import Compaction
    from etl.lake.compaction import Plan as CompactionPlan
    from etl.lake.expiry import Expiration
    from etl.lake.expiry import Plan as ExpiryPlan
    from etl.lake.glue import Followed
    from etl.lake.inventory import Extraction, Listed
    from etl.lake.silver import Transformed
    from etl.lake.sweeping import Sweep
    from etl.lake.tables import Table


def show(url: str, listed: Sequence[Listed], newest: Sequence[Extraction]) -> None:
    """The newest extractions with their size in each layer, then the totals of each layer, of all that are listed."""
    if not listed:
        say(f"{url} holds no extractions.")
        return
    totals = _totals(listed)
    filled = table(f"Extractions in {url}")
    for heading in ("source", "extraction", "interval", "began", "state"):
        filled.add_column(heading)
    for heading in ("pages", "records", "rows", "files", *totals):
        filled.add_column(heading, justify="right")
    for each in newest:
        counts = (each.pages, each.records, each.rows, len(each.files))
        numbers = (f"{number:,}" if number else "–" for number in counts)
        sizes = (size(each.bytes(layer)) for layer in totals)
        filled.add_row(*_cells(each), each.state, *numbers, *sizes)
    output.show(filled)
    if len(newest) < len(listed):
        say(f"And {len(listed) - len(newest):,} older ones; --last says how many to list.")
    shown = table()
    for heading in ("layer", "extractions", "files", "size"):
        shown.add_column(heading, justify="left" if heading == "layer" else "right")
    for layer, total in totals.items():
        shown.add_row(layer, f"{total.extractions:,}", f"{total.files:,}", size(total.bytes))
    output.show(shown)


@dataclass
class _Total:
    extractions: int = 0
    files: int = 0
    bytes: int = 0


def _totals(listed: Iterable[Listed]) -> dict[str, _Total]:
    """Of each layer that holds anything."""
    totals = {layer: _Total() for layer in LAYERS}
    for each in listed:
        for layer in {file.place.layer for file in each.files}:
            totals[layer].extractions += 1
        for file in each.files:
            totals[file.place.layer].files += 1
            totals[file.place.layer].bytes += file.bytes
    return {layer: total for layer, total in totals.items() if total.bytes}


def show_expiry(plan: ExpiryPlan, age: str) -> None:
    """What will be deleted, what is kept although it is old and why, and how many are too young."""
    listed = [each for each in plan.expirations if each.to_delete or each.kept_because]
    if listed:
        what = f"{count(len(plan.to_delete), 'extraction')}, {size(plan.bytes)}" if plan.to_delete else "nothing"
        filled = table(f"Extractions older than {age}: {what} to delete")
        for heading in ("source", "extraction", "interval", "began", "to delete"):
            filled.add_column(heading)
        filled.add_column("files", justify="right")
        filled.add_column("size", justify="right")
        filled.add_column("why the rest is kept", overflow="fold")
        for each in listed:
            layers = ", ".join(dict.fromkeys(file.place.layer for file in each.to_delete)) or "nothing"
            why = "; ".join(each.kept_because)
            files = f"{len(each.to_delete):,}"
            filled.add_row(*_cells(each.extraction), layers, files, size(each.bytes), escape(why))
        output.show(filled)
    else:
        say(f"No extractions are older than {age}.")
    say(f"Younger: {count(plan.young, 'extraction')}.")


def show_deleted(expiration: Expiration) -> None:
    """One line per extraction of which something was deleted."""
    what = f"{count(len(expiration.to_delete), 'file')}, {size(expiration.bytes)},"
    extraction = expiration.extraction
    say(f"Deleted {what} of extraction {extraction.extraction_id} of {extraction.source.name}.")


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
        filled.add_row(start, end, each.extraction_id, f"{each.extractions:,}", size(each.bytes))
    output.show(filled)


def show_compacted(compaction: Compaction, transformed: Transformed) -> None:
    """One line per extraction that was written."""
    rows = sum(transformed.rows.values())
    merged = f"{compaction.extractions:,} extractions merged into {transformed.extraction_id}"
    say(f"{compaction.interval}: {merged}, {rows:,} rows.")


def show_tables(tables: list[Table]) -> None:
    """Each table with its rows, the files of its current snapshot, and the snapshots that can be read."""
    if not tables:
        return
    filled = table("Tables")
    for heading in ("table", "run"):
        filled.add_column(heading)
    for heading in ("rows", "files", "size", "snapshots"):
        filled.add_column(heading, justify="right")
    for each in tables:
        sizes = each.sizes()
        numbers = f"{each.rows:,}", f"{len(sizes):,}", size(sum(sizes.values())), f"{len(each.snapshots):,}"
        filled.add_row(each.name, each.about.get(RUN_ID, "–"), *numbers)
    output.show(filled)


def show_sweeps(sweeps: list[Sweep]) -> None:
    """What goes of each table."""
    for each in sweeps:
        if each.snapshots or each.files:
            what = f"{count(len(each.snapshots), 'snapshot')}, and {count(len(each.files), 'file')}, {size(each.bytes)}"
            say(f"{each.table.name}: {what}, to delete; {count(each.kept, 'snapshot')} kept.")


def show_rewrites(rewrites: list[Rewrite]) -> None:
    """The files of tables that will be written together."""
    for each in rewrites:
        say(f"{each.table.name}: {count(len(each.files), 'small file')} to write together.")


def show_rewritten(rewrite: Rewrite, files: int) -> None:
    """One line per table."""
    say(f"{rewrite.table.name}: {count(len(rewrite.files), 'file')} became {files:,}.")


def show_findings(findings: list[Finding], tables: int) -> None:
    """What is wrong, or that nothing is."""
    for each in findings:
        say(f"{each.table}: {each.says}")
    if not findings:
        say(f"{count(tables, 'table')}: the lake holds what the catalogue says.")


def show_repairs(repairs: list[Repair], followed: list[Followed]) -> None:
    """What the catalogue says now, and what Glue shows now."""
    for each in repairs:
        if each.metadata is None:
            say(f"{each.table}: nothing of it is left; `etl rebuild SOURCE --destination lake` makes it again.")
        else:
            say(f"{each.table}: is as {each.metadata} says.")
    for other in followed:
        say(f"{other.table}: Glue shows what is published.")
    if not repairs and not followed:
        say("There is nothing to repair.")


def _cells(extraction: Extraction) -> tuple[str, str, str, str]:
    interval = "unknown" if not extraction.is_known else str(extraction.interval or "everything")
    began = f"{started_at(extraction.extraction_id):%Y-%m-%d %H:%M}"
    return extraction.source.name, extraction.extraction_id, escape(interval), began
