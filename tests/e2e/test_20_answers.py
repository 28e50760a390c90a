"""A run of the DAG, triggered over the REST API, and what analysts then read."""

from datetime import date

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, questions


@pytest.fixture(scope="module")
def published(airflow: Airflow) -> str:
    """The id of a run that has ended well."""
    run = airflow.start("spacex")
    assert airflow.end("spacex", run) == "success", airflow.tasks("spacex", run)
    return run


def test_each_step_is_a_pod_that_works_at_the_first_try(published: str, airflow: Airflow) -> None:
    tasks = airflow.tasks("spacex", published)
    assert {name: (task["state"], task["try_number"]) for name, task in tasks.items()} == {
        "check": ("success", 1),
        "extract": ("success", 1),
        "publish": ("success", 1),
    }
    kube.wait_for("pods are removed", lambda: not kube.pods("etl"))


def test_what_a_pod_says_is_readable_in_airflow(published: str, airflow: Airflow) -> None:
    assert "205 launches" in airflow.log("spacex", published, "check")
    assert '"step": "publish"' in airflow.log("spacex", published, "publish")


def test_an_analyst_reads_how_often_a_core_was_reused_at_most(published: str, ask: Ask) -> None:
    [(reuses, core, serial, launches, *_)] = ask("analyst", questions("spacex")["most_reused_core"])
    assert (reuses, core, serial, launches) == (13, "5e9e28a7f3591817f23b2663", "B1058", 14)


def test_an_analyst_reads_which_cores_were_reused_within_50_days(published: str, ask: Ask) -> None:
    rows = ask("analyst", questions("spacex")["cores_reused_within_50_days"])
    assert len(rows) == 25
    assert len({core for core, *_ in rows}) == 9
    assert all(isinstance(launched, date) and days < 50 for _, _, _, launched, days in rows)


def test_a_run_for_an_interval_publishes_that_interval(published: str, airflow: Airflow, ask: Ask) -> None:
    run = airflow.start("spacex", start_date="2020-01-01", end_date="2021-01-01")
    assert airflow.end("spacex", run) == "success"
    [latest] = ask("engineer", "select interval_start, interval_end from ops.run order by started_at desc limit 1")
    assert latest == (date(2020, 1, 1), date(2021, 1, 1))
    assert ask("analyst", "select count(*) from silver.spacex_launches") == [(205,)]


@pytest.mark.parametrize(
    "wrong", [{"start_date": "tomorrow"}, {"start_date": "2020-02-30"}, {"end_date": "17.05.2024"}], ids=str
)
def test_a_date_that_is_none_is_refused_before_a_run_exists(airflow: Airflow, wrong: dict[str, str]) -> None:
    answer = airflow.trigger("spacex", **wrong)
    assert answer.status_code in (400, 422), answer.text


def test_an_interval_that_ends_before_it_starts_fails_at_once_and_says_why(airflow: Airflow) -> None:
    run = airflow.start("spacex", start_date="2021-01-01", end_date="2020-01-01")
    assert airflow.end("spacex", run) == "failed"
    check = airflow.tasks("spacex", run)["check"]
    assert (check["state"], check["try_number"]) == ("failed", 1)
    assert "not after its start" in airflow.log("spacex", run, "check")
