"""What a platform goes through: its database dies, a password changes, it is taken down and comes up again."""

from __future__ import annotations

import psycopg2
import pytest
from kubernetes import client

from tests.e2e import kube
from tests.e2e.conftest import Ask, Connect

CONTENT = "select count(*), md5(string_agg(launch_id || name, ',' order by launch_id)) from silver.spacex_launches"


def is_back() -> bool:
    """Whether the database serves again, in a pod that is not the killed one."""
    return any(kube.is_ready(one) for one in kube.pods("data-platform", "app.kubernetes.io/component=postgres"))


def test_data_outlives_the_pod_of_the_database(ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    kube.kill("data-platform", "postgres-0")
    kube.wait_for("the database", is_back)
    assert ask("analyst", CONTENT) == before
    kube.wait_for("airflow, which had lost it", lambda: kube.all_ready("airflow"))


def test_a_changed_password_holds_after_the_next_up(ask: Ask, connect: Connect) -> None:
    before = ask("analyst", CONTENT)
    client.CoreV1Api().patch_namespaced_secret(
        "warehouse-logins", "data-platform", {"stringData": {"analyst": "another-password-of-some-length"}}
    )
    changed = kube.make("up")
    assert changed.returncode == 0, changed.stderr
    with connect("analyst", password="another-password-of-some-length") as cursor:
        cursor.execute(CONTENT)
        assert cursor.fetchall() == before
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"), connect("analyst", password="x" * 20):
        pass


def test_what_was_taken_down_comes_up_with_its_data(ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    runs = ask("engineer", "select count(*) from ops.run")
    secrets = kube.secret("data-platform", "warehouse-logins")

    down = kube.make("down")
    assert down.returncode == 0, down.stderr
    assert kube.helm_releases() == {}
    kube.wait_for("no pod of the platform", lambda: not any(kube.pods(namespace) for namespace in kube.NAMESPACES))
    up = kube.make("up")
    assert up.returncode == 0, up.stderr

    assert kube.secret("data-platform", "warehouse-logins") == secrets
    assert ask("analyst", CONTENT) == before
    assert ask("engineer", "select count(*) from ops.run") == runs
