"""Which pages `etl report` and `etl run --report` write, and where."""

from __future__ import annotations

from pathlib import Path

import click

from etl import destinations
from etl.cli.console import output
from etl.cli.options import optional_source_argument
from etl.cli.startup import start
from etl.core.errors import ConfigError, UsageError
from etl.postgres.connection import Warehouse
from etl.report import write as pages
from etl.sources import reports


@click.command()
@optional_source_argument
@click.option("--to", "file", type=click.Path(path_type=Path), help="Default: .data/report-SOURCE.html.")
def report(source_name: str | None, file: Path | None) -> None:
    """Write the answers as charts into one self-contained page.

    Without SOURCE: a page for each source that has published something. SpaceX's is .data/report.html.
    """
    with start().warehouse() as warehouse:
        for written in write(warehouse, source_name, file):
            output.say(f"The report is at {written.absolute().as_uri()}")


def write(warehouse: Warehouse, source: str | None, file: Path | None) -> list[Path]:
    """Write the page of one source, or of each that has published something; return the files.

    Raises: UsageError, for a source without a report; ConfigError, if there is nothing to write, or no way to write it.
    """
    written = []
    for name in [source] if source else _published(warehouse, file):
        report = reports.load(name)
        written.append(file or pages.default_file(report, name))
        pages.write(report, name, warehouse.run, written[-1])
    return written


def _published(warehouse: Warehouse, file: Path | None) -> list[str]:
    published = {row["source"] for row in warehouse.run("ledger/published_sources")}
    found = [name for name in reports.declared() if name in published]
    if not found:
        hint = f"Run `etl run {reports.declared()[0]}` first."
        raise ConfigError("There is nothing to report yet.", hint=hint)
    if file is not None and len(found) > 1:
        click.echo(
            f"warning: --to without SOURCE writes the page of {found[0]} only, and will be refused in a later version:"
            f" name one of {', '.join(found)}.",
            err=True,
        )
        return found[:1]
    return found


def refuse_impossible(source: str, destination: str) -> None:
    """Refuse, before anything runs, a report that `etl run` could not write. Raises: UsageError."""
    if destinations.DEFAULT not in destinations.named(destination):
        there = {"lake": "the lake", "redshift": "Redshift"}[destination]
        hint = f"Leave out --report; `etl ask --on {destination}` answers."
        raise UsageError(f"There is no report of {there}.", hint=hint)
    reports.load(source)
