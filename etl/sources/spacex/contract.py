"""What the SpaceX API must answer; https://github.com/r-spacex/SpaceX-API/tree/master/docs."""

from typing import Any, ClassVar, Literal

from etl.sources.records import Contract, Count, Day, Id, Instant, Integer, Number, Text


class CoreSlot(Contract):
    """The place of a core in a launch; `core` is null until one is assigned."""

    core: Id | None
    flight: Count | None
    gridfins: bool | None
    legs: bool | None
    reused: bool | None
    landing_attempt: bool | None
    landing_success: bool | None
    landing_type: Text | None
    landpad: Id | None


class Launch(Contract):
    """A launch, past or upcoming. `date_unix` is ignored: it disagrees with `date_utc` on two launches."""

    ignored: ClassVar = frozenset(
        [
            "fairings",
            "links",
            "static_fire_date_unix",
            "details",
            "crew",
            "ships",
            "capsules",
            "date_unix",
            "date_local",
            "auto_update",
            "launch_library_id",
            "failures",
            "payloads",
        ]
    )
    id: Id
    name: Text
    flight_number: Count
    date_utc: Instant | None
    date_precision: Literal["half", "quarter", "year", "month", "day", "hour"]
    upcoming: bool
    success: bool | None
    tbd: bool
    net: bool
    window: Integer | None
    static_fire_date_utc: Instant | None
    rocket: Id
    launchpad: Id | None
    cores: list[CoreSlot]

    @classmethod
    def unknown_fields(cls, record: Any) -> frozenset[str]:
        """Those of the launch, and those of its core slots as `cores.<field>`."""
        slots = record.get("cores") if isinstance(record, dict) else None
        in_slots = (CoreSlot.unknown_fields(slot) for slot in slots) if isinstance(slots, list) else ()
        return super().unknown_fields(record) | {f"cores.{name}" for names in in_slots for name in names}


class Core(Contract):
    """A first stage. `serial` may be null in copies of the API that know a core by its launches alone."""

    ignored: ClassVar = frozenset({"last_update"})
    id: Id
    serial: Text | None
    block: Count | None
    status: Text
    reuse_count: Count
    rtls_attempts: Count
    rtls_landings: Count
    asds_attempts: Count
    asds_landings: Count
    launches: list[Id]


class Length(Contract):
    """A length in metres (and in feet, ignored)."""

    ignored: ClassVar = frozenset({"feet"})
    meters: Number | None


class Mass(Contract):
    """A mass in kilograms (and in pounds, ignored)."""

    ignored: ClassVar = frozenset({"lb"})
    kg: Number | None


class Rocket(Contract):
    """A kind of rocket."""

    ignored: ClassVar = frozenset(
        [
            "first_stage",
            "second_stage",
            "engines",
            "landing_legs",
            "payload_weights",
            "flickr_images",
            "company",
            "wikipedia",
            "description",
        ]
    )
    id: Id
    name: Text
    type: Text
    active: bool
    stages: Count
    boosters: Count
    cost_per_launch: Integer
    success_rate_pct: Number
    first_flight: Day
    country: Text
    height: Length
    diameter: Length
    mass: Mass


class Place(Contract):
    """What launchpads and landpads have in common."""

    ignored: ClassVar = frozenset({"images", "details", "launches", "rockets", "wikipedia"})
    id: Id
    name: Text
    full_name: Text
    status: Text
    locality: Text
    region: Text
    latitude: Number
    longitude: Number


class Launchpad(Place):
    """A place where rockets start."""

    timezone: Text
    launch_attempts: Count
    launch_successes: Count


class Landpad(Place):
    """A place where cores land: `type` is RTLS (on land) or ASDS (a ship)."""

    type: Text
    landing_attempts: Count
    landing_successes: Count


class Payload(Contract):
    """What a launch carries."""

    ignored: ClassVar = frozenset(
        [
            "dragon",
            "norad_ids",
            "mass_lbs",
            "reference_system",
            "longitude",
            "semi_major_axis_km",
            "eccentricity",
            "periapsis_km",
            "apoapsis_km",
            "inclination_deg",
            "period_min",
            "lifespan_years",
            "epoch",
            "mean_motion",
            "raan",
            "arg_of_pericenter",
            "mean_anomaly",
        ]
    )
    id: Id
    name: Text | None
    type: Text | None
    reused: bool
    launch: Id | None
    customers: list[Text]
    nationalities: list[Text]
    manufacturers: list[Text]
    mass_kg: Number | None
    orbit: Text | None
    regime: Text | None
