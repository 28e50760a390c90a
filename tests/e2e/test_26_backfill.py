"""Past months of a source: a pod reads and publishes each, and what is published is not read again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, NamedTuple

import pytest

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask

DAYS_BEFORE = 45  # the first published one: days in at least two months, and no hole that the next run would read
FIRST = "select min(interval_start) from ops.run where source = 'neo' and status = 'published'"
RUNS = "select interval_start, interval_end, status from ops.run where source = 'neo' order by interval_start, run_id"


class Backfills(NamedTuple):
    """Two runs for the same days, and the ledger before, between and after them."""

    start: date
    end: date
    runs: tuple[str, str]
    ledger: list[list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def backfills(nasa_runs: dict[str, str], airflow: Airflow, ask: Ask) -> Backfills:
    [(end,)] = ask("engineer", FIRST)
    start = end - timedelta(days=DAYS_BEFORE)
    runs, ledger = [], [ask("engineer", RUNS)]
    for _ in range(2):
        runs.append(airflow.succeed("backfill", source="neo", start_date=str(start), end_date=str(end)))
        ledger.append(ask("engineer", RUNS))
    return Backfills(start, end, (runs[0], runs[1]), ledger)


def test_each_month_is_published_by_a_pod_of_its_own(backfills: Backfills, airflow: Airflow) -> None:
    before, after, _ = backfills.ledger
    new = after[: len(after) - len(before)]
    assert after[len(new) :] == before
    assert [start for start, _, _ in new] == [backfills.start, *(end for _, end, _ in new[:-1])]
    assert new[-1][1] == backfills.end
    assert {status for _, _, status in new} == {"published"}
    assert all(start.replace(day=1) == (end - timedelta(days=1)).replace(day=1) for start, end, _ in new)
    pods = airflow.mapped("backfill", backfills.runs[0], "backfill")
    assert [(pod["state"], pod["try_number"]) for pod in pods] == [("success", 1)] * len(new)
    assert [pod["rendered_map_index"] for pod in pods] == [str(start) for start, _, _ in new]
    kube.wait_for("pods are removed", lambda: not kube.pods("etl"))


def test_what_is_published_is_not_read_again(backfills: Backfills, airflow: Airflow) -> None:
    _, between, after = backfills.ledger
    assert after == between
    assert "0 of 1 intervals to do" in airflow.log("backfill", backfills.runs[1], "backfill", index=0)


def test_days_that_end_before_they_start_fail_before_anything_is_read(backfills: Backfills, airflow: Airflow) -> None:
    conf = {"source": "neo", "start_date": str(backfills.end), "end_date": str(backfills.start)}
    run = airflow.start("backfill", **conf)
    assert airflow.end("backfill", run) == "failed"
    assert airflow.tasks("backfill", run)["check"]["state"] == "failed"
    assert "not after its start" in airflow.log("backfill", run, "check")


@pytest.mark.parametrize("wrong", [{}, {"source": "--help"}, {"end_date": "soon"}], ids=str)
def test_what_cannot_be_filled_is_refused_before_a_run_exists(airflow: Airflow, wrong: dict[str, str]) -> None:
    right = {"source": "neo", "start_date": "2024-01-01", "end_date": "2024-02-01"} if wrong else {}
    answer = airflow.trigger("backfill", **right | wrong)
    assert answer.status_code in (400, 422), answer.text
