"""A backup is made in the cluster, and what it holds comes back as docs/how-to/restore-a-backup.md says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from kubernetes import client

from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask, FirstRuns

CONTENT = "select count(*), md5(string_agg(launch_id || name, ',' order by launch_id)) from silver.spacex_launches"


def is_complete(job: str) -> bool:
    status = client.BatchV1Api().read_namespaced_job(job, "data-platform").status
    return any(condition.type == "Complete" and condition.status == "True" for condition in status.conditions or [])


@pytest.fixture(scope="module")
def backup(first_runs: FirstRuns) -> Iterator[None]:
    """One backup, of what a run has published."""
    kube.kubectl("create", "job", "backup-now", "--from=cronjob/backup", "-n", "data-platform")
    kube.wait_for("the backup", lambda: is_complete("backup-now"))
    yield
    kube.kubectl("delete", "job", "backup-now", "-n", "data-platform")


@pytest.fixture(scope="module")
def place(backup: None) -> Iterator[None]:
    """The pod to restore from."""
    kube.kubectl("create", "job", "restore", "--from=cronjob/restore", "-n", "data-platform")
    kube.kubectl("wait", "job/restore", "--for=jsonpath={.status.ready}=1", "--timeout=300s", "-n", "data-platform")
    yield
    kube.kubectl("delete", "job", "restore", "-n", "data-platform", "--wait")


def restore(*arguments: str) -> str:
    return kube.kubectl("exec", "-n", "data-platform", "job/restore", "--", "restore", *arguments)


def test_kubernetes_knows_when_the_last_backup_was_made(backup: None) -> None:
    def last() -> str:
        found = json.loads(kube.kubectl("get", "cronjob", "backup", "-n", "data-platform", "-o", "json"))
        return str(found["status"].get("lastSuccessfulTime", ""))

    kube.wait_for("the time of the last backup", last)


def test_a_table_that_was_damaged_comes_back_from_the_backup(place: None, ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    kube.as_superuser("delete from silver.spacex_launches where launched_date < '2020-01-01'")
    assert ask("analyst", CONTENT) != before

    newest = restore("list").split()[-1].split("/")[0]
    restore("load", newest, "warehouse")
    beside = f"warehouse_{newest.lower()}"
    try:
        restore("table", "silver.spacex_launches", beside)
        assert ask("analyst", CONTENT) == before
    finally:
        restore("forget", beside)


def test_a_run_publishes_on_top_of_what_was_restored(place: None, airflow: Airflow, ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    airflow.succeed("spacex")
    assert ask("analyst", CONTENT) == before


def test_the_server_counts_its_statements(ask: Ask) -> None:
    [(statements,)] = ask("metrics", "select count(*) from pg_stat_statements")
    assert statements > 0
