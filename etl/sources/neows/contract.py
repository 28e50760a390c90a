"""What the feed of NeoWs must answer; https://api.nasa.gov, section *Asteroids - NeoWs*.

Velocities and distances are text, brightness and diameters numbers.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from etl.core.documents import Ambiguous, BrokenPageError
from etl.sources.neo.contract import Designation, Magnitude, Name, NotNegative, Positive, Velocity
from etl.sources.records import Contract, Day, Id, printable

EARLIEST, LATEST = date(1900, 1, 1), date(2201, 1, 1)  # the days that NeoWs knows passes of
DAYS_OF = "near_earth_objects"
COUNT = "element_count"
LONGEST_MS = 10_000_000_000_000  # over three centuries from 1970


def _instant(value: Any) -> Any:
    """From milliseconds since 1970."""
    if type(value) is not int or abs(value) > LONGEST_MS:
        raise ValueError("is not a time in milliseconds since 1970")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)


def _within_what_is_known(value: date) -> date:
    if not EARLIEST <= value < LATEST:
        raise ValueError(f"lies outside {EARLIEST} to {LATEST}")
    return value


PassDay = Annotated[Day, AfterValidator(_within_what_is_known)]
Milliseconds = Annotated[datetime, BeforeValidator(_instant)]


class Velocities(Contract):
    """Relative to Earth, in km/s; it is repeated in two other units."""

    kilometers_per_second: Velocity


class Distances(Contract):
    """Of the centres of Earth and object: in au, in km, and in lunar distances of 1/389 au."""

    astronomical: NotNegative
    lunar: NotNegative
    kilometers: NotNegative


class Pass(Contract):
    """When and how closely an object passes; times in TDB, to the minute."""

    close_approach_date: PassDay
    epoch_date_close_approach: Milliseconds
    relative_velocity: Velocities
    miss_distance: Distances
    orbiting_body: Literal["Earth"]

    @model_validator(mode="after")
    def _on_one_day(self) -> Pass:
        if self.epoch_date_close_approach.date() != self.close_approach_date:
            raise ValueError("epoch_date_close_approach is not on close_approach_date")
        return self


class Diameter(Contract):
    """Computed from the brightness and albedos of 0.25 and 0.05."""

    estimated_diameter_min: Positive
    estimated_diameter_max: Positive


class Diameters(Contract):
    """In km; it is repeated in three other units."""

    kilometers: Diameter


class NearEarthObject(Contract):
    """An object with its passes, of which a feed has one; what NeoWs does not know of it may be missing."""

    ignored: ClassVar = frozenset({"links", "neo_reference_id", "nasa_jpl_url", "sentry_data"})
    id: Id
    name: Name
    designation: Designation
    absolute_magnitude_h: Magnitude | None = None
    estimated_diameter: Diameters | None = None
    is_potentially_hazardous_asteroid: bool
    is_sentry_object: bool
    close_approach_data: Annotated[list[Pass], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _with_designation(cls, record: Any) -> Any:
        """Its designation is in its name only."""
        return record | {"designation": record.get("name")} if isinstance(record, dict) else record

    @classmethod
    def unknown_fields(cls, record: Any) -> frozenset[str]:
        given = isinstance(record, dict) and "designation" in record
        return super().unknown_fields(record) | (frozenset({"designation"}) if given else frozenset())


def objects_by_day(document: Any) -> dict[str, list[Any]]:
    """The objects of a feed by the day under which it has them, in the order of the days: the feed has none.

    Raises: BrokenPageError if it is not a feed, or has another number of objects than it announces.
    """
    if isinstance(document, Ambiguous):
        raise BrokenPageError(f"has the key {document.key!r} twice")
    if not isinstance(document, dict):
        raise BrokenPageError("is not an object")
    days = document.get(DAYS_OF)
    if not isinstance(days, dict) or not all(isinstance(found, list) for found in days.values()):
        said = document.get("error_message")
        raise BrokenPageError(printable(f"the API says: {said}"[:200]) if said else f"holds no {DAYS_OF} by day")
    held, announced = sum(map(len, days.values())), document.get(COUNT)
    if type(announced) is not int or announced != held:
        raise BrokenPageError(f"announces {printable(str(announced)[:20])} objects and holds {held}")
    return {day: days[day] for day in sorted(days)}


def objects_in(document: Any) -> list[Any]:
    """The objects of a feed; a plain list holds objects already taken from one. Raises: BrokenPageError."""
    if isinstance(document, list):
        return document
    return [found for objects in objects_by_day(document).values() for found in objects]
