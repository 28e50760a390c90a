"""A grid gives each sensor's name, zone and place, and stays on the globe."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.errors import ConfigError
from etl.settings import SensorsSettings
from etl.sources.sensors import make_source
from etl.sources.sensors.grid import Grid, Sensor

BERLIN = {"rows": 10, "columns": 10, "latitude": 52.52, "longitude": 13.405, "spacing": 0.1, "zone_size": 2}


def grid(**changed: Any) -> Grid:
    return Grid.from_json({**BERLIN, **changed})


def test_sensors_are_numbered_row_by_row_from_the_south_west() -> None:
    sensors = grid().sensors(1, 100)
    assert sensors[0] == Sensor("SENSOR_0001", "ZONE_1_1", 52.07, 12.955)
    assert sensors[1] == Sensor("SENSOR_0002", "ZONE_1_1", 52.07, 13.055)
    assert sensors[10] == Sensor("SENSOR_0011", "ZONE_1_1", 52.17, 12.955)
    assert sensors[99] == Sensor("SENSOR_0100", "ZONE_5_5", 52.97, 13.855)


def test_a_zone_is_a_square_of_sensors() -> None:
    by_zone: dict[str, int] = {}
    for sensor in grid(rows=4, columns=6).sensors(1, 24):
        by_zone[sensor.region] = by_zone.get(sensor.region, 0) + 1
    assert by_zone == {f"ZONE_{row}_{column}": 4 for row in (1, 2) for column in (1, 2, 3)}


def test_a_row_that_no_zone_divides_ends_with_a_smaller_one() -> None:
    assert [sensor.region for sensor in grid(rows=1, columns=3).sensors(1, 3)] == ["ZONE_1_1", "ZONE_1_1", "ZONE_1_2"]


@pytest.mark.parametrize(
    ("rows", "columns", "first", "last"),
    [(99, 101, "SENSOR_0001", "SENSOR_9999"), (100, 100, "SENSOR_00001", "SENSOR_10000")],
)
def test_more_than_9999_sensors_get_more_digits(rows: int, columns: int, first: str, last: str) -> None:
    one = grid(rows=rows, columns=columns)
    assert (one.sensors(1, 1)[0].sensor_id, one.sensors(len(one), len(one))[0].sensor_id) == (first, last)


@pytest.mark.parametrize(
    "changed",
    [
        {"latitude": 89.9},
        {"latitude": -89.9},
        {"longitude": 179.9},
        {"longitude": -179.9},
        {"spacing": float("nan")},
        {"spacing": 0.00001},
        {"latitude": float("nan")},
        {"rows": 0},
        {"zone_size": 0},
        {"longitude": 0.0, "columns": 37, "spacing": 10.0},  # 180 degrees west is 180 degrees east
    ],
)
def test_a_grid_that_leaves_the_globe_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as refused:
        grid(**changed)
    assert "ETL_SENSORS__" in refused.value.hint


def test_a_grid_may_touch_the_pole_and_the_date_line() -> None:
    grid(rows=3, columns=3, latitude=89, longitude=179, spacing=1)


def test_settings_that_make_no_grid_are_refused_before_anything_is_asked() -> None:
    with pytest.raises(ConfigError, match="leaves the globe"):
        make_source(SensorsSettings(latitude=90))


grids = st.builds(
    lambda **values: values,
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    latitude=st.floats(-60, 60),
    longitude=st.floats(-150, 150),
    spacing=st.floats(0.0001, 0.2),
    zone_size=st.integers(1, 50),
)


@given(grids)
def test_each_sensor_has_a_name_of_its_own_that_sorts(values: dict[str, Any]) -> None:
    one = Grid.from_json(values)
    sensors = one.sensors(1, len(one))
    assert len(sensors) == values["rows"] * values["columns"]
    assert all(before.sensor_id < after.sensor_id for before, after in pairwise(sensors))
    assert len({(sensor.latitude, sensor.longitude) for sensor in sensors}) == len(sensors)


@given(grids, st.data())
def test_a_manifest_brings_back_the_same_sensors(values: dict[str, Any], data: st.DataObject) -> None:
    one = Grid.from_json(values)
    first = data.draw(st.integers(1, len(one)))
    last = data.draw(st.integers(first, min(len(one), first + 50)))
    again = Grid.from_json(json.loads(json.dumps(one.as_json())))
    assert again.sensors(first, last) == one.sensors(1, len(one))[first - 1 : last]
