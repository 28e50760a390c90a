"""Made-up rows of silver.sensor_readings, of 10,000 sensors, the same on every machine; some differ by revision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from etl import sources
from etl.core.intervals import DataInterval
from etl.settings import SensorsSettings

SOURCE = sources.load("sensors", SensorsSettings())
SCHEMA = SOURCE.datasets[0].schema
COUNT, AT_ONCE = 10_000, 2_000
SENSORS = [f"SENSOR_{number:05}" for number in range(COUNT)]
REGIONS = [f"ZONE_{number // 1000}_{number % 10}" for number in range(COUNT)]
EPOCH = date(1970, 1, 1)
DAY_US = 86_400_000_000


def readings(days: DataInterval, revision: int) -> Iterator[pa.RecordBatch]:
    """All sensors of these days, sensor after sensor; one reading in 97 is another in each revision."""
    first, last = (days.start - EPOCH).days, (days.end - EPOCH).days
    for sensor in range(0, COUNT, AT_ONCE):
        number = np.repeat(np.arange(sensor, sensor + AT_ONCE), last - first)
        day = np.tile(np.arange(first, last), AT_ONCE)
        chance = (number * 7919 + day * 104_729 + ((number + day) % 97 == 0) * revision * 17) % 1000
        yield _batch(number, day, chance)


def _batch(number: np.ndarray, day: np.ndarray, chance: np.ndarray) -> pa.RecordBatch:
    warmest = np.round(chance / 25 - 5, 1)
    coldest = np.round(warmest - 5 - (chance * 31 % 97) / 10, 1)
    rain = np.where(chance % 3 == 0, 0, np.round(chance / 50, 1))
    average = np.round((warmest + coldest) / 2, 2)
    levels = [rain == 0, rain < 2.5, rain < 10]
    same = {"temp_category": "mild", "is_complete": True, "data_quality_score": 100, "processing_version": "1"}
    columns = {
        "sensor_id": pa.array(SENSORS).take(pa.array(number)),
        "region": pa.array(REGIONS).take(pa.array(number)),
        "latitude": number / 200,
        "longitude": number / 100,
        "reading_date": pa.array(day.astype("int32")).cast(pa.date32()),
        "temperature_max": warmest,
        "temperature_min": coldest,
        "temperature_avg": average,
        "temperature_range": np.round(warmest - coldest, 2),
        "temperature_max_f": np.round(warmest * 1.8 + 32, 2),
        "temperature_min_f": np.round(coldest * 1.8 + 32, 2),
        "temperature_avg_f": np.round(average * 1.8 + 32, 2),
        "precipitation": rain,
        "precipitation_level": np.select(levels, ["none", "light", "moderate"], "heavy"),
        "region_avg_temp": average,
        "region_total_precipitation": rain * 100,
        "received_at": pa.array((day + 1) * DAY_US).cast(pa.timestamp("us", tz="UTC")),
        "processed_at": pa.array((day + 1) * DAY_US).cast(pa.timestamp("us", tz="UTC")),
    } | {name: pa.repeat(value, len(day)) for name, value in same.items()}
    return pa.record_batch([pa.array(columns[name]).cast(SCHEMA.field(name).type) for name in SCHEMA.names], SCHEMA)
