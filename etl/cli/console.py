"""What people see: progress on stderr, results on stdout, readable without colour."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from etl.core.ids import started_at
from etl.core.sink import Sink

if TYPE_CHECKING:
    from etl.core.source import Source
    from etl.lake.compaction import Compaction
    from etl.lake.compaction import Plan as CompactionPlan
    from etl.lake.expiry import Fate
    from etl.lake.expiry import Plan as ExpiryPlan
    from etl.lake.inventory import Run
    from etl.lake.silver import Transformed
    from etl.pipeline.backfill import Plan, PlannedInterval
    from etl.pipeline.pipeline import Nobody, Published, Summary
    from etl.sql.questions import Answer

WIDE = None if sys.stdout.isatty() else 200
out = Console(highlight=False, width=WIDE, emoji=False)
err = Console(stderr=True, highlight=False, emoji=False)


def say(text: str) -> None:
    """One line of result; long addresses are not broken."""
    out.print(escape(text), soft_wrap=True)


def observer(source: Source) -> Progress | Nobody:
    """A progress bar on a terminal, nobody elsewhere."""
    from etl.pipeline.pipeline import Nobody

    return Progress(source) if sys.stderr.isatty() else Nobody()


class Progress:
    """A bar per step; extract and transform count endpoints."""

    def __init__(self, source: Source) -> None:
        self._endpoints = {endpoint.name for endpoint in source.endpoints}

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(30),
            TimeElapsedColumn(),
            TextColumn("{task.fields[what]}"),
        )
        with Progress(*columns, console=err) as bar:
            total = len(self._endpoints) if name in ("extract", "transform") else 1
            task = bar.add_task(name, total=total, what="")
            seen: set[str] = set()

            def done(what: str) -> None:
                seen.add(what)
                bar.update(task, completed=len(seen), what=what)

            yield done
            bar.update(task, completed=total, what="")


def show_origin(source: Source, live: Source, simulated: str) -> None:
    """Which of the two this run reads, and what the simulated data are."""
    if source.origin == live.origin:
        say(f"{live.api.base_url} answers: this run reads the live API.")
    else:
        say(f"{live.api.base_url} does not answer: this run reads {source.origin}, {simulated}.")


def show_summary(summary: Summary) -> None:
    """Rows in, out, quarantined, published, and the seconds of each step."""
    transformed, published = summary.transformed, summary.published
    if published.status == "unchanged":
        say(f"\nNothing new: {transformed.records} records were read, the {published.sink} holds the same already.")
    table = _table(f"Run {summary.run_id} · {summary.source} · {published.status}")
    for heading in ("records in", "rows out", "quarantined", "rows published"):
        table.add_column(heading, justify="right")
    rows_out = sum(transformed.rows.values())
    table.add_row(*(f"{n:,}" for n in (transformed.records, rows_out, transformed.refused, published.rows_published)))
    out.print(table)
    out.print("Seconds: " + " · ".join(f"{name} {seconds:.2f}" for name, seconds in summary.seconds.items()))
    for endpoint, names in transformed.unknown_fields.items():
        say(f"Note: {endpoint} sends fields that we do not know: {', '.join(names)}.")


def show_published(published: Published, transformed: Transformed) -> None:
    """One line: what a publish did."""
    if published.status == "unchanged":
        say(f"Nothing new: the {published.sink} holds run {transformed.run_id}, or what was extracted later, already.")
    else:
        say(f"Published {published.rows_published:,} rows of run {transformed.run_id}.")


def show_answer(answer: Answer) -> None:
    """A question and its answer, every row of it."""
    say(f"\n{answer.question}")
    _show_rows(answer.rows)
    if len(answer.rows) > 1:
        first = next(iter(answer.rows[0]))
        say(f"{len(answer.rows)} rows{_of_how_many(first, {row[first] for row in answer.rows})}.")


def show_next(report_file: Path | None) -> None:
    """What to try next."""
    say("\nNext: .venv/bin/etl psql (the warehouse in psql) · .venv/bin/etl ask · .venv/bin/etl status")
    if report_file is not None:
        say(f"The answers as charts: {report_file.absolute().as_uri()}")


def show_plan(plan: Plan) -> None:
    """Each interval and what a run would do with it."""
    table = _table(f"Backfill of {plan.source}: {plan.pending} of {len(plan.intervals)} intervals to do")
    for heading in ("from", "to", "state", "steps"):
        table.add_column(heading)
    for planned in plan.intervals:
        steps = " → ".join(planned.steps) or "none"
        table.add_row(str(planned.interval.start), str(planned.interval.end), planned.state, steps)
    out.print(table)


def show_interval(planned: PlannedInterval, published: Published) -> None:
    """One line per interval that is done."""
    say(f"{planned.interval}: {published.status}, {published.rows_published:,} rows")


def show_status(
    watermarks: list[dict[str, Any]], runs: list[dict[str, Any]], quarantined: list[dict[str, Any]]
) -> None:
    """How far each dataset is, what was tried, what waits to be mended."""
    if not runs:
        say("Nothing has run yet. Start with `make run` or `etl run spacex`.")
        return
    say("Watermarks")
    _show_rows(_telling_sinks(watermarks))
    say("\nLast runs")
    columns = (
        "run_id",
        "source",
        "sink",
        "interval",
        "status",
        "started_at",
        "seconds",
        "rows_published",
        "quarantined",
        "error",
    )
    _show_rows(_telling_sinks([{name: _run_column(row, name) for name in columns} for row in runs]))
    say("\nIn quarantine")
    show_quarantine(quarantined, as_json=False)


def show_quarantine(records: list[dict[str, Any]], *, as_json: bool) -> None:
    """The refused records; as JSON lines with the whole record, to be mended and replayed."""
    if as_json:
        for row in records:
            print(
                json.dumps(
                    {"quarantine_id": row["quarantine_id"], "reason": row["reason"], "record": _json(row["record"])}
                )
            )
        return
    if not records:
        say("Nothing.")
        return
    columns = ("quarantine_id", "sink", "endpoint", "page", "position", "reason", "quarantined_at")
    _show_rows(_telling_sinks([{name: row[name] for name in columns} for row in records]))


def show_replay(published: Published, records: Mapping[int, Any], still_refused: Mapping[int, str]) -> None:
    """What came out of quarantine, and what did not."""
    say(f"{len(records) - len(still_refused)} of {len(records)} records published ({published.status}).")
    for quarantine_id, reason in still_refused.items():
        say(f"Still refused: {quarantine_id}: {reason}")


def show_lake(url: str, runs: list[Run]) -> None:
    """Each run with its size in each layer, then the layers with their totals."""
    from etl.lake.layout import LAYERS

    if not runs:
        say(f"{url} holds no runs.")
        return
    held = [layer for layer in LAYERS if any(run.bytes(layer) for run in runs)]
    table = _table(f"Runs in {url}")
    for heading in ("source", "run", "interval", "began", "state"):
        table.add_column(heading)
    for heading in ("pages", "records", "rows", "files", *held):
        table.add_column(heading, justify="right")
    for run in runs:
        numbers = (f"{number:,}" if number else "–" for number in (run.pages, run.records, run.rows, len(run.files)))
        sizes = (_size(run.bytes(layer)) for layer in held)
        table.add_row(*_run_words(run), run.state, *numbers, *sizes)
    out.print(table)
    totals = _table()
    for heading in ("layer", "runs", "files", "size"):
        totals.add_column(heading, justify="left" if heading == "layer" else "right")
    for layer in held:
        files = [sum(file.place.layer == layer for file in run.files) for run in runs]
        size = _size(sum(run.bytes(layer) for run in runs))
        totals.add_row(layer, f"{sum(map(bool, files)):,}", f"{sum(files):,}", size)
    out.print(totals)


def show_expiry(plan: ExpiryPlan, age: str) -> None:
    """What goes and what stays though it is old, each with why; how many are too young."""
    told = [fate for fate in plan.fates if fate.going or fate.why_not_all]
    if told:
        much = f"{_many(len(plan.going), 'run')}, {_size(plan.bytes)}" if plan.going else "nothing"
        table = _table(f"Runs older than {age}: {much} to delete")
        for heading in ("source", "run", "interval", "began", "to delete"):
            table.add_column(heading)
        table.add_column("files", justify="right")
        table.add_column("size", justify="right")
        table.add_column("why not all of it", overflow="fold")
        for fate in told:
            layers = ", ".join(dict.fromkeys(file.place.layer for file in fate.going)) or "nothing"
            why = "; ".join(fate.why_not_all)
            table.add_row(*_run_words(fate.run), layers, f"{len(fate.going):,}", _size(fate.bytes), escape(why))
        out.print(table)
    else:
        say(f"No runs older than {age}.")
    say(f"Younger than that: {_many(plan.young, 'run')}.")


def show_gone(fate: Fate) -> None:
    """One line per run of which something was deleted."""
    what = f"{_many(len(fate.going), 'file')}, {_size(fate.bytes)},"
    say(f"Deleted {what} of run {fate.run.run_id} of {fate.run.source.name}.")


def show_compactions(plan: CompactionPlan) -> None:
    """Each run that will be made, and of how many."""
    if not plan.compactions:
        say(f"Nothing to compact: the newest rows of {plan.source.name} are in {_many(plan.untouched, 'run')}.")
        return
    stays = f"; {_many(plan.untouched, 'run')} with newest rows left alone" if plan.untouched else ""
    table = _table(f"Compaction of {plan.source.name}{stays}")
    for heading in ("from", "to", "run to make"):
        table.add_column(heading)
    for heading in ("of runs", "size"):
        table.add_column(heading, justify="right")
    for each in plan.compactions:
        start, end = str(each.interval.start), str(each.interval.end)
        table.add_row(start, end, each.run_id, f"{each.runs:,}", _size(each.bytes))
    out.print(table)


def show_compacted(compaction: Compaction, transformed: Transformed) -> None:
    """One line per run that was made."""
    rows = sum(transformed.rows.values())
    say(f"{compaction.interval}: {compaction.runs:,} runs are one, {transformed.run_id}, of {rows:,} rows.")


def show_settings(names: Iterable[tuple[str, str, str]]) -> None:
    """Every environment variable, its default, what it means."""
    _show_rows([{"variable": name, "default": default, "meaning": about} for name, default, about in names])


def _run_words(run: Run) -> tuple[str, str, str, str]:
    interval = "unknown" if not run.is_known else str(run.interval or "everything")
    return run.source.name, run.run_id, escape(interval), f"{started_at(run.run_id):%Y-%m-%d %H:%M}"


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _size(count: int) -> str:
    """Bytes as people read them: 1.2 MB; nothing is a dash."""
    if count < 1000:
        return f"{count} B" if count else "–"
    value, unit = float(count), "B"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007
        value /= 1000
        if value < 1000:
            break
    return f"{value:,.1f} {unit}"


def _of_how_many(column: str, values: set[Any]) -> str:
    """`, 9 different cores` for a column `core_id`; nothing for one that names no thing."""
    thing = column.removesuffix("_id")
    plural = thing + ("es" if thing.endswith(("ch", "s", "x")) else "s")
    return f", {len(values)} different {plural}" if thing != column else ""


def _table(title: str | None = None) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def _show_rows(rows: list[dict[str, Any]]) -> None:
    if not rows:
        say("No rows.")
        return
    table = _table()
    for name, value in rows[0].items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(_text(value)) for value in row.values()))
    out.print(table)


def _telling_sinks(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows; without their sinks as long as all are about the warehouse."""
    if any(row["sink"] != Sink.WAREHOUSE for row in rows):
        return rows
    return [{name: value for name, value in row.items() if name != "sink"} for row in rows]


def _text(value: Any) -> str:
    match value:
        case None:
            return "–"
        case float():
            return f"{value:,.2f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
    return str(value)


def _run_column(row: Mapping[str, Any], name: str) -> Any:
    if name == "interval":
        return "everything" if row["interval_start"] is None else f"[{row['interval_start']}, {row['interval_end']})"
    if name == "seconds":
        return (row["ended_at"] - row["started_at"]).total_seconds() if row["ended_at"] else None
    return row[name]


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
