"""A warehouse that fails over: killed in the middle of a publish, taken down, brought up again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from kubernetes import config

from k8s.installer.cluster import contexts
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.install import cnpg
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import brought_up

pytestmark = pytest.mark.thorough

CONTENT = "select count(*), md5(string_agg(launch_id || name, ',' order by launch_id)) from silver.spacex_launches"
LAUNCHES = "select count(*), count(distinct launch_id) from silver.spacex_launches"
WITH_CNPG = {"WAREHOUSE": "cnpg", "OBJECT_STORE": "1"}
# Somebody keeps the loader from writing: its rows are staged and audited, and nothing is visible yet.
HOLD = "begin; lock table silver.spacex_launches in share mode; select pg_sleep(600)"
IS_PUBLISHING = """
    select 1 from pg_locks
    where not granted and mode = 'RowExclusiveLock' and relation::regclass::text like '%spacex_launches'
"""
# A client that commits a number after the other, and prints each with the time when it knew that it was committed.
WRITER = """
import sys, time, psycopg2
number, connection = 0, None
while True:
    try:
        if connection is None:
            connection = psycopg2.connect(sys.argv[1], connect_timeout=2, tcp_user_timeout=2000)
            connection.autocommit = True
        connection.cursor().execute("insert into beats values (%s)", (number + 1,))
        number += 1
        print(number, time.time(), flush=True)
    except psycopg2.Error:
        connection = None
    time.sleep(0.05)
