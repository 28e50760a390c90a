"""A backup is made in the cluster, and what it holds comes back as docs/how-to/restore-a-backup.md says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e import howto, kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask

pytestmark = pytest.mark.thorough

CONTENT = "select count(*), md5(string_agg(launch_id || name, ',' order by launch_id)) from silver.spacex_launches"


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


def test_a_table_that_was_dropped_comes_back_as_its_runbook_says(place: None, airflow: Airflow, ask: Ask) -> None:
    page = "restore-a-backup.md"
    newest = restore("list").split()[-1].split("/")[0]
    before = ask("analyst", CONTENT)
    kube.as_superuser("drop table silver.spacex_launches cascade")
    assert airflow.end("spacex", airflow.start("spacex")) == "failed", "no run makes a table"

    restore("load", newest, "warehouse")
    howto.follow(page, "One table", {"20261121t023000z": newest.lower()})
    restore("forget", f"warehouse_{newest.lower()}")
    airflow.succeed("spacex")
    assert ask("analyst", CONTENT) == before


def test_a_run_publishes_on_top_of_what_was_restored(place: None, airflow: Airflow, ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    airflow.succeed("spacex")
    assert ask("analyst", CONTENT) == before


def test_a_whole_database_comes_back_as_the_how_to_says(place: None, ask: Ask) -> None:
    page = "restore-a-backup.md"
    newest = restore("list").split()[-1].split("/")[0]
    examples = {"20261121T023000Z": newest, "20261121t023000z": newest.lower()}
    before = ask("analyst", CONTENT)
    kube.as_superuser("drop schema gold cascade")
    assert "schema gold is gone" in kube.make("status").stdout

    howto.follow(page, "See which backups there are", examples)
    with pytest.raises(AssertionError, match="no schema gold"):
        restore("table", "gold.core_usage", f"warehouse_{newest.lower()}")
    lines = howto.commands(page, "A whole database")
    assert lines.index("restore swap warehouse warehouse_before") < lines.index("make up")
    howto.follow(page, "A whole database", {**examples, "restore swap warehouse warehouse_before": "restore list"})
    assert ask("analyst", CONTENT) == before
    assert ask("analyst", "select count(*) > 0 from gold.core_usage") == [(True,)]


def test_one_can_go_back_to_what_a_restored_database_replaced(place: None, ask: Ask) -> None:
    newest = restore("list").split()[-1].split("/")[0]
    kube.as_superuser("comment on schema ops is 'today'")
    restore("load", newest, "warehouse")
    for _ in range(2):
        back = restore("swap", "warehouse", f"warehouse_{newest.lower()}").splitlines()[-1].partition("restore ")[2]
        assert ask("engineer", "select obj_description('ops'::regnamespace)") != [("today",)]
        restore(*back.split())
        assert ask("engineer", "select obj_description('ops'::regnamespace)") == [("today",)]
        restore("forget", "warehouse_before")
        restore("load", newest, "warehouse")
    restore("forget", f"warehouse_{newest.lower()}")


def test_the_server_counts_its_statements(ask: Ask) -> None:
    [(statements,)] = ask("metrics", "select count(*) from pg_stat_statements")
    assert statements > 0
