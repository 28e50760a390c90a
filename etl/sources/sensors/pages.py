"""How the archive is asked: many sensors and all days per request, as far as an answer fits in memory.

Source: https://open-meteo.com/en/docs/historical-weather-api
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from etl.core.api import Answer, Client
from etl.core.documents import BrokenPageError
from etl.core.errors import SourceContractError, UsageError
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page
from etl.core.source import Cost, Part
from etl.sources.http.pages import CHANGED
from etl.sources.sensors import contract
from etl.sources.sensors.grid import DECIMALS, Grid, Sensor

PATH = "/v1/archive"
MOST_READINGS = 800_000  # per page, each a sensor on a day: 21 MB of JSON, 0.3 GB while it is parsed
NEAR = 0.5  # degrees from the point that was asked for to the centre of the cell that answers
PROBED_DAYS_AGO = 7  # by then the archive has the day


@dataclass(frozen=True)
class Question:
    """One request: the sensors from number `first` to number `last`, each on all days of the interval."""

    first: int
    last: int
    interval: DataInterval

    @property
    def sensors(self) -> int:
        return self.last - self.first + 1

    @property
    def days(self) -> int:
        return (self.interval.end - self.interval.start).days

    @property
    def weight(self) -> float:
        """How many calls the API counts it for."""
        return self.sensors * _weight_of_a_location(self.days)


@dataclass(frozen=True)
class Plan:
    """How a grid is asked for: a number of sensors per request, and as many days as MOST_READINGS allows."""

    grid: Grid
    sensors_per_request: int

    def questions(self, interval: DataInterval | None) -> tuple[Question, ...]:
        """The requests of a run, in page order. Raises: UsageError, without an interval."""
        interval = _needed(interval)
        at_once, last = self.sensors_per_request, len(self.grid)
        chunks = [(first, min(first + at_once - 1, last)) for first in range(1, last + 1, at_once)]
        pieces = interval.pieces(MOST_READINGS // at_once)
        return tuple(Question(first, last, piece) for first, last in chunks for piece in pieces)

    def cost(self, interval: DataInterval | None) -> Cost:
        """The requests that this takes."""
        questions = self.questions(interval)
        return Cost(len(questions), sum(question.weight for question in questions))


def probe(client: Client, grid: Grid) -> str:
    """Ask for the first sensor on a day that the archive must have by now."""
    day = today() - timedelta(days=PROBED_DAYS_AGO)
    question = Question(1, 1, DataInterval(day, day + timedelta(days=1)))
    _ask(client, grid.sensors(1, 1), question)
    return "1 location, 1 day"


def observations(
    client: Client, interval: DataInterval | None, first: int, plan: Plan, part: Part | None = None
) -> Iterator[Page]:
    """Yield the pages of an interval from page `first` on; for part k of n, every n-th request, perhaps none."""
    questions = plan.questions(interval)
    if part is not None:
        questions = questions[part.number - 1 :: part.of]
    for number, question in enumerate(questions[first - 1 :], start=first):
        answer = _ask(client, plan.grid.sensors(question.first, question.last), question)
        yield Page(
            number,
            answer.url,
            answer.status,
            answer.body,
            question.sensors * question.days,
            answer.received_at,
            is_last=number == len(questions),
            about={
                "grid": plan.grid.as_json(),
                "first": question.first,
                "last": question.last,
                "start": question.interval.start.isoformat(),
                "end": question.interval.end.isoformat(),
            },
        )


def _needed(interval: DataInterval | None) -> DataInterval:
    if interval is None:
        raise UsageError("Sensors are read by days.", hint="Say which days: --from 2024-01-01 --to 2024-02-01.")
    return interval


def _weight_of_a_location(days: int) -> float:
    """The API's rule: a call counts more with more than 10 variables, or more than two weeks."""
    return max(1.0, len(contract.VARIABLES) / 10 * max(1.0, days / 14))


def _ask(client: Client, sensors: Sequence[Sensor], question: Question) -> Answer:
    answer = client.get(
        PATH,
        {
            "latitude": ",".join(_degrees(sensor.latitude) for sensor in sensors),
            "longitude": ",".join(_degrees(sensor.longitude) for sensor in sensors),
            "start_date": question.interval.start.isoformat(),
            "end_date": (question.interval.end - timedelta(days=1)).isoformat(),  # the API includes it
            "daily": ",".join(contract.VARIABLES),
            "timezone": "UTC",
        },
        weight=question.weight,
    )
    wrong = _wrong_with(answer.document, sensors, question)
    if wrong:
        where = answer.url.partition("?")[0]  # the query is a thousand coordinates long
        raise SourceContractError(f"{where} did not answer what was asked: {wrong}.", hint=CHANGED)
    return answer


def _wrong_with(document: Any, sensors: Sequence[Sensor], question: Question) -> str | None:
    """Why this is not the answer to the question: wrong count, places or days. The parser checks the values."""
    try:
        locations = contract.locations_of(document, len(sensors))
    except BrokenPageError as error:
        return str(error)
    days = [(question.interval.start + timedelta(days=n)).isoformat() for n in range(question.days)]
    for position, (location, sensor) in enumerate(zip(locations, sensors, strict=True)):
        wrong = contract.wrong_with_identity(location, position)
        if wrong:
            return f"location {position}: {wrong[1]}"
        if not _is_near(location, sensor):
            return f"location {position} is not near {sensor.latitude:g}, {sensor.longitude:g}"
        daily = location.get("daily")
        if not isinstance(daily, dict) or daily.get(contract.TIME) != days:
            return f"location {position} does not have the {question.days} days from {question.interval.start}"
    return None


def _is_near(location: dict[str, Any], sensor: Sensor) -> bool:
    """Whether the point in the answer is the sensor's cell; degrees of longitude shrink towards the poles."""
    north, east = location.get("latitude"), location.get("longitude")
    if not isinstance(north, int | float) or not isinstance(east, int | float):
        return False
    aside = abs(math.remainder(east - sensor.longitude, 360)) if math.isfinite(east) else math.inf
    return abs(north - sensor.latitude) <= NEAR and aside * math.cos(math.radians(sensor.latitude)) <= NEAR


def _degrees(value: float) -> str:
    """Like 52.52, however small: the API does not read 1e-05 as a number."""
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