"""


def ask(role: str, statement: str) -> str:
    """What a role is told by `make psql`, in which the server's certificate is verified."""
    command = json.dumps(" ".join(statement.split()))
    arguments = ["psql", f"ROLE={role}", f"ARGS=--tuples-only --no-align --command={command}"]
    done = subprocess.run(["make", "--no-print-directory", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def primary() -> str:
    return kube.pod("data-platform", "cnpg.io/cluster=postgres,cnpg.io/instanceRole=primary").metadata.name


def instances() -> list[str]:
    """Names of those that serve."""
    found = kube.pods("data-platform", "cnpg.io/cluster=postgres,cnpg.io/podRole=instance")
    return sorted(one.metadata.name for one in found if kube.is_ready(one))


def can_be_installed() -> bool:
    """Whether an operator is there, or its chart."""
    folder = os.environ.get("CHARTS")
    return not folder or (Path(folder) / "cloudnative-pg").exists() or cnpg.is_shared(Cluster(contexts.current()))


@pytest.fixture(scope="module")
def platform() -> Iterator[Airflow]:
    """A new one, whose warehouse is in two instances and archived; others begin with none again."""
    config.load_kube_config()
    if not can_be_installed():
        pytest.skip("there is neither an operator of CloudNativePG nor its chart")
    kube.make("destroy")
    brought_up(**WITH_CNPG)
    yield Airflow()
    kube.close_ports()
    kube.make("destroy")


@pytest.fixture(scope="module")
def first_run(platform: Airflow) -> str:
    """What a run has published."""
    platform.succeed("spacex")
    return ask("analyst", CONTENT)


def test_two_instances_serve_and_a_second_up_changes_nothing(platform: Airflow) -> None:
    assert len(instances()) == 2
    pods, releases = kube.restarts(), kube.helm_releases()
    brought_up(**WITH_CNPG)
    assert kube.restarts() == pods
    assert kube.helm_releases() == releases
    status = kube.make("status")
    assert status.returncode == 0, status.stdout + status.stderr


def test_the_charts_own_tests_pass_on_it_too(platform: Airflow) -> None:
    tested = subprocess.run(["helm", "test", "warehouse", "-n", "data-platform"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_role_reads_what_it_may(first_run: str) -> None:
    assert first_run.startswith("205|")
    assert ask("engineer", "select count(*) > 0 from ops.run") == "t"
    assert ask("metrics", "select count(*) > 0 from pg_stat_statements") == "t"
    with pytest.raises(AssertionError, match="permission denied"):
        ask("analyst", "select count(*) from ops.run")


def test_another_kind_of_server_is_refused_while_this_one_has_the_data(first_run: str) -> None:
    refused = kube.make("up", OBJECT_STORE="1")
    assert refused.returncode != 0, refused.stdout
    assert "would begin without it" in refused.stderr
    assert "WAREHOUSE=cnpg" in refused.stderr


@dataclass(frozen=True)
class FailedOver:
    """A run whose primary was killed while it published."""

    killed: str
    state: str
    acknowledged: list[int]
    kept: list[int]
    without_s: float


@pytest.fixture(scope="module")
def failed_over(first_run: str, platform: Airflow) -> FailedOver:
    """The primary dies while rows are staged; meanwhile another client writes as fast as it can."""
    kube.as_superuser("create table beats (number bigint)")
    kube.as_superuser("update silver.spacex_launches set name = 'edited' where launch_id = '5eb87d42ffd86e000604b384'")
    image = json.loads(kube.core().read_namespaced_config_map("dags", "airflow").data["platform.json"])["etl_image"]
    password = kube.secret("data-platform", "warehouse-superuser")["password"]
    dsn = f"host=postgres.data-platform.svc dbname=warehouse user=postgres password={password} sslmode=require"
    with (
        kube.idle_pod("data-platform", image, {"app": "idle"}, ["python3", "-c", WRITER, dsn]) as pod,
        ThreadPoolExecutor(1) as aside,
    ):

        def written() -> list[tuple[int, float]]:
            lines = kube.kubectl("logs", "-n", "data-platform", pod.metadata.name).splitlines()
            return [(int(number), float(at)) for number, at in (line.split() for line in lines)]

        holding = aside.submit(kube.as_superuser, HOLD)
        run = platform.start("spacex")
        kube.wait_for("the publish", lambda: ask("engineer", IS_PUBLISHING))
        kube.wait_for("a client that writes", written)
        killed, at = primary(), time.time()
        kube.kill("data-platform", killed)
        kube.wait_for("writes again", lambda: written()[-1][1] > at + 5)
        state = platform.end("spacex", run)
        assert holding.exception(60)
        beats = written()
    times = [when for _, when in beats]
    gap = max(after - before for before, after in pairwise(times))
    kept = kube.kubectl(
        *("exec", "-n", "data-platform", "service/postgres", "-c", "postgres", "--"),
        *("psql", "-U", "postgres", "-d", "warehouse", "-tAc", "select number from beats order by 1"),
    )
    kube.as_superuser("drop table beats")
    return FailedOver(killed, state, [number for number, _ in beats], [int(one) for one in kept.split()], gap)


def test_a_primary_killed_in_the_middle_of_a_publish_leaves_the_right_contents(
    failed_over: FailedOver, first_run: str
) -> None:
    assert failed_over.state == "success"
    assert ask("analyst", CONTENT) == first_run
    assert ask("analyst", LAUNCHES) == "205|205"


def test_another_instance_takes_over_within_a_minute_with_all_that_was_committed(failed_over: FailedOver) -> None:
    print(f"{failed_over.without_s:.1f} s without a server, {len(failed_over.acknowledged)} commits, none lost")
    assert failed_over.without_s < 60
    assert set(failed_over.acknowledged) <= set(failed_over.kept)
    assert primary() != failed_over.killed


def test_the_killed_one_is_a_standby_of_the_new_one(failed_over: FailedOver) -> None:
    kube.wait_for("two instances", lambda: len(instances()) == 2)
    status = kube.wait_for("all is well", lambda: done if (done := kube.make("status")).returncode == 0 else None, 180)
    assert "Everything works" in status.stdout


def test_what_was_taken_down_comes_up_with_its_data(first_run: str, platform: Airflow) -> None:
    down = kube.make("down")
    assert down.returncode == 0, down.stderr
    assert kube.helm_releases() == {}
    assert not kube.pods("data-platform")
    brought_up(**WITH_CNPG)
    assert ask("analyst", CONTENT) == first_run
    assert re.search(r"make trigger", kube.make("status").stdout)


def facts(found: dict[str, Any]) -> dict[str, str]:
    """The conditions of a Cluster."""
    return {one["type"]: one["status"] for one in found["status"]["conditions"]}


def test_it_is_archived_from_the_beginning(platform: Airflow) -> None:
    def archived() -> bool:
        found = json.loads(kube.kubectl("get", cnpg.KIND, "postgres", "-n", "data-platform", "-o", "json"))
        return facts(found).get("ContinuousArchiving") == facts(found).get("LastBackupSucceeded") == "True"

    kube.wait_for("a base backup and WAL", archived)
