"""What is loaded: rows like those of `sensor_readings`, made up, the same ones on every machine."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from etl.core.api import Api, Client
from etl.core.intervals import DataInterval
from etl.core.pages import Page, PageContext, Parsed
from etl.core.source import Endpoint, Source
from etl.core.tables import Column, Dataset

DAYS = 1_000  # per sensor
FIRST_DAY = 18_262  # 2020-01-01, in days since 1970
BATCH_ROWS = 65_536

READINGS = Dataset(
    "bench_readings",
    grain="one row per sensor and day",
    key=("sensor_id", "reading_date"),
    columns=(
        Column("sensor_id", pa.string(), "The sensor.", nullable=False),
        Column("reading_date", pa.date32(), "The UTC day.", nullable=False),
        Column("temperature_max_c", pa.float64(), "Warmest of the day."),
        Column("temperature_min_c", pa.float64(), "Coldest of the day."),
        Column("precipitation_mm", pa.float64(), "Rain and snow of the day."),
        Column("region", pa.string(), "Where the sensor stands.", nullable=False),
        Column("is_complete", pa.bool_(), "All hours of the day were read.", nullable=False),
    ),
)
REGIONS = pa.array(["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"])


def batches(rows: int, revision: int, *, by_day: bool = False) -> Iterator[pa.RecordBatch]:
    """Yield that many rows, a batch at a time; another revision has the same keys and other measurements.

    In the order of their key, as an API answers that is asked sensor by sensor; or day by day, all sensors of a day
    together, which is far from the order of the key.
    """
    for start in range(0, rows, BATCH_ROWS):
        yield _batch(range(start, min(start + BATCH_ROWS, rows)), rows, revision, by_day)


def _batch(places: range, rows: int, revision: int, by_day: bool) -> pa.RecordBatch:
    place = pa.array(places, pa.int64())
    sensors = -(-rows // DAYS)
    sensor = _modulo(place, sensors) if by_day else pc.divide(place, DAYS)
    day = pc.divide(place, sensors) if by_day else _modulo(place, DAYS)
    name = pc.binary_join_element_wise("sensor-", pc.utf8_lpad(sensor.cast(pa.string()), 6, "0"), "")
    warmest = _measured(len(place), places.start + revision, -10, 45)
    return pa.record_batch(
        [
            name,
            pc.add(day, FIRST_DAY).cast(pa.int32()).cast(pa.date32()),
            warmest,
            pc.subtract(warmest, 8.5),
            _measured(len(place), places.start + revision + 1, 0, 60),
            REGIONS.take(_modulo(sensor, len(REGIONS))),
            pc.not_equal(_modulo(place, 97), 0),
        ],
        schema=READINGS.schema,
    )


def _measured(count: int, seed: int, low: float, high: float) -> pa.Array:
    return pc.round(pc.add(pc.multiply(pc.random(count, initializer=seed), high - low), low), 1)


def _modulo(values: pa.Array, divisor: int) -> pa.Array:
    return pc.subtract(values, pc.multiply(pc.divide(values, divisor), divisor))


def _nothing(_client: Client, _interval: DataInterval | None, _first: int) -> Iterator[Page]:
    return iter(())


def _unused(_client: Client) -> str:
    return "never asked"


def _unparsed(_body: bytes, _context: PageContext) -> Parsed:
    return Parsed({}, 0)


SOURCE = Source(
    name="bench",
    about="Made-up readings; there is no API behind them.",
    api=Api("bench", "http://localhost", probe=_unused),
    origin="the benchmark",
    endpoints=(Endpoint("bench_readings", (READINGS,), _nothing, _unparsed),),
)
