"""From an earlier version to this one: what was published and what had happened stay, and readers hardly notice."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from kubernetes import config

from tests.conftest import ROOT
from tests.e2e import kube
from tests.e2e.airflow import Airflow

pytestmark = pytest.mark.thorough

FROM = "TESTS_UPGRADE_FROM"
READ = """
select
    (select count(*) from silver.spacex_launches) as launches,
    (select count(*) from silver.sensor_readings) as readings,
    (select sum(reuse_number) from gold.core_reuses) as reuses
"""
RUNS = "select run_id, source, status from ops.run order by 1"
LONGEST_S = 60  # if Postgres' own pod is replaced; otherwise reconnecting takes a second or two


def rows(role: str, statement: str) -> list[tuple[Any, ...]]:
    """What a statement returns, over a connection of its own."""
    with kube.forward("data-platform", "postgres", 5432) as port, ExitStack() as stack:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=port,
            dbname="warehouse",
            user=role,
            password=kube.secret("data-platform", "warehouse-logins")[role],
            sslmode="require",
        )
        stack.callback(connection.close)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


@dataclass(eq=False)
class Reader(threading.Thread):
    """Asks the same again and again; notes each answer and the longest time without one."""

    answers: set[tuple[Any, ...]] = field(default_factory=set)
    longest_s: float = 0.0
    count: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._is_over = threading.Event()

    def run(self) -> None:
        last = time.monotonic()
        while not self._is_over.wait(0.1):
            try:
                answer = rows("analyst", READ)
            except Exception:  # whatever it is, there was no answer
                continue
            now = time.monotonic()
            self.longest_s, last = max(self.longest_s, now - last), now
            self.answers.update(answer)
            self.count += 1

    def end(self) -> None:
        self._is_over.set()
        self.join()


@dataclass(frozen=True)
class Upgraded:
    """What was there before, what a reader saw meanwhile, and what `make up` said."""

    runs: list[tuple[Any, ...]]
    airflow_run: str
    answer: tuple[Any, ...]
    reader: Reader
    said: str


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Upgraded:
    """The platform of the earlier version, with two sources published, brought up to this checkout."""
    version = os.environ.get(FROM) or _newest_tag()
    if version is None:
        pytest.skip(f"needs an earlier version: a tag, or a commit in ${FROM}")
    config.load_kube_config()
    earlier = tmp_path_factory.mktemp("earlier") / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(earlier)], check=True)
    subprocess.run(["git", "-C", str(earlier), "checkout", "--quiet", version], check=True)
    kube.destroy()
    _up(earlier)
    airflow = Airflow()
    run, _ = kube.side_by_side(lambda: airflow.succeed("spacex"), lambda: airflow.succeed("sensors"))
    before, [answer] = rows("engineer", RUNS), rows("analyst", READ)
    reader = Reader()
    reader.start()
    try:
        said = _up(ROOT)
    finally:
        reader.end()
    return Upgraded(before, run, answer, reader, said)


def _newest_tag() -> str | None:
    command = ["git", "-C", str(ROOT), "describe", "--tags", "--abbrev=0", "HEAD^"]
    found = subprocess.run(command, capture_output=True, text=True)
    return found.stdout.strip() or None


def _up(folder: Path) -> str:
    command = ["make", "--no-print-directory", "up", "SIMULATE=1", "YES=1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_was_published_and_what_had_run_is_there(upgraded: Upgraded) -> None:
    assert rows("analyst", READ) == [upgraded.answer]
    assert set(upgraded.runs) <= set(rows("engineer", RUNS))
    assert Airflow().end("spacex", upgraded.airflow_run) == "success"


def test_a_reader_saw_the_same_all_the_time_with_short_interruptions(upgraded: Upgraded) -> None:
    print(f"{upgraded.reader.count} answers, at most {upgraded.reader.longest_s:.1f} s without one")
    assert upgraded.reader.answers == {upgraded.answer}
    assert upgraded.reader.count > 10
    assert upgraded.reader.longest_s < LONGEST_S


def test_the_next_run_publishes_with_the_new_version(upgraded: Upgraded) -> None:
    Airflow().succeed("sensors")
    assert len(rows("engineer", RUNS)) > len(upgraded.runs)


def test_a_second_up_has_nothing_to_do(upgraded: Upgraded) -> None:
    before = kube.helm_releases()
    _up(ROOT)
    assert kube.helm_releases() == before
