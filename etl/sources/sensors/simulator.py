"""Open-Meteo's archive as far as we use it: the same path, shapes, errors and limits, with made-up weather.

The weather of a place on a day is always the same: a season by latitude, plus noise from a table.
Source: https://open-meteo.com/en/docs/historical-weather-api
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from werkzeug.wrappers import Request, Response

from etl.simulate.faults import Faults

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATH = "/v1/archive"
ABOUT = "made-up weather of any day since 1940"
LIMITS: Mapping[str, tuple[int, float, str]] = {
    "Minutely": (60, 600, "in one minute"),
    "Hourly": (3600, 5_000, "in the next hour"),
    "Daily": (86_400, 10_000, "tomorrow"),
}
UNITS = {"temperature_2m_max": "°C", "temperature_2m_min": "°C", "precipitation_sum": "mm"}
MOST_LOCATIONS = 1000
BEGIN, END = date(1940, 1, 1), date(2101, 1, 1)
CELL = 0.0703125  # degrees: all places in one cell of the model have the same weather
OFFSETS = 2**14  # the number of different series of noise
COLDEST, HOTTEST = -900, 900  # tenths of a degree, beyond which season and noise together never go
NULL = HOTTEST - COLDEST + 1  # the place of `null` among the texts

Array: TypeAlias = "pa.Array[Any]"


class BadRequestError(ValueError):
    """A request that the API answers with 400; the text is its reason."""


@dataclass(frozen=True)
class Question:
    """What was asked: places, days (the last one included), variables."""

    places: Sequence[tuple[float, float]]
    start: date
    end: date
    variables: Sequence[str]

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def weight(self) -> float:
        """How many calls the API counts it for."""
        return len(self.places) * max(1.0, len(self.variables) / 10 * max(1.0, self.days / 14))


class Limits:
    """Calls in the clock's current minute, hour and day; once they are used up, requests are refused."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, tuple[float, float]] = {}

    def take(self, weight: float) -> str | None:
        """Count a request, or return why it is refused."""
        now = self._clock()
        with self._lock:
            used = {}
            for name, (seconds, most, when) in LIMITS.items():
                window = now // seconds
                before, calls = self._used.get(name, (window, 0.0))
                calls = calls if before == window else 0.0
                if calls >= most:
                    return f"{name} API request limit exceeded. Please try again {when}."
                used[name] = (window, calls + weight)
            self._used = used
        return None


def make_app(
    faults: Faults | None = None, with_limits: bool = True, clock: Callable[[], float] = time.time
) -> WSGIApplication:
    """The API as a WSGI application, with the faults planned for it; `clock` returns the Unix time."""
    limits = Limits(clock) if with_limits else None
    _weather()  # now, not while the first client waits

    def respond(request: Request) -> Response:
        if request.path == "/":
            return Response("Open-Meteo archive, simulated\n", mimetype="text/plain")
        if request.path != PATH:
            return _error("Not Found", 404)
        try:
            question = _question(request.args, datetime.fromtimestamp(clock(), UTC).date())
        except BadRequestError as error:
            return _error(str(error), 400)
        refused = limits.take(question.weight) if limits else None
        return _error(refused, 429) if refused else _answer(question)

    return (faults or Faults()).wrap(respond)


def _error(reason: str, status: int) -> Response:
    return Response(json.dumps({"error": True, "reason": reason}), status, mimetype="application/json")


# What was asked


def _question(asked: Mapping[str, str], today: date) -> Question:
    latitudes = _degrees(asked, "latitude", "Latitude", 90)
    longitudes = _degrees(asked, "longitude", "Longitude", 180)
    if len(latitudes) != len(longitudes):
        raise BadRequestError("Parameter 'latitude' and 'longitude' must have the same number of elements")
    if len(latitudes) > MOST_LOCATIONS:
        raise BadRequestError(f"Requests for more than {MOST_LOCATIONS} locations are not simulated")
    start, end = _day(asked, "start_date", today), _day(asked, "end_date", today)
    if end < start:
        raise BadRequestError("End-date must be larger or equals than start-date")
    variables = [name for name in asked.get("daily", "").split(",") if name]
    for name in variables:
        if name not in UNITS:
            raise BadRequestError(
                f"Data corrupted at path ''. Cannot initialize ForecastVariableDaily from invalid String value {name}."
            )
    if asked.get("timezone", "UTC") not in ("UTC", "GMT"):
        raise BadRequestError("Invalid timezone")
    return Question(list(zip(latitudes, longitudes, strict=True)), start, end, variables)


def _degrees(asked: Mapping[str, str], name: str, title: str, most: float) -> list[float]:
    texts = asked.get(name, "").split(",")
    try:
        values = [float(text) for text in texts]
    except ValueError:
        raise BadRequestError(f"Parameter '{name}' must be a list of numbers") from None
    for value in values:
        if not -most <= value <= most:
            raise BadRequestError(f"{title} must be in range of -{most} to {most}°. Given: {value}.")
    return values


def _day(asked: Mapping[str, str], name: str, today: date) -> date:
    try:
        day = datetime.strptime(asked.get(name, ""), "%Y-%m-%d").date()  # noqa: DTZ007
    except ValueError:
        raise BadRequestError("Invalid date format. Make sure to use 'YYYY-MM-DD'") from None
    if not BEGIN <= day <= min(today, END - timedelta(days=1)):
        raise BadRequestError(f"Parameter '{name}' is out of allowed range from {BEGIN} to {today}")
    return day


# The answer


