"""The sources of NASA and JPL on the platform: read by days like the sensors, each by one pod."""

from __future__ import annotations

import pytest

from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, questions


@pytest.mark.parametrize("source", ["apod", "neo", "mars"])
def test_each_step_works_at_the_first_try(nasa_runs: dict[str, str], airflow: Airflow, source: str) -> None:
    tasks = airflow.tasks(source, nasa_runs[source])
    assert {(task["state"], task["try_number"]) for task in tasks.values()} == {("success", 1)}


def test_a_picture_of_nearly_every_day_of_a_year_is_published(nasa_runs: dict[str, str], ask: Ask) -> None:
    [(pictures, days)] = ask(
        "analyst", "select count(*), max(picture_date) - min(picture_date) + 1 from silver.apod_pictures"
    )
    assert 360 <= days <= 366
    assert days - 10 <= pictures <= days


@pytest.mark.parametrize("name", questions("apod"))
def test_an_analyst_reads_about_pictures(nasa_runs: dict[str, str], ask: Ask, name: str) -> None:
    assert ask("analyst", questions("apod")[name])


def test_both_rovers_have_photos_of_nearly_every_day(nasa_runs: dict[str, str], ask: Ask) -> None:
    [(rovers, fewest_days)] = ask(
        "analyst",
        "select count(*), min(days) from"
        " (select count(distinct taken_date) as days from gold.mars_activity group by rover) as each",
    )
    assert rovers == 2
    assert 12 <= fewest_days <= 31, "the Sun is in between for two weeks at most"


@pytest.mark.parametrize("name", sorted(set(questions("mars")) - {"mars_quiet_days"}))
def test_an_analyst_reads_about_photos(nasa_runs: dict[str, str], ask: Ask, name: str) -> None:
    assert ask("analyst", questions("mars")[name])


@pytest.mark.parametrize("name", questions("neo"))
def test_an_analyst_reads_about_passes(nasa_runs: dict[str, str], ask: Ask, name: str) -> None:
    assert ask("analyst", questions("neo")[name])


def test_the_likeliest_impactor_is_last_by_the_simple_score(nasa_runs: dict[str, str], ask: Ask) -> None:
    [(designation, one_in, _, _, _, place, objects), *_] = ask("analyst", questions("neo")["which_score_disagrees"])
    assert (designation, one_in, place) == ("2010 RF12", 10, objects)


def test_an_analyst_finds_what_all_of_them_hold_in_one_view(nasa_runs: dict[str, str], ask: Ask) -> None:
    found = ask("analyst", "select distinct source from gold.nasa_catalogue order by source")
    assert found == [("apod",), ("mars",), ("neo",)]
