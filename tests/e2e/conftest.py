"""The installed platform: `make up` once for all scenarios, then its parts as their users reach them."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from kubernetes import config

from tests.conftest import ROOT
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.prometheus import Prometheus

Connect = Callable[..., AbstractContextManager[Any]]
Ask = Callable[[str, str], list[tuple[Any, ...]]]


def questions(source: str) -> dict[str, str]:
    """The texts of sql/questions/ about a source, by their names."""
    return {file.stem: file.read_text() for file in sorted((ROOT / "sql" / "questions" / source).glob("*.sql"))}


@pytest.fixture(scope="session")
def up() -> str:
    """What the first `make up` said. On a cluster that has the platform already, it brings it to this checkout."""
    config.load_kube_config()
    ended = kube.make("up")
    print(ended.stdout)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="session")
def image(up: str) -> str:
    """The image that the platform's pods run."""
    dags = kube.client.CoreV1Api().read_namespaced_config_map("dags", "airflow").data
    return str(kube.json.loads(dags["platform.json"])["etl_image"])


@contextmanager
def logged_in() -> Iterator[Airflow]:
    """Airflow's REST API, as the user whom `make credentials` shows, over a port-forward of its own."""
    admin = kube.secret("airflow", "airflow-admin")
    with kube.forward("airflow", "airflow-api-server", 8080) as port:
        yield Airflow(f"http://127.0.0.1:{port}", admin["username"], admin["password"])


@pytest.fixture(scope="module")
def airflow(up: str) -> Iterator[Airflow]:
    """Airflow, for all tests of a file."""
    with logged_in() as airflow:
        yield airflow


@pytest.fixture(scope="session")
def up_with_spark(up: str) -> str:
    """What `make up` said that brought Spark and an object store; the last scenario about them takes both away."""
    ended = kube.make("up", SPARK="1", OBJECT_STORE="1")
    print(ended.stdout)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def prometheus(up: str) -> Iterator[Prometheus]:
    """What is measured."""
    with kube.forward("monitoring", "kube-prometheus-stack-prometheus", 9090) as port:
        yield Prometheus(f"http://127.0.0.1:{port}")


@pytest.fixture
def connect(up: str, tmp_path: Path) -> Connect:
    """`with connect("analyst") as cursor`: the warehouse over a port-forward, the server's certificate verified."""
    authority = tmp_path / "ca.crt"
    authority.write_text(kube.secret("data-platform", "warehouse-tls")["ca.crt"])
    logins = kube.secret("data-platform", "warehouse-logins")

    @contextmanager
    def cursor(role: str, database: str = "warehouse", **options: Any) -> Iterator[Any]:
        with kube.forward("data-platform", "postgres", 5432) as port:
            connection = psycopg2.connect(
                **{
                    "host": "localhost",
                    "hostaddr": "127.0.0.1",
                    "port": port,
                    "dbname": database,
                    "user": role,
                    "password": logins.get(role),
                    "sslmode": "verify-full",
                    "sslrootcert": str(authority),
                }
                | options
            )
            connection.autocommit = True
            try:
                yield connection.cursor()
            finally:
                connection.close()

    return cursor


@pytest.fixture
def ask(connect: Connect) -> Ask:
    """`ask("analyst", "select 1")`."""

    def rows(role: str, sql: str) -> list[tuple[Any, ...]]:
        with connect(role) as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    return rows


class Faults:
    """What goes wrong with the simulated API."""

    def __init__(self, url: str) -> None:
        self._url = url

    def plan(self, fault: str) -> None:
        """Have requests meet a fault, such as `slow=20@/v5/launches`."""
        requests.post(self._url, json=[fault], timeout=30).raise_for_status()

    def are_met(self) -> bool:
        """Whether each planned fault has had its request."""
        return requests.get(self._url, timeout=30).json() == []

    def clear(self) -> None:
        """From now on all is well."""
        requests.delete(self._url, timeout=30).raise_for_status()


@contextmanager
def misbehaving(source: str) -> Iterator[Faults]:
    """The simulated API of a source, which misbehaves on request until the block ends."""
    with kube.forward("simulator", f"simulator-{source}", 8900) as port:
        planned = Faults(f"http://127.0.0.1:{port}/_faults")
        planned.clear()
        yield planned
        planned.clear()


@pytest.fixture
def faults(up: str) -> Iterator[Faults]:
    """What goes wrong with the API of SpaceX during a test."""
    with misbehaving("spacex") as planned:
        yield planned


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scenarios share one platform: they run one after the other, in the order of their files."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        raise pytest.UsageError("scenarios share one platform; run them without -n")
