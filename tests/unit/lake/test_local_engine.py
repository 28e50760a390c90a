"""The local engine: what is made some days at a time is what is made at once; old files are read as well."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from etl.core.intervals import DataInterval
from etl.engines import local as local_engine
from etl.engines.local import LocalEngine
from etl.lake import parquet
from etl.lake.layout import Stored
from etl.lake.store import Lake
from etl.pipeline.transform import RUN
from etl.sources.sensors.datasets import OBSERVATIONS, READINGS
from etl.sql.statements import statement
from tests.unit.lake import days

FIRST = date(2024, 2, 20)
RECEIVED = datetime(2024, 5, 17, 12, 0, 0, 123_457, UTC)
RUN_TABLE = pa.Table.from_pydict({"extraction_id": ["a run"], "processed_at": [RECEIVED]}, RUN)


def observed(sensors: range, count: int) -> pa.RecordBatch:
    """Days of some sensors, sensor after sensor as pages have them; every seventh is there twice."""
    rows = [
        {
            "sensor_id": f"SENSOR_{sensor:04}",
            "region": f"ZONE_{sensor // 2}_1",
            "latitude": 52.0,
            "longitude": 13.0,
            "reading_date": FIRST + timedelta(day),
            "temperature_max": None if (sensor + day) % 11 == 0 else sensor + day / 10,
            "temperature_min": day / 10 - again,
            "precipitation": (sensor * day) % 5 / 2,
            "received_at": RECEIVED + timedelta(seconds=again),
        }
        for sensor in sensors
        for day in range(count)
        for again in range(2 if day % 7 == 0 else 1)
    ]
    return pa.RecordBatch.from_pylist(rows, OBSERVATIONS.schema)


def kept(lake: Lake, *parts: pa.RecordBatch) -> Stored:
    files = tuple(f"parsed/part-{number}.parquet" for number, _ in enumerate(parts))
    for file, part in zip(files, parts, strict=True):
        with parquet.rows_into(lake, file, OBSERVATIONS.schema, OBSERVATIONS.day) as rows:
            rows.write(part.slice(0, 10))
            rows.write(part.slice(10))
    return Stored(OBSERVATIONS, files)


def readings(lake: Lake, stored: Stored) -> pa.Table:
    tables = {"parsed.sensor_observations": [stored], "parsed.run": RUN_TABLE}
    selected = LocalEngine().select(
        lake, statement("silver/sensor_readings"), tables, READINGS, lambda number: f"silver/part-{number}.parquet"
    )
    made = pa.Table.from_batches(parquet.batches(lake, selected.files), READINGS.schema)
    assert made.num_rows == selected.rows
    return made.sort_by([("reading_date", "ascending"), ("sensor_id", "ascending")])


@pytest.mark.parametrize(
    "at_once", [7, 100, *(pytest.param(number, marks=pytest.mark.thorough) for number in (1, 137))]
)
def test_what_is_made_some_days_at_a_time_is_what_is_made_at_once(
    any_lake: Lake, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    stored = kept(any_lake, observed(range(4), 20), observed(range(4, 7), 20), observed(range(0), 0))
    whole = readings(any_lake, stored)
    assert whole.num_rows == 7 * 20
    monkeypatch.setattr(local_engine, "ROWS_AT_ONCE", at_once)
    assert readings(any_lake, stored).equals(whole)


def test_days_that_do_not_count_are_left_out_however_the_rest_is_cut(
    any_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = kept(any_lake, observed(range(2), 20)).files
    stored = Stored(OBSERVATIONS, files, DataInterval(FIRST + timedelta(5), FIRST + timedelta(9)))
    monkeypatch.setattr(local_engine, "ROWS_AT_ONCE", 3)
    assert pc.unique(readings(any_lake, stored)["reading_date"]).to_pylist() == [
        FIRST + timedelta(n) for n in range(5, 9)
    ]


def test_nothing_is_made_of_nothing(any_lake: Lake) -> None:
    assert readings(any_lake, kept(any_lake, observed(range(0), 0))).num_rows == 0


def test_parsed_rows_lie_day_by_day_and_within_a_day_as_they_came(lake: Lake) -> None:
    stored = kept(lake, observed(range(3), 8))
    rows = pa.Table.from_batches(parquet.batches(lake, stored.files)).to_pylist()
    places = [(row["reading_date"], row["sensor_id"], row["received_at"]) for row in rows]
    assert places == sorted(places)
    assert len(places) == 3 * (8 + 2)


def test_a_column_that_an_old_file_lacks_is_null_and_an_instant_is_in_utc(any_lake: Lake) -> None:
    old = pa.table({"read_at": [RECEIVED], "day": [days.FIRST]})
    with any_lake.create("silver/old.parquet") as file:
        pq.write_table(old, file)
    with local_engine.session() as connection:
        connection.execute("set timezone = 'America/St_Johns'")
        local_engine.register(
            connection, any_lake, {"silver.readings": [Stored(days.READINGS, ("silver/old.parquet",))]}
        )
        rows = local_engine.rows(connection, "select day, value, read_at from silver.readings")
    assert rows == [{"day": days.FIRST, "value": None, "read_at": RECEIVED}]


def test_a_folder_may_be_called_like_a_pattern(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "what [ever] *?{1,2}"))
    assert readings(lake, kept(lake, observed(range(2), 3))).num_rows == 6
