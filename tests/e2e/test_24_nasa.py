"""The sources of NASA and JPL on the platform: read by days like the sensors, each by one pod."""

from __future__ import annotations

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, questions

SOURCES = ("apod", "neo")


@pytest.fixture(scope="module")
def runs(airflow: Airflow) -> dict[str, str]:
    """A run of each that succeeded, side by side."""
    ended = kube.side_by_side(*(lambda source=source: airflow.succeed(source) for source in SOURCES))  # type: ignore[misc]
    return dict(zip(SOURCES, ended, strict=True))


@pytest.mark.parametrize("source", SOURCES)
def test_each_step_works_at_the_first_try(runs: dict[str, str], airflow: Airflow, source: str) -> None:
    tasks = airflow.tasks(source, runs[source])
    assert {(task["state"], task["try_number"]) for task in tasks.values()} == {("success", 1)}


def test_a_picture_of_nearly_every_day_of_a_year_is_published(runs: dict[str, str], ask: Ask) -> None:
    [(pictures, days)] = ask(
        "analyst", "select count(*), max(picture_date) - min(picture_date) + 1 from silver.apod_pictures"
    )
    assert 360 <= days <= 366
    assert days - 10 <= pictures <= days


@pytest.mark.parametrize("name", questions("neo"))
def test_an_analyst_reads_the_answer(runs: dict[str, str], ask: Ask, name: str) -> None:
    assert ask("analyst", questions("neo")[name])


def test_the_likeliest_impactor_is_last_by_the_simple_score(runs: dict[str, str], ask: Ask) -> None:
    [first, *_] = ask("analyst", questions("neo")["which_score_disagrees"])
    assert any("2010 RF12" in str(value) for value in first), first
