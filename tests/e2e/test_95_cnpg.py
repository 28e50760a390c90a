"""A warehouse that fails over: moved here, killed in a publish, restored to a moment and after its loss."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from kubernetes import config

from k8s.installer.cluster import contexts
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.install import cnpg
from tests.e2e import howto, kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import brought_up

pytestmark = pytest.mark.thorough

CONTENT = "select count(*), md5(string_agg(launch_id || name, ',' order by launch_id)) from silver.spacex_launches"
LAUNCHES = "select count(*), count(distinct launch_id) from silver.spacex_launches"
PAGE = "a-warehouse-that-fails-over.md"
RUNS = "select count(*) from ops.run"
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
    """What `make psql` prints for a role; it verifies the server's certificate."""
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


@dataclass(frozen=True)
class Moved:
    """A platform whose warehouse was one server, and what that had published."""

    airflow: Airflow
    run: str
    content: str
    runs: str
    refused: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def moved() -> Iterator[Moved]:
    """A new one with one server, that becomes two instances with an archive; others begin with none again."""
    config.load_kube_config()
    if not can_be_installed():
        pytest.skip("there is neither an operator of CloudNativePG nor its chart")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OBJECT_STORE", "1")
        kube.make("destroy")
        brought_up()
        before = Airflow().succeed("spacex"), ask("analyst", CONTENT), ask("engineer", RUNS)
        kube.close_ports()
        refused = kube.make("up", WAREHOUSE="cnpg")
        lines = howto.commands(PAGE, "Move a warehouse here")
        cut = lines.index("make restore") + 1
        said = howto.run(lines[:cut], {})
        patch.setenv("WAREHOUSE", "cnpg")
        howto.run(lines[cut:], {"20261121T023000Z": newest_backup(said)})
        yield Moved(Airflow(), *before, refused)
        kube.close_ports()
        kube.make("destroy")


def newest_backup(said: str) -> str:
    return re.findall(r"(\d{8}T\d{6}Z)/warehouse", said)[-1]


def test_a_server_with_data_is_not_left_behind_in_silence(moved: Moved) -> None:
    assert moved.refused.returncode != 0, moved.refused.stdout
    assert "The warehouse's data is in a server of kind postgres" in moved.refused.stderr
    assert "make up WAREHOUSE=postgres" in moved.refused.stderr


def test_what_one_server_held_is_in_the_instances_it_was_moved_to(moved: Moved) -> None:
    assert ask("analyst", CONTENT) == moved.content
    assert int(ask("engineer", RUNS)) >= int(moved.runs)
    assert "205 launches" in moved.airflow.log("spacex", moved.run, "check")


def test_two_instances_serve_and_a_second_up_changes_nothing(moved: Moved) -> None:
    assert len(instances()) == 2
    pods, releases = kube.restarts(), kube.helm_releases()
    brought_up()
    assert kube.restarts() == pods
    assert kube.helm_releases() == releases
    status = kube.make("status")
    assert status.returncode == 0, status.stdout + status.stderr


