"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

import click

from etl import destinations
from etl.core.errors import UsageError
from etl.core.ids import is_id
from etl.core.intervals import DataInterval, today
from etl.core.source import Part
from etl.sources import FAMILIES, NAMES, unknown

Command = Callable[..., Any]
Days = tuple[date | None, date | None]

GOES_INTO = "What is published into: Postgres, tables in the lake, both of these, or Redshift."
DAYS_FOLLOW = f"{GOES_INTO} Days that are not given follow from what is published there."
INTERVALS_FOLLOW = f"{GOES_INTO} Intervals count as published only where they are."


class Day(click.ParamType[date]):
    """A UTC date such as 2024-05-17."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is not a valid date; use YYYY-MM-DD.", param, ctx)


class SourceName(click.ParamType[str]):
    """The name of a declared source, or of a family of them."""

    name = "source"

    def __init__(self, *, or_family: bool = False) -> None:
        self._known = {*NAMES, *(FAMILIES if or_family else ())}

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        if value in self._known:
            return str(value)
        raise unknown(value)


source_argument = click.argument("source_name", metavar="SOURCE", type=SourceName())
source_or_family_argument = click.argument("source_name", metavar="SOURCE", type=SourceName(or_family=True))
optional_source_argument = click.argument("source_name", metavar="[SOURCE]", required=False, type=SourceName())
engine_option = click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="What parses and derives: this machine, or Spark.",
)
accept_loss_option = click.option(
    "--accept-loss", is_flag=True, help="Publish even if known values become unknown or many rows are gone."
)
plan_option = click.option("--plan", "only_plan", is_flag=True, help="Print what would be done, and stop.")


def interval_options(command: Command) -> Command:
    """`--from` and `--to`, passed on as `days`; an impossible interval is refused before anything begins."""

    @click.option("--from", "start", type=Day(), help="Start date, UTC. Default: what is not published yet.")
    @click.option("--to", "end", type=Day(), help="End date, exclusive. Default: today.")
    @wraps(command)
    def with_days(*args: Any, start: date | None, end: date | None, **kwargs: Any) -> Any:
        if start is not None:
            data_interval(start, end)
        return command(*args, days=(start, end), **kwargs)

    return with_days


def data_interval(start: date, end: date | None) -> DataInterval:
    """The interval of `--from` and `--to`."""
    try:
        return DataInterval(start, end or today())
    except ValueError as error:
        hint = "The end date is exclusive: give a later --to or an earlier --from."
        raise UsageError(str(error), hint=hint) from error


def previous_interval(days: Days) -> DataInterval | None:
    """The interval of an extraction that exists already; None: of the newest."""
    start, end = days
    if start is not None:
        return data_interval(start, end)
    if end is not None:
        raise UsageError("--to was given without --from.", hint="Give both, or neither for the newest extraction.")
    return None


def extraction_option(command: Command) -> Command:
    """`--extraction`, passed on as `extraction_id`."""

    @click.option("--extraction", metavar="ID", help="Use this extraction instead of the newest.")
    @_former("--run-id", "--extraction")
    @wraps(command)
    def with_extraction(*args: Any, extraction: str | None, run_id: str | None, **kwargs: Any) -> Any:
        extraction_id = run_id if extraction is None else extraction
        if extraction_id is not None and not is_id(extraction_id):
            raise UsageError(
                f"'{extraction_id}' is not a valid extraction ID.",
                hint="They look like 20240517T120000Z-1a2b3c; `etl lake ls` lists them.",
            )
        return command(*args, extraction_id=extraction_id, **kwargs)

    return with_extraction


def destination_option(about: str, *, or_both: bool = False) -> Callable[[Command], Command]:
    """`--destination`; `about` says what the command does with it, `or_both` whether two can be named at once."""
    known = click.Choice([*destinations.NAMES, *([destinations.BOTH] if or_both else [])])

    def with_option(command: Command) -> Command:
        @click.option("--destination", type=known, default=destinations.DEFAULT, show_default=True, help=about)
        @_former("--sink", "--destination", type=known)
        @wraps(command)
        def with_destination(*args: Any, destination: str, sink: str | None, **kwargs: Any) -> Any:
            return command(*args, destination=sink or destination, **kwargs)

        return with_destination

    return with_option


def _former(old: str, new: str, **attributes: Any) -> Callable[[Command], Command]:
    """An option's previous name: works for one more version, with a warning."""

    def warn(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            click.echo(f"warning: {old} is now called {new}; the next version refuses the old name.", err=True)
        return value

    return click.option(old, hidden=True, callback=warn, **attributes)


def parse_part(text: str | None, extraction_id: str | None, then_transform: bool) -> Part | None:
    """The share of an extraction that `--part` asks for."""
    if text is None:
        return None
    if extraction_id is None:
        hint = "Give all parts of an extraction the same --extraction."
        raise UsageError("--part was given without --extraction.", hint=hint)
    if then_transform:
        raise UsageError("A part alone cannot be transformed.", hint="Run `etl transform` when all parts are there.")
    try:
        return Part.parse(text)
    except ValueError as error:
        raise UsageError(str(error), hint="Write it like 2/4: the second of 4.") from error
