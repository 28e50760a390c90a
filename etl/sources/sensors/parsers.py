"""Turns page bytes into an Arrow batch and refused readings: whole columns at a time where nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from types import NoneType
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from etl.core.documents import BrokenPageError, parse_json
from etl.core.errors import ConfigError
from etl.core.pages import PageContext, Parsed, RefusedRecord
from etl.sources import records
from etl.sources.sensors import contract
from etl.sources.sensors.datasets import OBSERVATIONS
from etl.sources.sensors.grid import Grid, Sensor

BOUNDS = {
    "temperature_2m_max": (contract.COLDEST, contract.HOTTEST),
    "temperature_2m_min": (contract.COLDEST, contract.HOTTEST),
    "precipitation_sum": (0.0, contract.WETTEST),
}
JSON_NUMBERS = {int, float, NoneType}

Column: TypeAlias = "pa.Array[Any]"


@dataclass(frozen=True)
class Series:
    """The days of one sensor and, by variable, its values, as long as `days`; the first is reading `position`."""

    sensor: Sensor
    position: int
    days: list[Any]
    values: Mapping[str, list[Any]]


@dataclass(frozen=True)
class Table:
    """Readings sensor by sensor: each sensor with its number of readings, and the columns."""

    sensors: Sequence[tuple[Sensor, int]]
    days: Column
    values: tuple[Column, ...]


@dataclass
class Findings:
    """What a page became so far; `may_hold_booleans`: true or false is somewhere in its bytes."""

    may_hold_booleans: bool
    tables: list[Table] = field(default_factory=list)
    refused: list[RefusedRecord] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    records: int = 0


def observations(body: bytes, context: PageContext) -> Parsed:
    """One reading per sensor and day that the page was asked for.

    A reading that breaks the contract is refused; a location without usable columns is refused as one record.
    """
    try:
        sensors = _sensors(context.about)
        locations = contract.locations_of(parse_json(body), len(sensors))
    except BrokenPageError as error:
        return records.broken_page(body, error, (OBSERVATIONS,))
    found = Findings(may_hold_booleans=b"true" in body or b"false" in body)
    _read(list(_series(zip(sensors, locations, strict=True), found)), found)
    found.refused.sort(key=lambda refused: refused.position)
    batch = _batch(found.tables, context.received_at)
    return Parsed({OBSERVATIONS.name: batch}, found.records, tuple(found.refused), frozenset(found.unknown))


def _sensors(about: Mapping[str, Any]) -> tuple[Sensor, ...]:
    try:
        return Grid.from_json(about["grid"]).sensors(about["first"], about["last"])
    except (KeyError, TypeError, ValueError, OverflowError, ConfigError) as error:
        raise BrokenPageError(f"its manifest does not say which sensors it covers ({error})") from None


def _series(locations: Iterator[tuple[Sensor, Any]], found: Findings) -> Iterator[Series]:
    """The locations with usable columns; the others are refused."""
    for index, (sensor, location) in enumerate(locations):
        position = found.records + 1
        wrong = contract.wrong_with_identity(location, index) or contract.wrong_with_columns(location)
        if wrong is None:
            daily = location["daily"]
            found.unknown |= {records.printable(name) for name in contract.unknown_fields(location)}
            found.records += len(daily[contract.TIME])
            yield Series(sensor, position, daily[contract.TIME], {name: daily[name] for name in contract.VARIABLES})
        else:
            kind, reason = wrong
            text = records.as_text({"sensor_id": sensor.sensor_id, "location": location})
            found.refused.append(
                RefusedRecord(position, records.printable(f"{sensor.sensor_id}: {reason}"), text, kind=kind)
            )
            found.records += 1


def _read(series: list[Series], found: Findings) -> None:
    """Read all together; where that fails, each half, and in the end reading by reading."""
    table = _together(series, found.may_hold_booleans)
    if table is not None:
        found.tables.append(table)
    elif len(series) > 1:
        _read(series[: len(series) // 2], found)
        _read(series[len(series) // 2 :], found)
    else:
        found.tables.append(_one_by_one(series[0], found))


def _together(series: list[Series], may_hold_booleans: bool) -> Table | None:
    """All their readings, if their days are the same and no value is wrong."""
    if not series:
        return Table((), pa.array([], pa.date32()), tuple(pa.array([], pa.float64()) for _ in contract.VARIABLES))
    days = _days(series[0].days)
    if days is None or any(one.days != series[0].days for one in series[1:]):
        return None
    values = []
    for name, (least, most) in BOUNDS.items():
        column = _numbers(list(chain.from_iterable(one.values[name] for one in series)), may_hold_booleans, least, most)
        if column is None:
            return None
        values.append(column)
    sensors = [(one.sensor, len(one.days)) for one in series]
    return Table(sensors, pa.concat_arrays([days] * len(series)), tuple(values))


def _days(texts: list[Any]) -> Column | None:
    try:
        days = pa.array(texts, type=pa.string()).cast(pa.date32())
    except (ValueError, TypeError, pa.ArrowException):
        return None
    return days if not days.null_count and _lie_within(days, contract.EARLIEST, contract.LATEST) else None


def _numbers(values: list[Any], may_hold_booleans: bool, least: float, most: float) -> Column | None:
    """As an array, or None if one is not a number, is NaN, or out of bounds; Arrow itself takes true for 1."""
    if may_hold_booleans and not set(map(type, values)) <= JSON_NUMBERS:
        return None
    try:
        column = pa.array(values, type=pa.float64())
    except (ValueError, TypeError, OverflowError, pa.ArrowException):
        return None
    return column if _lie_within(column, least, most) else None


def _lie_within(column: Column, least: float | date, most: float | date) -> bool:
    bounds = (pa.scalar(least, column.type), pa.scalar(most, column.type))
    inside = pc.and_(pc.greater_equal(column, bounds[0]), pc.less_equal(column, bounds[1]))
    return pc.all(inside).as_py() is not False  # NaN is not inside; nulls alone are fine


def _one_by_one(series: Series, found: Findings) -> Table:
    """The readings of a sensor that fulfil the contract; the others are refused."""
    kept: list[contract.Reading] = []
    for index, day in enumerate(series.days):
        record = {contract.DATE: day, **{name: values[index] for name, values in series.values.items()}}
        try:
            kept.append(contract.Reading.model_validate(record))
        except ValidationError as error:
            named = {"sensor_id": series.sensor.sensor_id, **record}
            found.refused.append(records.refusal(series.position + index, named, error))
    return Table(
        [(series.sensor, len(kept))],
        pa.array([reading.date for reading in kept], pa.date32()),
        tuple(pa.array([getattr(reading, name) for reading in kept], pa.float64()) for name in contract.VARIABLES),
    )


def _batch(tables: list[Table], received_at: datetime) -> pa.RecordBatch:
    """One batch, in the order of the dataset's columns."""
    sensors = [(sensor, count) for table in tables for sensor, count in table.sensors]
    which = _joined([pa.repeat(index, count) for index, (_, count) in enumerate(sensors)], pa.int64())
    of_sensors = [
        pa.array([getattr(sensor, name) for sensor, _ in sensors], OBSERVATIONS.schema.field(name).type).take(which)
        for name in ("sensor_id", "region", "latitude", "longitude")
    ]
    days = _joined([table.days for table in tables], pa.date32())
    values = [_joined([table.values[at] for table in tables], pa.float64()) for at in range(len(contract.VARIABLES))]
    received = pa.repeat(pa.scalar(received_at, OBSERVATIONS.schema.field("received_at").type), len(days))
    return pa.RecordBatch.from_arrays([*of_sensors, days, *values, received], schema=OBSERVATIONS.schema)


def _joined(arrays: list[Column], kind: pa.DataType) -> Column:
    return pa.concat_arrays(arrays) if arrays else pa.array([], kind)
