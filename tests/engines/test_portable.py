"""Statements of silver and gold say nothing that means something else on another engine."""

import pytest

from tests.conftest import ROOT
from tests.engines.portable import faults

FILES = sorted(file for folder in ("silver", "gold") for file in (ROOT / "sql" / folder).glob("*.sql"))

TRAPS = {  # what is wrong with it: how it is written
    "/ of what is no double": [
        "select count(*) / 2 as x from silver.sensor_readings",
        "select data_quality_score / 30 as x from silver.sensor_readings",
        "select data_quality_score / 30.0 as x from silver.sensor_readings",  # numeric in Postgres, elsewhere a double
        "with a as (select sum(data_quality_score) as b from silver.sensor_readings) select b / 2 as x from a",
    ],
    "numeric without precision": [
        "select cast(temperature_max as numeric) as x from silver.sensor_readings",  # whole numbers in Spark
        "select temperature_max::decimal as x from silver.sensor_readings",
    ],
    "arithmetic of dates": [
        "select max(reading_date) - min(reading_date) as x from silver.sensor_readings",  # an interval in Spark
        "select reading_date + 1 as x from silver.sensor_readings",
        "select processed_at - received_at as x from silver.sensor_readings",
        "select reading_date + interval '1 day' as x from silver.sensor_readings",
    ],
    "an interval": ["select interval '1 day' as x"],
    "order without nulls first or nulls last": [
        "select region from silver.sensor_readings order by region",
        "select region from silver.sensor_readings order by region nulls last, sensor_id desc",
        "select lag(region) over (order by region) as x from silver.sensor_readings",
        "select row_number() over w as x from silver.sensor_readings window w as (order by region)",
    ],
    "limit without order": ["select region from silver.sensor_readings limit 1"],
    "a place in no order": ["select row_number() over (partition by region) as x from silver.sensor_readings"],
    "rows in one value": [
        "select string_agg(region, ',') as x from silver.sensor_readings",
        "select array_agg(region) as x from silver.sensor_readings",
    ],
    "round of what is no double": [  # a double's ties are mended in translation, those of others are not
        "select round(cast(temperature_max as numeric(9, 2)), 1) as x from silver.sensor_readings",
        "select round(data_quality_score * 0.5) as x from silver.sensor_readings",
    ],
    "a cast that rounds": [
        "select cast(temperature_max as integer) as x from silver.sensor_readings",  # cut off in Spark
        "select (temperature_max * 100)::bigint as x from silver.sensor_readings",
        "select cast(extract(epoch from received_at) as bigint) as x from silver.sensor_readings",
    ],
    "avg": ["select avg(data_quality_score) as x from silver.sensor_readings"],
    "sum of what is not whole": [
        "select sum(temperature_max) as x from silver.sensor_readings",
        "select sum(precipitation) over (partition by region) as x from silver.sensor_readings",
    ],
    "a day of the session's time zone": [
        "select cast(received_at as date) as x from silver.sensor_readings",
        "select extract(year from received_at) as x from silver.sensor_readings",
        "select date_trunc('month', received_at) as x from silver.sensor_readings",
    ],
}
FINE = [
    "select temperature_max / 2 as x from silver.sensor_readings",
    "select cast(count(*) as double precision) / 2 as x from silver.sensor_readings",
    "select cast(temperature_max as numeric(9, 2)) as x from silver.sensor_readings",
    "select extract(epoch from processed_at) - extract(epoch from received_at) as x from silver.sensor_readings",
    "select region from silver.sensor_readings order by region desc nulls last, sensor_id asc nulls first limit 1",
    "select cast(round(temperature_max * 100) as bigint) as x from silver.sensor_readings",
    "select cast(sum(data_quality_score) over (partition by region) as bigint) as x from silver.sensor_readings",
    "select cast(extract(year from reading_date) as integer) as x from silver.sensor_readings",
    "select cast(date_trunc('month', reading_date) as date) as x from silver.sensor_readings",
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}.{file.stem}")
def test_a_statement_means_the_same_on_every_engine(file) -> None:
    assert faults(file.read_text()) == []


@pytest.mark.parametrize(("trap", "text"), [(trap, text) for trap, texts in TRAPS.items() for text in texts])
def test_a_trap_is_found(trap: str, text: str) -> None:
    assert any(fault.startswith(trap) for fault in faults(text)), faults(text)


@pytest.mark.parametrize("text", FINE)
def test_what_is_portable_is_left_alone(text: str) -> None:
    assert faults(text) == []