def _answer(question: Question) -> Response:
    places = [(_cell(latitude), _cell(longitude)) for latitude, longitude in question.places]
    columns = [[b'"time":' + _times(question.start, question.end)] * len(places)]
    for name in question.variables:
        values = _values(name, places, (question.start - BEGIN).days, question.days)
        columns.append([b'"' + name.encode() + b'":[' + each + b"]" for each in values])
    by_place = zip(*columns, strict=True)
    locations = [_location(question, *each, index) for index, each in enumerate(zip(places, by_place, strict=True))]
    body = locations[0] if len(locations) == 1 else b"[" + b",".join(locations) + b"]"
    return Response(body, content_type="application/json; charset=utf-8")


def _location(question: Question, place: tuple[float, float], columns: Sequence[bytes], index: int) -> bytes:
    """JSON by hand: the text of each value is looked up rather than formatted."""
    latitude, longitude = place
    about = {
        "latitude": latitude,
        "longitude": longitude,
        "generationtime_ms": 1.5,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": float(_hash("elevation", latitude, longitude) % 300),
    }
    if index:
        about["location_id"] = index
    if not question.variables:
        return json.dumps(about).encode()
    about["daily_units"] = {"time": "iso8601"} | {name: UNITS[name] for name in question.variables}
    head = json.dumps(about, ensure_ascii=False, separators=(",", ":")).encode()
    return head[:-1] + b',"daily":{' + b",".join(columns) + b"}}"


def _cell(degrees: float) -> float:
    """The centre of the cell that contains a coordinate."""
    return round(round(degrees / CELL) * CELL, 6)


@lru_cache(maxsize=8)
def _times(start: date, end: date) -> bytes:
    days = ((start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1))
    return json.dumps(list(days), separators=(",", ":")).encode()


# The weather


def _values(variable: str, places: Sequence[tuple[float, float]], first: int, days: int) -> list[bytes]:
    """A variable by place: its JSON values, day by day from the first, with commas between them."""
    texts = _texts(variable, places, first, days)
    by_place = pa.ListArray.from_arrays(pa.array(range(0, len(texts) + 1, days), pa.int32()), texts)
    joined: Any = pc.binary_join(by_place, pa.scalar(b",", pa.binary()))
    return list(joined.to_pylist())


def _texts(variable: str, places: Sequence[tuple[float, float]], first: int, days: int) -> Array:
    """A variable of all places, one after the other, day by day from the first, as JSON values."""
    table = _weather()
    if variable == "precipitation_sum":
        return _slices(table.precipitation, "precipitation", places, first, days)
    usual: Any = pa.concat_arrays([_usual(latitude, first, days) for latitude, _ in places])
    noise: Any = _slices(table.noise[variable], "temperature", places, first, days)
    which: Any = pc.fill_null(pc.add(usual, noise), NULL)
    return table.texts.take(which)


def _slices(series: Array, what: str, places: Sequence[tuple[float, float]], first: int, days: int) -> Array:
    """The days of a series, from each place's own offset on."""
    return pa.concat_arrays([series.slice(first + _hash(what, *place) % OFFSETS, days) for place in places])


@lru_cache(maxsize=256)
def _usual(latitude: float, first: int, days: int) -> Array:
    """The season's temperature day by day, as its place among the texts."""
    mean, swing = _climate(latitude)
    seasons = pc.multiply(_weather().seasons.slice(first, days), pa.scalar(swing, pa.int32()))
    return pc.add(pc.shift_right(seasons, pa.scalar(10, pa.int32())), pa.scalar(mean - COLDEST, pa.int32()))


def _climate(latitude: float) -> tuple[int, int]:
    """Yearly mean and seasonal swing in tenths of °C; south of the equator, summer is in January."""
    away = abs(latitude)
    return round(280 - 3.3 * away), round(math.copysign(20 + 2.2 * away, latitude))


def _hash(*of: object) -> int:
    return zlib.crc32(repr(of).encode())


@dataclass(frozen=True)
class _Weather:
    """What all places are made of: `seasons` from -1024 to 1024 by day since BEGIN, noise by day and offset.

    `texts` are the JSON values of all tenths from COLDEST to HOTTEST, and null.
    """

    texts: Array
    seasons: Array
    noise: Mapping[str, Array]
    precipitation: Array


@cache
def _weather() -> _Weather:
    chance = random.Random(20240517)  # noqa: S311
    days = (END - BEGIN).days
    seasons = [round(-1024 * math.cos((n - 15) * math.tau / 365.2425)) for n in range(days)]
    highs: list[int | None] = []
    lows: list[int | None] = []
    rain: list[bytes] = []
    warmth = 0.0
    for _ in range(days + OFFSETS):
        warmth = 0.75 * warmth + 80 * (chance.random() - 0.5)  # warm days follow warm days
        half = 15 + 50 * chance.random()  # from the day's mean to its highest and lowest
        highs.append(None if chance.random() < 1 / 500 else round(warmth + half))
        lows.append(None if chance.random() < 1 / 500 else round(warmth - half))
        rain.append(_rain(chance.random(), chance.random(), chance.random()))
    values = [f"{tenths / 10:.1f}".encode() for tenths in range(COLDEST, HOTTEST + 1)]
    return _Weather(
        texts=pa.array([*values, b"null"], pa.binary()),
        seasons=pa.array(seasons, pa.int32()),
        noise={"temperature_2m_max": pa.array(highs, pa.int32()), "temperature_2m_min": pa.array(lows, pa.int32())},
        precipitation=pa.array(rain, pa.binary()),
    )


def _rain(is_known: float, is_wet: float, amount: float) -> bytes:
    """Six days in ten are dry, and one in a hundred has a cloudburst."""
    if is_known < 1 / 500:
        return b"null"
    if is_wet < 0.6:
        return b"0.0"
    most = 100 if is_wet > 0.99 else 25
    return f"{0.1 + most * amount**3:.1f}".encode()
