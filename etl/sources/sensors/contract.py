"""What the archive answers: an object for one location, a list of objects for several, each with columns by day.

Source: https://open-meteo.com/en/docs/historical-weather-api
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from etl.core.documents import Ambiguous, BrokenPageError
from etl.sources.records import Contract

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
        raise ValueError("is not a date like 2006-03-24")
    return value


Day = Annotated[date, Field(strict=False, ge=EARLIEST, le=LATEST), BeforeValidator(_iso_day)]
Temperature = Annotated[float, Field(allow_inf_nan=False, ge=COLDEST, le=HOTTEST)]
Precipitation = Annotated[float, Field(allow_inf_nan=False, ge=0, le=WETTEST)]

Wrong = tuple[str, str]  # what is wrong: a kind to count by, and a reason for people


class Reading(Contract):
    """One location on one day; null is what the archive does not know, or not yet."""

    ignored: ClassVar[frozenset[str]] = frozenset({"sensor_id"})

    date: Day
    temperature_2m_max: Temperature | None
    temperature_2m_min: Temperature | None
    precipitation_sum: Precipitation | None


def locations_of(document: Any, count: int) -> list[Any]:
    """The locations of a page, in the order they were asked for; a single one comes without a list around it.

    Raises: BrokenPageError if there are not `count`, with the API's own reason if it gave one.
    """
    locations = [document] if isinstance(document, dict) else document
    if isinstance(document, dict) and document.get("error"):
        raise BrokenPageError(f"the API says: {document.get('reason', 'an error without a reason')}"[:300])
    if not isinstance(locations, list) or not locations:
        raise BrokenPageError("holds no list of locations")
    if len(locations) != count:
        raise BrokenPageError(f"holds {len(locations)} locations instead of {count}")
    return locations


def wrong_with_identity(location: Any, position: int) -> Wrong | None:
    """Whether this is another location than the one at that position, from 0; the first one has no id.

    Or the same by the days of another time zone, which begin hours earlier or later and look the same.
    """
    if not isinstance(location, dict):
        return "dict_type", "is not an object"
    stated = location.get("location_id", 0)
    if type(stated) is not int or stated != position:
        return "literal_error", f"location_id is not {position}"
    offset = location.get("utc_offset_seconds", 0)
    if offset != 0:
        return "literal_error", f"has the days of another time zone: {str(offset)[:20]} s from UTC"
    return None


def wrong_with_columns(location: dict[str, Any]) -> Wrong | None:
    """Why no reading can be taken from a location."""
    daily, units = location.get("daily"), location.get("daily_units")
    for each in (location, daily, units):
        if isinstance(each, Ambiguous):
            return "repeated_key", f"the key {each.key!r} appears twice"
    if not isinstance(daily, dict) or not isinstance(units, dict):
        return "missing", "daily or daily_units is missing"
    for name in (TIME, *VARIABLES):
        if not isinstance(daily.get(name), list):
            return "missing", f"daily.{name} is not a list"
        if len(daily[name]) != len(daily[TIME]):
            return "too_short", f"daily.{name} is not as long as daily.time"
    for name, unit in UNITS.items():
        if units.get(name) != unit:
            return "literal_error", f"daily_units.{name} is not {unit}"
    return None


def unknown_fields(location: dict[str, Any]) -> set[str]:
    """Fields that we neither read nor expect; those of `daily` as `daily.<field>`."""
    daily = location.get("daily")
    of_days = set(daily) - {TIME, *VARIABLES} if isinstance(daily, dict) else set()
    return set(location) - READ_OF_A_LOCATION - IGNORED_OF_A_LOCATION | {f"daily.{name}" for name in of_days}
