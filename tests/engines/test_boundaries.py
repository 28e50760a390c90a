"""Each class begins where it is said to: just below, on and just above each boundary, on every engine."""

import pytest

from tests.engines.cases import BOUNDARIES
from tests.engines.conftest import Ask


def _id(values: dict[str, float | None]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items())


@pytest.mark.parametrize("engine", ["postgres", "duckdb", "spark"])
@pytest.mark.parametrize(
    ("sensor", "becomes"),
    [(n, out) for n, (_, out) in enumerate(BOUNDARIES)],
    ids=[_id(seen) for seen, _ in BOUNDARIES],
)
def test_a_reading_is_of_the_class_that_its_values_say(ask: Ask, engine: str, sensor: int, becomes: dict) -> None:
    rows = ask(engine, "sensors-boundaries")["silver.sensor_readings"].records()
    [row] = [row for row in rows if row["sensor_id"] == f"SENSOR_{sensor:04}"]
    assert {name: row[name] for name in becomes} == becomes
