"""What a platform goes through: parts are taken away, a password changes, it is taken down and comes up again."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest

from tests.e2e import kube
from tests.e2e.conftest import Ask, Connect, FirstRuns, Listener, brought_up

pytestmark = pytest.mark.thorough

CONTENT = "select count(*), md5(string_agg(launch_id || name, ',' order by launch_id)) from silver.spacex_launches"
PASSWORD = "another-password-of-some-length"

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def plain_again(extended: str, listener: Listener, first_runs: FirstRuns, ask: Ask) -> Rows:
    """One `make up` without any optional part or receiver, after a password was changed; the rows before that."""
    before = ask("analyst", CONTENT)
    listener.leave()
    kube.core().patch_namespaced_secret("warehouse-logins", "data-platform", {"stringData": {"analyst": PASSWORD}})
    brought_up()
    return before


def test_of_what_is_no_longer_wanted_nothing_is_left_but_its_data(plain_again: Rows) -> None:
    assert "object-store" not in kube.helm_releases()
    [claim] = kube.core().list_namespaced_persistent_volume_claim("object-store").items
    assert claim.status.phase == "Bound"
    accounts = [one.metadata.name for one in kube.core().list_namespaced_service_account("etl").items]
    assert "spark" not in accounts
    assert "enrichment" not in kube.helm_releases()
    assert not kube.pods("enrichment")
    assert "enrichment" not in [one.metadata.name for one in kube.core().list_namespaced_secret("etl").items]
    assert "sensors_spark.py" not in kube.core().read_namespaced_config_map("dags", "airflow").data


def test_a_changed_password_holds_after_the_next_up(plain_again: Rows, connect: Connect) -> None:
    with connect("analyst", password=PASSWORD) as cursor:
        cursor.execute(CONTENT)
        assert cursor.fetchall() == plain_again
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"), connect("analyst", password="x" * 20):
        pass


def test_what_was_taken_down_comes_up_with_its_data(plain_again: Rows, ask: Ask) -> None:
    before = ask("analyst", CONTENT)
    runs = ask("engineer", "select count(*) from ops.run")
    secrets = kube.secret("data-platform", "warehouse-logins")

    down = kube.make("down")
    assert down.returncode == 0, down.stderr
    assert kube.helm_releases() == {}
    kube.wait_for("no pod of the platform", lambda: not any(kube.pods(namespace) for namespace in kube.NAMESPACES))
    brought_up()

    assert kube.secret("data-platform", "warehouse-logins") == secrets
    assert ask("analyst", CONTENT) == before
    assert ask("engineer", "select count(*) from ops.run") == runs
