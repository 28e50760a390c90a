"""Runs after the first, with parameters or without: what they read, what they change, and what is refused.

The sources do not share data, so their runs take place side by side, two of each source one after the other.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, FirstRuns
from tests.e2e.sensors import CONTENT, LATEST, SENSORS

AWAITED = 30  # ETL_SENSORS__AWAIT_DAYS
INTERVAL = "select interval_start, interval_end from ops.run where source = 'spacex' order by started_at desc limit 1"

Rows = list[tuple[Any, ...]]


class Spacex(NamedTuple):
    """What was seen of a run for an interval, and of one whose interval ends before it starts."""

    interval: Rows
    launches: Rows
    inverted: str
    how_inverted_ended: str


class Sensors(NamedTuple):
    """What was seen of a run without parameters, and of one for the days from `first` on."""

    content: list[Rows]  # before both, between them, after both
    second: Rows
    first: date
    days: Rows


@pytest.fixture(scope="module")
def later_runs(first_runs: FirstRuns, airflow: Airflow, ask: Ask) -> tuple[Spacex, Sensors]:
    def of_spacex() -> Spacex:
        airflow.succeed("spacex", start_date="2020-01-01", end_date="2021-01-01")
        seen = ask("engineer", INTERVAL), ask("analyst", "select count(*) from silver.spacex_launches")
        inverted = airflow.start("spacex", start_date="2021-01-01", end_date="2020-01-01")
        return Spacex(*seen, inverted, airflow.end("spacex", inverted))

    def of_sensors() -> Sensors:
        content = [ask("analyst", CONTENT)]
        airflow.succeed("sensors")
        second = ask("engineer", LATEST)
        content.append(ask("analyst", CONTENT))
        [(first,)] = ask("analyst", "select min(reading_date) + 30 from silver.sensor_readings")
        airflow.succeed("sensors", start_date=str(first), end_date=str(first + timedelta(days=2)))
        return Sensors([*content, ask("analyst", CONTENT)], second, first, ask("engineer", LATEST))

    spacex, sensors = kube.side_by_side(of_spacex, of_sensors)
    return spacex, sensors


def test_a_run_for_an_interval_publishes_that_interval(later_runs: tuple[Spacex, Sensors]) -> None:
    spacex, _ = later_runs
    assert spacex.interval == [(date(2020, 1, 1), date(2021, 1, 1))]
    assert spacex.launches == [(205,)]


@pytest.mark.parametrize(
    "wrong", [{"start_date": "tomorrow"}, {"start_date": "2020-02-30"}, {"end_date": "17.05.2024"}], ids=str
)
def test_an_invalid_date_is_refused_before_a_run_exists(airflow: Airflow, wrong: dict[str, str]) -> None:
    answer = airflow.trigger("spacex", **wrong)
    assert answer.status_code in (400, 422), answer.text


def test_an_interval_that_ends_before_it_starts_fails_immediately_and_says_why(
    later_runs: tuple[Spacex, Sensors], airflow: Airflow
) -> None:
    spacex, _ = later_runs
    assert spacex.how_inverted_ended == "failed"
    check = airflow.tasks("spacex", spacex.inverted)["check"]
    assert (check["state"], check["try_number"]) == ("failed", 1)
    assert "not after its start" in airflow.log("spacex", spacex.inverted, "check")


def test_a_second_run_reads_only_days_that_may_still_change_and_changes_nothing(
    later_runs: tuple[Spacex, Sensors],
) -> None:
    _, sensors = later_runs
    [(status, start, end, _, received)] = sensors.second
    assert (end - start).days <= AWAITED + 1  # some readings of the simulator stay unknown
    assert received == SENSORS * (end - start).days
    before, after, _ = sensors.content
    assert end > datetime.now(UTC).date() or (status, after) == ("unchanged", before)


def test_a_run_for_some_days_reads_these(later_runs: tuple[Spacex, Sensors]) -> None:
    _, sensors = later_runs
    [(_, *interval, _, received)] = sensors.days
    assert (interval, received) == ([sensors.first, sensors.first + timedelta(days=2)], 2 * SENSORS)
    _, before, after = sensors.content
    assert after == before