def test_the_charts_own_tests_pass_on_it_too(moved: Moved) -> None:
    tested = subprocess.run(["helm", "test", "warehouse", "-n", "data-platform"], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_role_reads_what_it_may(moved: Moved) -> None:
    assert moved.content.startswith("205|")
    assert ask("engineer", "select count(*) > 0 from ops.run") == "t"
    assert ask("metrics", "select count(*) > 0 from pg_stat_statements") == "t"
    with pytest.raises(AssertionError, match="permission denied"):
        ask("analyst", "select count(*) from ops.run")


def test_another_kind_of_server_is_refused_while_this_one_has_the_data(moved: Moved) -> None:
    refused = kube.make("up", WAREHOUSE="postgres")
    assert refused.returncode != 0, refused.stdout
    assert "would begin without it" in refused.stderr
    assert "WAREHOUSE=cnpg" in refused.stderr


@dataclass(frozen=True)
class Writing:
    """A client that writes as fast as it can."""

    pod: str

    def acknowledged(self) -> list[tuple[int, float]]:
        """What it knows to be committed, and since when."""
        lines = kube.kubectl("logs", "-n", "data-platform", self.pod).splitlines()
        return [(int(number), float(at)) for number, at in (line.split() for line in lines)]


@contextmanager
def writing() -> Iterator[Writing]:
    """It begins with a table of its own."""
    kube.as_superuser("create table beats (number bigint)")
    image = json.loads(kube.core().read_namespaced_config_map("dags", "airflow").data["platform.json"])["etl_image"]
    password = kube.secret("data-platform", "warehouse-superuser")["password"]
    dsn = f"host=postgres.data-platform.svc dbname=warehouse user=postgres password={password} sslmode=require"
    with kube.idle_pod("data-platform", image, {"app": "idle"}, ["python3", "-c", WRITER, dsn]) as pod:
        client = Writing(pod.metadata.name)
        kube.wait_for("a client that writes", client.acknowledged)
        yield client


def kept() -> list[int]:
    """What the server has of it; the table goes."""
    found = kube.as_superuser("select number from beats order by 1")
    kube.as_superuser("drop table beats")
    return [int(one) for one in re.findall(r"^ *(\d+)$", found, re.MULTILINE)]


@dataclass(frozen=True)
class FailedOver:
    """A run whose primary was killed while it published."""

    killed: str
    state: str
    acknowledged: list[int]
    kept: list[int]
    without_s: float


@pytest.fixture(scope="module")
def failed_over(moved: Moved) -> FailedOver:
    """The primary dies while rows are staged; meanwhile another client writes."""
    kube.as_superuser("update silver.spacex_launches set name = 'edited' where launch_id = '5eb87d42ffd86e000604b384'")
    with writing() as client, ThreadPoolExecutor(1) as aside:
        holding = aside.submit(kube.as_superuser, HOLD)
        run = moved.airflow.start("spacex")
        kube.wait_for("the publish", lambda: ask("engineer", IS_PUBLISHING))
        killed, at = primary(), time.time()
        kube.kill("data-platform", killed)
        kube.wait_for("writes again", lambda: client.acknowledged()[-1][1] > at + 5)
        state = moved.airflow.end("spacex", run)
        assert holding.exception(60)
        beats = client.acknowledged()
    gap = max(after - before for (_, before), (_, after) in pairwise(beats))
    return FailedOver(killed, state, [number for number, _ in beats], kept(), gap)


def test_a_primary_killed_in_the_middle_of_a_publish_leaves_the_right_contents(
    failed_over: FailedOver, moved: Moved
) -> None:
    assert failed_over.state == "success"
    assert ask("analyst", CONTENT) == moved.content
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


def test_what_was_taken_down_comes_up_with_its_data(moved: Moved) -> None:
    down = kube.make("down")
    assert down.returncode == 0, down.stderr
    assert kube.helm_releases() == {}
    assert not kube.pods("data-platform")
    brought_up()
    assert ask("analyst", CONTENT) == moved.content


def facts(found: dict[str, Any]) -> dict[str, str]:
    """The conditions of a Cluster."""
    return {one["type"]: one["status"] for one in found["status"]["conditions"]}


def test_it_is_archived_from_the_beginning(moved: Moved) -> None:
    def archived() -> bool:
        found = json.loads(kube.kubectl("get", cnpg.KIND, "postgres", "-n", "data-platform", "-o", "json"))
        return facts(found).get("ContinuousArchiving") == facts(found).get("LastBackupSucceeded") == "True"

    kube.wait_for("a base backup and WAL", archived)


def moment() -> str:
    """Now, as people write it; what is committed before is in it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_a_dropped_schema_comes_back_as_it_was_at_a_moment(moved: Moved) -> None:
    questions = ask("analyst", "select count(*), sum(reuse_number) from gold.core_reuses")
    before = moment()
    kube.wait_for("the next second", lambda: moment() > before)
    kube.as_superuser("drop schema gold cascade")
    example = {"2026-11-21T09:59:00Z": before}
    lines = howto.commands(PAGE, "Restore")
    said = howto.run(lines[:2], example)
    assert "gold.core_reuses: is not there now, then 118 rows" in said
    assert "silver.spacex_launches" not in said, "only what differs is shown"
    with pytest.raises(AssertionError, match="no schema gold"):
        howto.run(lines[2:3], example)
    howto.run(lines[4:], example)
    assert ask("analyst", "select count(*), sum(reuse_number) from gold.core_reuses") == questions
    assert ask("analyst", CONTENT) == moved.content
    moved.airflow.succeed("spacex")


def test_one_table_comes_back_as_it_was_at_a_moment(moved: Moved) -> None:
    before = moment()
    kube.wait_for("the next second", lambda: moment() > before)
    kube.as_superuser("delete from gold.core_usage")
    example = {"2026-11-21T09:59:00Z": before}
    howto.run(howto.commands(PAGE, "Restore")[2:4], example)
    assert ask("analyst", "select max(reuses) from gold.core_usage") == "13"
    assert ask("analyst", CONTENT) == moved.content


def lose_everything() -> None:
    """Both pods die at once, and their volumes are gone; the operator notices later."""
    deployments = json.loads(kube.kubectl("get", "deployments", "-A", "-l", cnpg.OPERATOR, "-o", "json"))["items"]
    [(where, name)] = [(one["metadata"]["namespace"], one["metadata"]["name"]) for one in deployments]
    kube.kubectl("scale", "deployment", name, "-n", where, "--replicas=0")
    kube.wait_for("no operator", lambda: not kube.pods(where, cnpg.OPERATOR))
    for instance in instances():
        kube.kill("data-platform", instance)
    kube.kubectl("delete", "pvc", "-n", "data-platform", "-l", f"{cnpg.LABEL}=postgres")
    kube.kubectl("scale", "deployment", name, "-n", where, "--replicas=1")
    kube.kubectl("rollout", "status", "deployment", name, "-n", where, "--timeout=120s")


def test_after_the_loss_of_all_volumes_all_that_was_archived_comes_back(moved: Moved) -> None:
    with writing() as client:
        archived, _ = client.acknowledged()[-1]
        segment = ask("postgres", "select pg_walfile_name(pg_switch_wal())")
        newest = "select coalesce(max(last_archived_wal), '') from pg_stat_archiver"
        kube.wait_for("its segment in the archive", lambda: ask("postgres", newest) >= segment)
        lose_everything()
        beats = client.acknowledged()
    status = kube.make("status")
    assert status.returncode != 0, status.stdout
    former = kube.secret("data-platform", "warehouse-archive")["FOLDER"]
    begun = time.monotonic()
    said = howto.follow(PAGE, "All instances are lost", {"postgres-20261121T090000Z": former})
    took_s = time.monotonic() - begun
    assert f"FOLDER={former}" in said
    known, last = dict(beats), max(kept())
    print(f"back after {took_s:.0f} s; the last {beats[-1][1] - known[last]:.1f} s of commits are lost")
    assert last >= archived
    assert ask("analyst", CONTENT) == moved.content
    Airflow().succeed("spacex")
    assert ask("analyst", CONTENT) == moved.content


def test_a_drill_says_how_long_a_restore_takes(moved: Moved) -> None:
    said = howto.follow(PAGE, "Rehearse it", {})
    kube.kubectl("delete", "job", "drill-now", "-n", "data-platform")
    assert re.search(r"came back in \d+ s: version \d{4}, \d+ runs", said)
