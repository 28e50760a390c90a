"""A pod or the scheduler dies in the middle of a run. The run ends well, and no row is there twice.

The sources do not share data, so that each scenario of one takes place beside one of the other.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from kubernetes.client import V1Pod

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, FirstRuns, misbehaving
from tests.e2e.sensors import AFTER_CHECK, BEFORE_LAST_SHARE, LATEST, SENSORS, tries

CONTENT = "select launch_id, name, launched_at from silver.spacex_launches order by launch_id"
LAUNCHES = "select count(*), count(distinct launch_id) from silver.spacex_launches"
# Somebody keeps the loader from writing: its rows are staged and audited, and nothing is visible yet.
HOLD = "begin; lock table silver.spacex_launches in share mode; select pg_sleep(600)"
LET_GO = "select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'sleep.600' and pid != pg_backend_pid()"
IS_PUBLISHING = """
    select 1 from pg_locks
    where not granted and mode = 'RowExclusiveLock' and relation::regclass::text like '%spacex_launches'
"""
SLOW = "slow=25"  # longer than it takes to find and kill the pod that waits, shorter than its patience; not waited for


class Ended(NamedTuple):
    """A run of a DAG and how it ended."""

    run: str
    state: str


def running(task: str, dag: str = "spacex") -> V1Pod | None:
    """The pod of a task, while exactly one runs."""
    found = [one for one in kube.pods("etl", f"dag_id={dag},task_id={task}") if one.status.phase == "Running"]
    return found[0] if len(found) == 1 else None


@pytest.fixture(scope="module")
def killed_extracting(first_runs: FirstRuns, airflow: Airflow) -> tuple[Ended, Ended]:
    """A run of each source, one pod of which was killed when it had half of an answer."""

    def of_spacex() -> Ended:
        with misbehaving("spacex", f"{SLOW}@/v4/payloads") as faults:
            run = airflow.start("spacex")
            victim = kube.wait_for("the extracting pod", lambda: running("extract"))
            kube.wait_for("half an answer", faults.are_met)
            kube.kill("etl", victim.metadata.name)
        return Ended(run, airflow.end("spacex", run))

    def of_sensors() -> Ended:
        with misbehaving("sensors", AFTER_CHECK, BEFORE_LAST_SHARE, f"{SLOW}@/v1/archive") as faults:
            run = airflow.start("sensors")
            kube.wait_for("half an answer", faults.are_met)
            victim = kube.wait_for("the slow pod alone", lambda: running("extract", "sensors"), 25)
            kube.kill("etl", victim.metadata.name)
        return Ended(run, airflow.end("sensors", run))

    spacex, sensors = kube.side_by_side(of_spacex, of_sensors)
    return spacex, sensors


def test_a_pod_killed_while_it_extracts_is_followed_by_one_that_continues(
    killed_extracting: tuple[Ended, Ended], airflow: Airflow, ask: Ask
) -> None:
    (run, state), _ = killed_extracting
    assert state == "success"
    assert airflow.tasks("spacex", run)["extract"]["try_number"] == 2
    assert ask("analyst", LAUNCHES) == [(205, 205)]


def test_when_one_of_two_extracting_pods_is_killed_another_continues(
    killed_extracting: tuple[Ended, Ended], airflow: Airflow
) -> None:
    _, (run, state) = killed_extracting
    assert state == "success"
    assert tries(airflow, run) == [("success", 1), ("success", 2)]


class Published(NamedTuple):
    """A run whose pod was killed while it published, and the rows before, with one of them edited since, and after."""

    run: str
    state: str
    before: list[tuple[Any, ...]]
    after: list[tuple[Any, ...]]


class Cleared(NamedTuple):
    """A run with a share that failed: its tries, then those after it was cleared, and its line in the ledger."""

    run: str
    states: tuple[str, str]
    failed: list[tuple[str, int]]
    cleared: list[tuple[str, int]]
    latest: list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def half_done(first_runs: FirstRuns, airflow: Airflow, ask: Ask) -> tuple[Published, Cleared]:
    """A run of each source that stopped half-way: one was killed while it published, a share of the other failed."""

    def of_spacex() -> Published:
        before = ask("analyst", CONTENT)
        edit = "update silver.spacex_launches set name = 'edited' where launch_id = '5eb87d42ffd86e000604b384'"
        kube.as_superuser(edit)
        with ThreadPoolExecutor(1) as aside:
            holding = aside.submit(kube.as_superuser, HOLD)
            run = airflow.start("spacex")
            kube.wait_for("the publish", lambda: ask("engineer", IS_PUBLISHING))
            victim = running("publish")
            assert victim
            kube.kill("etl", victim.metadata.name)
            kube.as_superuser(LET_GO)
            assert holding.exception(60)
        return Published(run, airflow.end("spacex", run), before, ask("analyst", CONTENT))

    def of_sensors() -> Cleared:
        with misbehaving("sensors", AFTER_CHECK, "html@/v1/archive"):
            run = airflow.start("sensors")
            first = airflow.end("sensors", run)
        failed = tries(airflow, run)
        airflow.clear_failed("sensors", run)
        states = (first, airflow.end("sensors", run))
        return Cleared(run, states, failed, tries(airflow, run), ask("engineer", LATEST))

    published, cleared = kube.side_by_side(of_spacex, of_sensors)
    return published, cleared


def test_a_pod_killed_while_it_publishes_leaves_nothing_half_done(
    half_done: tuple[Published, Cleared], airflow: Airflow
) -> None:
    published, _ = half_done
    assert published.state == "success"
    assert airflow.tasks("spacex", published.run)["publish"]["try_number"] == 2
    assert published.after == published.before


def test_a_share_that_failed_and_is_cleared_completes_the_run_of_the_others(
    half_done: tuple[Published, Cleared], airflow: Airflow
) -> None:
    _, cleared = half_done
    assert cleared.states == ("failed", "success")
    assert cleared.failed == [("failed", 1), ("success", 1)]
    assert cleared.cleared == [("success", 1), ("success", 2)]
    [(_, start, end, extraction_id, received)] = cleared.latest
    assert received == SENSORS * (end - start).days
    assert extraction_id in airflow.log("sensors", cleared.run, "transform")


def test_a_scheduler_killed_during_a_run_finds_its_pod_again(first_runs: FirstRuns, airflow: Airflow, ask: Ask) -> None:
    begun = kube.now()
    with misbehaving("spacex", f"{SLOW}@/v4/payloads") as faults:
        run = airflow.start("spacex")
        kube.wait_for("half an answer", faults.are_met)
        kube.kill("airflow", kube.pod("airflow", "component=scheduler").metadata.name)
        assert airflow.end("spacex", run) == "success"
    assert len(kube.started_since("etl", begun, "spacex-extract")) == 1
    assert "205 launches" in airflow.log("spacex", run, "check"), "a log from before the scheduler died"
    assert ask("analyst", LAUNCHES) == [(205, 205)]
