"""What the archive answers: an object for one location, a list of them for several, each with columns by day.

Source: https://open-meteo.com/en/docs/historical-weather-api
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from etl.sources.records import BrokenPageError, Contract, Number

TIME, DATE = "time", "date"
VARIABLES = ("temperature_2m_max", "temperature_2m_min", "precipitation_sum")
UNITS = {"temperature_2m_max": "°C", "temperature_2m_min": "°C", "precipitation_sum": "mm"}
COLDEST, HOTTEST = -100.0, 65.0  # °C; -89.2 and 56.7 were measured
WETTEST = 2000.0  # mm in a day; 1,825 were measured
EARLIEST, LATEST = date(1940, 1, 1), date(2100, 12, 31)  # the archive begins in 1940
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

READ_OF_A_LOCATION = frozenset({"latitude", "longitude", "location_id", "daily_units", "daily"})
IGNORED_OF_A_LOCATION = frozenset(
    {"generationtime_ms", "utc_offset_seconds", "timezone", "timezone_abbreviation", "elevation"}
)


def _iso_day(value: Any) -> Any:
    if not isinstance(value, str) or not ISO_DAY.fullmatch(value):
        raise ValueError("is no date like 2006-03-24")
    return value


Day = Annotated[date, Field(strict=False, ge=EARLIEST, le=LATEST), BeforeValidator(_iso_day)]
Temperature = Annotated[Number, Field(ge=COLDEST, le=HOTTEST)]
Precipitation = Annotated[Number, Field(ge=0, le=WETTEST)]


class Reading(Contract):
    """One location on one day; null is what the archive does not know (yet)."""

    ignored: ClassVar[frozenset[str]] = frozenset({"sensor_id"})

    date: Day
    temperature_2m_max: Temperature | None
    temperature_2m_min: Temperature | None
    precipitation_sum: Precipitation | None


def locations_of(document: Any) -> list[Any]:
    """The locations of a page, in the order they were asked for; one comes without a list around it.

    Raises: BrokenPageError, with the API's own reason if it gave one.
    """
    if isinstance(document, dict):
        if document.get("error"):
            raise BrokenPageError(f"the API says: {document.get('reason', 'an error without a reason')}"[:300])
        return [document]
    if not isinstance(document, list) or not document:
        raise BrokenPageError("holds no list of locations")
    return document


def is_at(location: dict[str, Any], position: int) -> bool:
    """Whether a location says that it is the one at this position, from 0; the first does not say."""
    said = location.get("location_id", 0)
    return type(said) is int and said == position


def unknown_fields(location: dict[str, Any]) -> set[str]:
    """Fields that we neither read nor know to be there; those of `daily` with its name before them."""
    daily = location.get("daily")
    of_days = set(daily) - {TIME, *VARIABLES} if isinstance(daily, dict) else set()
    return set(location) - READ_OF_A_LOCATION - IGNORED_OF_A_LOCATION | {f"daily.{name}" for name in of_days}
