"""What dies in the middle of a run: a pod of it, or the scheduler. The run ends right, and nothing is doubled."""

from __future__ import annotations

from datetime import UTC, datetime

from kubernetes.client import V1Pod

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, Connect, Faults

CONTENT = "select launch_id, name, launched_at from silver.spacex_launches order by launch_id"
LAUNCHES = "select count(*), count(distinct launch_id) from silver.spacex_launches"
# The loader's transaction waits for a lock that readers hold: the new state is built, and not yet seen.
IS_SWAPPING = "select 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'"


def running(task: str) -> V1Pod | None:
    """The pod of a task, once it runs."""
    found = [one for one in kube.pods("etl", f"task_id={task}") if one.status.phase == "Running"]
    return found[0] if found else None


def test_a_pod_killed_while_it_extracts_is_followed_by_one_that_goes_on(
    airflow: Airflow, ask: Ask, faults: Faults
) -> None:
    faults.plan("slow=25*1@/v4/payloads")
    run = airflow.start("spacex")
    victim = kube.wait_for("the extracting pod", lambda: running("extract"))
    kube.wait_for("half a page", faults.are_met)
    kube.kill("etl", victim.metadata.name)

    assert airflow.end("spacex", run) == "success"
    assert airflow.tasks("spacex", run)["extract"]["try_number"] == 2
    assert ask("analyst", LAUNCHES) == [(205, 205)]


def test_a_pod_killed_while_it_publishes_leaves_nothing_half_done(airflow: Airflow, connect: Connect, ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    kube.as_superuser("update silver.spacex_launches set name = 'edited' where launch_id = '5eb87d42ffd86e000604b384'")
    with connect("engineer") as reader:
        reader.execute("begin")
        reader.execute("lock table silver.spacex_launches in access share mode")
        run = airflow.start("spacex")
        kube.wait_for("the swap", lambda: ask("engineer", IS_SWAPPING))
        victim = running("publish")
        assert victim
        kube.kill("etl", victim.metadata.name)
        reader.execute("commit")

    assert airflow.end("spacex", run) == "success"
    assert airflow.tasks("spacex", run)["publish"]["try_number"] == 2
    assert ask("analyst", CONTENT) == before


def test_a_scheduler_killed_during_a_run_finds_its_pod_again(airflow: Airflow, ask: Ask, faults: Faults) -> None:
    begun = datetime.now(UTC).replace(microsecond=0)
    faults.plan("slow=25*1@/v4/payloads")
    run = airflow.start("spacex")
    kube.wait_for("half a page", faults.are_met)
    kube.kill("airflow", kube.pod("airflow", "component=scheduler").metadata.name)

    assert airflow.end("spacex", run) == "success"
    assert len(kube.started_since("etl", begun, "extract")) == 1
    assert "205 launches" in airflow.log("spacex", run, "check"), "a log of before the scheduler died"
    assert ask("analyst", LAUNCHES) == [(205, 205)]
