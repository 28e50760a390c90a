"""How JPL's APIs are read: passes by stretches of days, all else whole. No parameter is left to its default.

Source: https://ssd-api.jpl.nasa.gov/doc/cad.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from etl.core.api import Answer, Client
from etl.core.documents import BrokenPageError
from etl.core.errors import ConfigError, SourceContractError, UsageError
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page
from etl.sources.http.pages import CHANGED, page_of
from etl.sources.neo import contract
from etl.sources.neo.answers import APPROACHES, OBJECTS, RISKS, Envelope


@dataclass(frozen=True)
class Plan:
    """How passes are requested: within which distance, and how many days at a time."""

    max_distance_au: float
    days_per_request: int

    def pieces(self, interval: DataInterval | None) -> list[DataInterval]:
        """The requests of a run. Raises: UsageError, without an interval or for days that JPL computes nothing for."""
        if interval is None:
            raise UsageError(
                "Close approaches are read by days.", hint="Say which days: --from 2029-04-01 --to 2029-05-01."
            )
        if interval.start < contract.EARLIEST or interval.end > contract.LATEST:
            raise UsageError(
                f"JPL computes close approaches from {contract.EARLIEST} to {contract.LATEST}, not for {interval}.",
                hint="Choose days between these.",
            )
        return interval.pieces(self.days_per_request)


def days(next_start: date | None, today: date, first_days: int, lookback_days: int, ahead_days: int) -> DataInterval:
    """What a run without dates reads: the last days again, as objects are found late, and the coming ones.

    Raises: ConfigError if the first run would begin before JPL's first day.
    """
    if next_start is None:
        start = today - timedelta(days=first_days)
        if start < contract.EARLIEST:
            raise ConfigError(
                f"JPL computes close approaches from {contract.EARLIEST} on, not from {start}.",
                hint="Set ETL_NEO__DAYS to fewer.",
            )
    else:
        start = min(next_start, today) - timedelta(days=lookback_days)
    return DataInterval(max(start, contract.EARLIEST), min(today + timedelta(days=ahead_days), contract.LATEST))


def probe(client: Client) -> str:
    """Ask for today's passes."""
    day = today()
    answer = client.get(APPROACHES.path, _about_passes(DataInterval(day, day + timedelta(days=1)), 0.05))
    return f"{len(_records(answer, APPROACHES))} passes within 0.05 au today"


def approaches(client: Client, interval: DataInterval | None, first: int, plan: Plan) -> Iterator[Page]:
    """Yield the pages of an interval from page `first` on; a day may well have no pass."""
    pieces = plan.pieces(interval)
    for number, piece in enumerate(pieces[first - 1 :], start=first):
        answer = client.get(APPROACHES.path, _about_passes(piece, plan.max_distance_au))
        yield page_of(answer, number, len(_records(answer, APPROACHES)), is_last=number == len(pieces))


def risks(client: Client, _interval: DataInterval | None = None, _first: int = 1) -> Iterator[Page]:
    """Yield the one page of Sentry's list."""
    yield _whole(client, RISKS, {})


def objects(client: Client, _interval: DataInterval | None = None, _first: int = 1) -> Iterator[Page]:
    """Yield the one page of all near-Earth objects."""
    yield _whole(client, OBJECTS, {"fields": ",".join(OBJECTS.fields), "sb-group": "neo"})


def _about_passes(interval: DataInterval, max_distance_au: float) -> dict[str, str]:
    """By default, JPL returns only the passes of the next 60 days within 0.05 au."""
    return {
        "date-min": f"{interval.start}T00:00:00",
        "date-max": f"{interval.end}T00:00:00",
        "dist-max": f"{max_distance_au:g}",
        "body": "Earth",
        "diameter": "true",
        "fullname": "true",
    }


def _whole(client: Client, envelope: Envelope, params: Mapping[str, str]) -> Page:
    answer = client.get(envelope.path, params)
    records = _records(answer, envelope)
    if not records:
        raise SourceContractError(f"{_place(answer)} returned an empty list.", hint=CHANGED)
    return page_of(answer, 1, len(records), is_last=True)


def _records(answer: Answer, envelope: Envelope) -> list[Any]:
    """The records of an answer, if it is what was asked for. Raises: SourceContractError."""
    try:
        records = envelope.records(answer.document)
    except BrokenPageError as error:
        raise SourceContractError(f"{_place(answer)}: {error}.", hint=CHANGED) from error
    if missing := envelope.missing_fields(answer.document):
        raise SourceContractError(f"{_place(answer)} left out {', '.join(missing)}.", hint=CHANGED)
    return records


def _place(answer: Answer) -> str:
    return answer.url.partition("?")[0]
