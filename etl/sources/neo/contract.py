"""What JPL's three APIs must answer; https://ssd-api.jpl.nasa.gov/doc/cad.html, sentry.html and sbdb_query.html.

Numbers come as text or as numbers, often both in one answer.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from etl.sources.neo.designations import normalised
from etl.sources.records import Contract, Id, Integer, Number, Text

NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?")
WHOLE = re.compile(r"\d{1,12}")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CALENDAR = re.compile(rf"(\d{{4}})-({'|'.join(MONTHS)})-(\d\d) (\d\d):(\d\d)")  # 2029-Apr-13 21:46
UNCERTAINTY = re.compile(r"(?:< )?(?:(\d{1,6})_)?(\d\d):(\d\d)")  # 13:02, or with days in front, 2_09:08
DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:\.\d*)?")  # 2020-10-3.80160
YEARS = re.compile(r"(\d{4})-(\d{4})")
JULIAN_1970 = Decimal("2440587.5")
MICROSECONDS_OF_A_DAY = 86_400_000_000
EARLIEST, LATEST = date(1900, 1, 1), date(2201, 1, 1)  # the days for which JPL computes passes


def _number(value: Any) -> Any:
    if isinstance(value, str):
        if not NUMBER.fullmatch(value.strip()):
            raise ValueError("is not a number")
        return float(value)
    return value


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and WHOLE.fullmatch(value) else value


def _julian(value: Any) -> Any:
    """A Julian date, to the microsecond: more than a float could keep."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not NUMBER.fullmatch(str(value)):
        raise ValueError("is not a Julian date")
    since_1970 = Decimal(str(value)) - JULIAN_1970
    if abs(since_1970) > 200_000:
        raise ValueError("is a Julian date more than five centuries from now")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(since_1970 * MICROSECONDS_OF_A_DAY))


def _calendar(value: Any) -> Any:
    found = CALENDAR.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError("is not a time like 2029-Apr-13 21:46")
    year, month, day, hour, minute = found.groups()
    return datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), tzinfo=UTC)


def _minutes(value: Any) -> Any:
    found = UNCERTAINTY.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError("is not a duration like 13:02, < 00:01 or 2_09:08")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return (days * 24 + hours) * 60 + minutes


def _day(value: Any) -> Any:
    found = DAY.fullmatch(value) if isinstance(value, str) else None
    if not found:
        raise ValueError("is not a day like 2020-10-3.80160")
    return date(*map(int, found.groups()))


def _years(value: Any) -> Any:
    found = YEARS.fullmatch(value) if isinstance(value, str) else None
    if not found or int(found[1]) > int(found[2]):
        raise ValueError("is not a range of years like 2056-2113")
    return int(found[1]), int(found[2])


def _within_what_is_computed(value: datetime) -> datetime:
    if not EARLIEST <= value.date() < LATEST:
        raise ValueError(f"lies outside {EARLIEST} to {LATEST}")
    return value


Measure = Annotated[Number, BeforeValidator(_number)]
Positive = Annotated[Measure, Field(gt=0)]
NotNegative = Annotated[Measure, Field(ge=0)]
Magnitude = Annotated[Measure, Field(ge=-10, le=50)]
Velocity = Annotated[Measure, Field(ge=0, le=1000)]  # km/s; 72 is the most that anything bound to the Sun has here
Probability = Annotated[Measure, Field(gt=0, le=1)]
Whole = Annotated[Integer, Field(ge=0), BeforeValidator(_whole)]
Torino = Annotated[Integer, Field(ge=0, le=10), BeforeValidator(_whole)]
Julian = Annotated[datetime, BeforeValidator(_julian), AfterValidator(_within_what_is_computed)]
Calendar = Annotated[datetime, BeforeValidator(_calendar), AfterValidator(_within_what_is_computed)]
Minutes = Annotated[int, BeforeValidator(_minutes)]
Day = Annotated[date, BeforeValidator(_day)]
Years = Annotated[tuple[int, int], BeforeValidator(_years)]
Designation = Annotated[Id, AfterValidator(normalised)]
Name = Annotated[Text, AfterValidator(lambda text: " ".join(text.split()))]


class Approach(Contract):
    """A pass of `cad.api`: au, km/s, times in TDB. Some older answers lack the fields that have a default."""

    ignored: ClassVar = frozenset({"body"})
    des: Designation
    orbit_id: Id
    jd: Julian | None = None
    cd: Calendar
    dist: NotNegative
    dist_min: NotNegative | None
    dist_max: NotNegative | None
    v_rel: Velocity
    v_inf: Velocity | None = None
    t_sigma_f: Minutes | None
    h: Magnitude | None = None
    diameter: Positive | None
    diameter_sigma: NotNegative | None
    fullname: Name


class Risk(Contract):
    """An object of Sentry's list: km, km/s; `ts_max` is null if all impacts are over a hundred years ahead."""

    ignored: ClassVar = frozenset({"id", "last_obs_jd"})
    des: Designation
    fullname: Name
    h: Magnitude
    diameter: Positive
    v_inf: Velocity
    ip: Probability
    n_imp: Annotated[Whole, Field(ge=1)]
    ps_cum: Measure
    ps_max: Measure
    ts_max: Torino | None
    range: Years
    last_obs: Day


class NearEarthObject(Contract):
    """An object of the Small-Body Database: km, au."""

    spkid: Annotated[Whole, Field(ge=1)]
    pdes: Designation
    full_name: Name
    H: Magnitude | None
    diameter: Positive | None
    albedo: Annotated[Measure, Field(gt=0, le=2)] | None
    moid: NotNegative | None
    pha: Literal["Y", "N"] | None
    class_: Id = Field(alias="class")

    @classmethod
    def unknown_fields(cls, record: Any) -> frozenset[str]:
        return super().unknown_fields(record) - {"class"}
