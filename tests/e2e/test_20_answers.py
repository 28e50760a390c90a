"""A run of the DAG, triggered over the REST API, and what analysts then read."""

from datetime import date

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, FirstRuns, questions


def test_each_step_is_a_pod_that_works_at_the_first_try(first_runs: FirstRuns, airflow: Airflow) -> None:
    tasks = airflow.tasks("spacex", first_runs.spacex)
    assert {name: (task["state"], task["try_number"]) for name, task in tasks.items()} == {
        "check": ("success", 1),
        "extract": ("success", 1),
        "publish": ("success", 1),
    }
    kube.wait_for("pods are removed", lambda: not kube.pods("etl"))


def test_what_a_pod_says_is_readable_in_airflow(first_runs: FirstRuns, airflow: Airflow) -> None:
    assert "205 launches" in airflow.log("spacex", first_runs.spacex, "check")
    assert '"step": "publish"' in airflow.log("spacex", first_runs.spacex, "publish")


def test_an_analyst_reads_how_often_a_core_was_reused_at_most(first_runs: FirstRuns, ask: Ask) -> None:
    [(reuses, core, serial, launches, *_)] = ask("analyst", questions("spacex")["most_reused_core"])
    assert (reuses, core, serial, launches) == (13, "5e9e28a7f3591817f23b2663", "B1058", 14)


def test_an_analyst_reads_which_cores_were_reused_within_50_days(first_runs: FirstRuns, ask: Ask) -> None:
    rows = ask("analyst", questions("spacex")["cores_reused_within_50_days"])
    assert len(rows) == 25
    assert len({core for core, *_ in rows}) == 9
    assert all(isinstance(launched, date) and days < 50 for _, _, _, launched, days in rows)
