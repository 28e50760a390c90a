"""What every engine is given: made-up rows that hold what engines are known to differ on, and the statements to run.

Nothing here is random: the same rows each time, in every process.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import inf
from typing import Any

import pyarrow as pa

from etl import sources
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.engines.base import nothing_before
from etl.sources.sensors import datasets as sensors
from etl.sql.statements import statement

Row = dict[str, Any]

SOURCES = [sources.load(name) for name in sources.NAMES]
MADE = {
    **{f"silver.{dataset.name}": dataset for source in SOURCES for dataset in source.derived},
    **{f"gold.{dataset.name}": dataset for source in SOURCES for dataset in source.gold},
}
RUN = pa.table(
    {"extraction_id": ["20260102T030405Z-a00001"], "processed_at": [datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC)]},
    pa.schema([pa.field("extraction_id", pa.string()), pa.field("processed_at", pa.timestamp("us", tz="UTC"))]),
)

BEFORE = {name: empty for source in SOURCES for name, empty in nothing_before(source.gold).items()}
DAYS = [date(2023, 12, 31) + timedelta(days) for days in (0, 1, 2, 3, 31, 32, 59, 60, 61, 62, 366)]
INSTANTS = [
    datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(2019, 3, 31, 1, 30, tzinfo=UTC),  # an hour that Berlin's clocks leave out
    datetime(2020, 2, 29, 23, 59, 59, 999_999, UTC),
    datetime(2020, 3, 1, tzinfo=UTC),
    datetime(2024, 5, 17, 12, 0, 0, 1, UTC),
    datetime(2024, 5, 17, 12, 0, 0, 123_457, UTC),
]
NUMBERS = [
    *(0.0, -0.0, 0.1, -0.1, 0.3, 0.1 + 0.2, 2.5, -2.5, 9.99, 10.0, 10.01, 19.99, 20.0, 29.99, 30.0, 50.0, 1 / 3),
    *(0.005, 0.015, 0.025, -0.005, 1.005, 2.675, 0.125, 0.375, -0.125),  # halves of hundredths, some of them exact
]
TEXTS = ["", "a", "b", "B", "ä", "z", "o'b\\n", "10", "9"]  # which alphabets order otherwise than bytes


def _around(*classes: tuple[str, float], step: float) -> Iterator[tuple[float, str]]:
    """Values just below, on and above the first of each class but the first, and their classes."""
    for (below, _), (above, first) in pairwise(classes):
        yield from ((first - step, below), (first, above), (first + step, above))


TEMPERATURES = (("freezing", -inf), ("cold", 0.0), ("mild", 10.0), ("warm", 20.0), ("hot", 30.0))
PRECIPITATIONS = (("none", -inf), ("light", 0.1), ("moderate", 2.5), ("heavy", 10.0), ("extreme", 50.0))
BOUNDARIES: list[tuple[Row, Row]] = [  # what is observed, what it must become
    *(
        ({"temperature_max": value + 5, "temperature_min": value - 5}, {"temp_category": category})
        for value, category in _around(*TEMPERATURES, step=0.01)  # an average has two decimals
    ),
    *(
        ({"precipitation": value}, {"precipitation_level": level})
        for value, level in _around(*PRECIPITATIONS, step=1e-12)
    ),
    ({"temperature_max": None}, {"temp_category": None, "is_complete": False, "data_quality_score": 60}),
    ({"temperature_min": None}, {"temp_category": None, "is_complete": False, "data_quality_score": 60}),
    ({"precipitation": None}, {"precipitation_level": None, "is_complete": False, "data_quality_score": 70}),
    ({"temperature_max": -0.0, "temperature_min": -0.0, "precipitation": -0.0}, {"temp_category": "cold"}),
    ({"temperature_max": 9.9}, {"is_complete": True, "data_quality_score": 90}),  # below the lowest
    ({"temperature_max": 10.0}, {"is_complete": True, "data_quality_score": 100, "temperature_range": 0.0}),
]

MENDED = {  # statements that SQLGlot alone gets wrong on one engine or both
    "gold.rounded": "select number, round(number) as a, cast(round(number * 100) as bigint) as b from parsed.things",
    "gold.seconds": """
        select a.is_at, b.is_at as other_at,
            cast(extract(epoch from a.is_at) - extract(epoch from b.is_at) as double precision) / 86400 as days
        from parsed.things as a cross join parsed.things as b
    """,
    "gold.ranked": """
        select text, cast(dense_rank() over (order by text collate "C" asc nulls last) as bigint) as place
        from parsed.things
    """,
    "gold.named": "select things.text, 'it''s \\ \n' as quoted from parsed.things where things.text != 'b'",
}


@dataclass(frozen=True)
class Case:
    """Tables that there are, and those to be made from them, in order: by `silver.<name>`, `gold.<name>` its text."""

    name: str
    tables: Mapping[str, pa.Table]
    makes: Mapping[str, str]


def texts(*tables: str) -> dict[str, str]:
    return {table: statement(table.replace(".", "/")) for table in tables}


def table(dataset: Dataset, rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist(rows, dataset.schema)


def cases() -> dict[str, Case]:
    found = [
        *(_case(source, "any", lambda dataset: _unlikely(dataset, 400)) for source in SOURCES),
        *(_case(source, "empty", lambda _: []) for source in SOURCES),
        readings("weather", _weather(), *(name for name in MADE if name.startswith("gold.sensor_"))),
        readings("boundaries", [observation(n, DAYS[0], **values) for n, (values, _) in enumerate(BOUNDARIES)]),
        Case("dialects", {"parsed.things": _values()}, MENDED),
    ]
    return {case.name: case for case in found}


def _values() -> pa.Table:
    numbers = [n + half for n in range(-4, 5) for half in (0.5, 0.49999999999999994)] + NUMBERS
    rows = [
        {"number": number, "text": TEXTS[n % len(TEXTS)], "is_at": INSTANTS[n % len(INSTANTS)]}
        for n, number in enumerate(numbers)
    ]
    kinds = [("number", pa.float64()), ("text", pa.string()), ("is_at", pa.timestamp("us", tz="UTC"))]
    return pa.Table.from_pylist(rows, pa.schema(kinds))


def readings(name: str, observed: list[Row], *more: str) -> Case:
    """What becomes of observations, and more tables made of that."""
    tables = {"parsed.sensor_observations": table(sensors.OBSERVATIONS, observed), "parsed.run": RUN} | BEFORE
    return Case(f"sensors-{name}", tables, texts("silver.sensor_readings", *more))


def _case(source: Source, name: str, rows: Callable[[Dataset], list[Row]]) -> Case:
    published = {f"silver.{d.name}": d for d in source.parsed if d in source.datasets}
    consumed = {f"parsed.{d.name}": d for d in source.parsed if source.derived}
    tables = {table_name: table(dataset, rows(dataset)) for table_name, dataset in (published | consumed).items()}
    derived = [f"silver.{dataset.name}" for dataset in source.derived]
    gold = [f"gold.{dataset.name}" for dataset in source.gold]
    return Case(f"{source.name}-{name}", tables | {"parsed.run": RUN} | BEFORE, texts(*derived, *gold))


def _unlikely(dataset: Dataset, count: int) -> list[Row]:
    """Rows of few different values, so that they meet, tie and repeat; one per key if the dataset is published."""
    dice = random.Random(dataset.name)
    rows = [{c.name: _value(dice, c.name, c.type, c.nullable) for c in dataset.columns} for _ in range(count)]
    for row in rows:
        if "launched_date" in row:  # as parsers and audits have it
            row["launched_at"] = row["launched_at"] or (None if row["is_upcoming"] else INSTANTS[0])
            row["launched_date"] = row["launched_at"] and row["launched_at"].date()
    if dataset.name == "sensor_observations":
        return rows + rows[::7]  # the same again
    return list({tuple(row[name] for name in dataset.key): row for row in rows}.values())


def _value(dice: random.Random, name: str, kind: pa.DataType, nullable: bool) -> Any:
    if nullable and dice.random() < 0.2:
        return None
    if kind == pa.string():
        return dice.choice(TEXTS[:4] if name.endswith("_id") else TEXTS)
    if kind == pa.bool_():
        return dice.random() < 0.5
    if kind == pa.float64():
        return dice.choice([dice.choice(NUMBERS), round(dice.gauss(10, 15), 1), dice.gauss(10, 15)])
    if kind == pa.date32():
        return dice.choice(DAYS)
    if pa.types.is_timestamp(kind):
        return dice.choice(INSTANTS)
    if kind == pa.list_(pa.string()):
        return [dice.choice(TEXTS) for _ in range(dice.randrange(3))]
    return dice.randrange(-3, 4)


def _weather() -> list[Row]:
    """A year as it may be: some sensors in a few regions, values of one decimal, gaps, days received twice."""
    dice = random.Random("weather")
    return [
        observation(
            sensor,
            date(2024, 1, 1) + timedelta(day),
            region=f"ZONE_{sensor // 2}_0",
            received_at=INSTANTS[-1] + timedelta(days=again),
            temperature_max=_often(dice, round(dice.gauss(18, 12), 1)),
            temperature_min=_often(dice, round(dice.gauss(7, 12), 1)),
            precipitation=_often(dice, round(max(0.0, dice.gauss(0, 8)), 1)),
        )
        for sensor in range(6)
        for day in range(366)
        for again in range(2 if dice.random() < 0.1 else 1)
    ]


def _often(dice: random.Random, value: float) -> float | None:
    return value if dice.random() < 0.97 else None


def observation(sensor: int, day: date, **others: Any) -> Row:
    """One record as parsed; what is not said is known and unremarkable."""
    plain = {
        "sensor_id": f"SENSOR_{sensor:04}",
        "region": "ZONE_1_1",
        "latitude": 52.0 + sensor / 10,
        "longitude": 13.4,
        "reading_date": day,
        "temperature_max": 20.0,
        "temperature_min": 10.0,
        "precipitation": 0.0,
        "received_at": INSTANTS[-1],
    }
    return plain | others
