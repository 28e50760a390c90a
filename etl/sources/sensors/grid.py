"""Where the virtual sensors are: a grid on the globe, described by six numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from etl.core.errors import ConfigError

CLOSEST = 0.0001  # degrees, 11 m
DECIMALS = 6
HINT = "Change the grid in ETL_SENSORS__ROWS, __COLUMNS, __LATITUDE, __LONGITUDE, __SPACING or __ZONE_SIZE."


@dataclass(frozen=True)
class Sensor:
    """A point that is asked for; `region` is its zone of the grid."""

    sensor_id: str
    region: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Grid:
    """Sensors around a centre, `spacing` degrees apart, numbered row by row from the south-west corner.

    A zone is a square of `zone_size` by `zone_size` sensors; zones are numbered from the same corner.
    Raises: ConfigError, for a grid that leaves the globe.
    """

    rows: int
    columns: int
    latitude: float
    longitude: float
    spacing: float
    zone_size: int

    def __post_init__(self) -> None:
        if min(self.rows, self.columns, self.zone_size) < 1:
            raise ConfigError("A grid of sensors has at least one row, one column and one sensor per zone.", hint=HINT)
        if not self.spacing >= CLOSEST:
            raise ConfigError(f"Sensors {self.spacing:g} degrees apart are one: use at least {CLOSEST}.", hint=HINT)
        north, east = self._north(self.rows - 1), self._east(self.columns - 1)
        if not (-90 <= self._north(0) <= north <= 90 and -180 <= self._east(0) <= east <= 180):
            raise ConfigError(
                f"The grid leaves the globe: it spans {self._north(0):g} to {north:g} degrees north and"
                f" {self._east(0):g} to {east:g} degrees east.",
                hint=HINT,
            )
        if east - self._east(0) >= 360:
            raise ConfigError("The grid's first and last column are the same meridian.", hint=HINT)

    def __len__(self) -> int:
        return self.rows * self.columns

    def sensors(self, first: int, last: int) -> tuple[Sensor, ...]:
        """Those from number `first` to number `last`, both counted from 1 and inclusive."""
        if not 1 <= first <= last <= len(self):
            raise ValueError(f"a grid of {len(self)} sensors has none from {first} to {last}")
        return tuple(self._sensor(number) for number in range(first, last + 1))

    def as_json(self) -> dict[str, Any]:
        """The six numbers from which `from_json` makes the same grid."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Grid:
        """Read what `as_json` wrote. Raises: TypeError, ConfigError."""
        return cls(**values)

    def _sensor(self, number: int) -> Sensor:
        row, column = divmod(number - 1, self.columns)
        digits, zone_digits = self._digits
        zone_row, zone_column = row // self.zone_size + 1, column // self.zone_size + 1
        return Sensor(
            f"SENSOR_{number:0{digits}}",
            f"ZONE_{zone_row:0{zone_digits}}_{zone_column:0{zone_digits}}",
            self._north(row),
            self._east(column),
        )

    @cached_property
    def _digits(self) -> tuple[int, int]:
        """Number of digits in ids and in zones: those of the largest, so that both sort as text."""
        zones = (max(self.rows, self.columns) - 1) // self.zone_size + 1
        return max(4, len(str(len(self)))), len(str(zones))

    def _north(self, row: int) -> float:
        return _degrees(self.latitude, (row - (self.rows - 1) / 2) * self.spacing)

    def _east(self, column: int) -> float:
        return _degrees(self.longitude, (column - (self.columns - 1) / 2) * self.spacing)


def _degrees(middle: float, away: float) -> float:
    return round(middle + away, DECIMALS) + 0.0  # no -0.0
