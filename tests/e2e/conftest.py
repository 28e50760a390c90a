"""The installed platform: `make up` once for all scenarios, then its parts as their users reach them.

Scenarios share one platform. The numbers of their files put what needs the same installation side by side, because
bringing it up takes longest; no file relies on an earlier one: whatever it needs, its fixtures make.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests
from kubernetes import client, config

from tests.conftest import ROOT
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.prometheus import Prometheus, frequent

Connect = Callable[..., AbstractContextManager[Any]]
Ask = Callable[[str, str], list[tuple[Any, ...]]]

LISTENER = """
import http.server, json
class Listener(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        received = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for alert in received["alerts"]:
            print(alert["status"], alert["labels"]["alertname"], alert["annotations"].get("runbook_url"), flush=True)
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("", 8080), Listener).serve_forever()
"""


def questions(source: str) -> dict[str, str]:
    """The SQL of sql/questions/ about a source, by name."""
    return {file.stem: file.read_text() for file in sorted((ROOT / "sql" / "questions" / source).glob("*.sql"))}


@pytest.fixture(scope="session", autouse=True)
def _ports() -> Iterator[None]:
    yield
    kube.close_ports()


def brought_up(**variables: str) -> str:
    """The output of a `make up` that succeeded."""
    ended = kube.make("up", **variables)
    print(ended.stdout)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="session")
def up() -> str:
    """The output of the first `make up`. A cluster that already has the platform is brought up to this checkout."""
    config.load_kube_config()
    return brought_up()


@pytest.fixture(scope="session")
def image(up: str) -> str:
    """The image that the platform's pods run."""
    dags = kube.core().read_namespaced_config_map("dags", "airflow").data
    return str(kube.json.loads(dags["platform.json"])["etl_image"])


@pytest.fixture(scope="session")
def airflow(up: str) -> Airflow:
    """Airflow's REST API."""
    return Airflow()


@dataclass(frozen=True)
class FirstRuns:
    """The IDs of two runs that succeeded side by side, and the second before they were triggered."""

    begun: datetime
    spacex: str
    sensors: str


@pytest.fixture(scope="session")
def first_runs(airflow: Airflow) -> FirstRuns:
    """A run of each source."""
    begun = kube.now()
    spacex, sensors = kube.side_by_side(lambda: airflow.succeed("spacex"), lambda: airflow.succeed("sensors"))
    return FirstRuns(begun, spacex, sensors)


@pytest.fixture(scope="session")
def nasa_runs(airflow: Airflow) -> dict[str, str]:
    """The IDs of three more that succeeded side by side: Airflow runs at most four tasks at a time here."""
    names = ("apod", "neo", "mars")
    return dict(zip(names, kube.side_by_side(*(partial(airflow.succeed, name) for name in names)), strict=True))


@pytest.fixture(scope="session")
def backup(first_runs: FirstRuns) -> Iterator[None]:
    """One backup, of what a run has published."""
    job = ("job", "backup-now", "--namespace=data-platform")
    kube.kubectl("delete", *job, "--ignore-not-found")  # what an interrupted test run left
    kube.kubectl("create", *job, "--from=cronjob/backup")
    kube.kubectl("wait", *job, "--for=condition=Complete", "--timeout=300s")
    yield
    kube.kubectl("delete", *job, "--ignore-not-found")  # it belongs to the CronJob, which keeps few


@dataclass(frozen=True)
class Listener:
    """A pod that receives alerts and logs them."""

    pod: str
    leave: Callable[[], None]


@pytest.fixture(scope="session")
def listener(up: str, image: str) -> Iterator[Listener]:
    """Somebody who wants to receive alerts: a pod, the way to it, and the Secret that names it to `make up`."""
    labels = {"app": "listener"}
    from_alertmanager = {
        "from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "alertmanager"}}}],
        "ports": [{"port": 8080}],
    }
    made = ("secret/alerts", "service/listener", "networkpolicy/listener")
    delete = partial(kube.kubectl, "delete", *made, "--namespace=monitoring", "--ignore-not-found")
    delete()  # what an interrupted test run left
    with ExitStack() as stack:
        stack.callback(delete)
        kube.core().create_namespaced_service(
            "monitoring", {"metadata": {"name": "listener"}, "spec": {"selector": labels, "ports": [{"port": 8080}]}}
        )
        policy = {"podSelector": {"matchLabels": labels}, "ingress": [from_alertmanager]}
        client.NetworkingV1Api().create_namespaced_network_policy(
            "monitoring", {"metadata": {"name": "listener"}, "spec": policy}
        )
        receiver = {"webhook-url": "http://listener.monitoring.svc:8080/"}
        kube.core().create_namespaced_secret("monitoring", {"metadata": {"name": "alerts"}, "stringData": receiver})
        pod = stack.enter_context(kube.idle_pod("monitoring", image, labels, ["python3", "-c", LISTENER]))
        yield Listener(pod.metadata.name, stack.close)


@pytest.fixture(scope="session")
def notifying(listener: Listener) -> None:
    """A `make up` that made the listener the receiver of alerts."""
    brought_up()


@pytest.fixture(scope="session")
def extended(notifying: None) -> str:
    """The output of the `make up` that added Spark, an object store and the service for pictures to the platform."""
    return brought_up(SPARK="1", OBJECT_STORE="1", ENRICHMENT="1")


@dataclass(frozen=True)
class SparkRun:
    """A run on Spark whose driver was killed while it transformed, and that recovers by itself."""

    run: str
    begun: datetime
    killed: str
    executors: frozenset[str]


SPARK_DAYS = {"start_date": "2023-01-01", "end_date": "2023-01-31"}


@pytest.fixture(scope="session")
def spark_run(extended: str, airflow: Airflow) -> SparkRun:
    """Triggers the run and kills its first driver once both executors work. Others await its end."""
    begun = kube.now()
    run = airflow.start("sensors_spark", **SPARK_DAYS)

    def both_executors() -> set[str] | None:
        running = [one for one in kube.pods("etl", "spark-role=executor") if one.status.phase == "Running"]
        return {one.metadata.name for one in running} if len(running) == 2 else None

    executors = kube.wait_for("two executors", both_executors, 600)
    [driver] = kube.pods("etl", "spark-role=driver")
    kube.kill("etl", driver.metadata.name)
    return SparkRun(run, begun, driver.metadata.uid, frozenset(executors))


@pytest.fixture(scope="session")
def prometheus(up: str) -> Iterator[Prometheus]:
    """What is measured. Our exporters are scraped every few seconds: tests wait for what they say, not for a clock."""
    prometheus = Prometheus()
    with frequent(prometheus):
        yield prometheus


@pytest.fixture(scope="session")
def authority(up: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the certificate of the authority that signed the warehouse's."""
    file = tmp_path_factory.mktemp("warehouse") / "ca.crt"
    file.write_text(kube.secret("data-platform", "warehouse-tls")["ca.crt"])
    return file


@pytest.fixture(scope="session")
def connect(authority: Path) -> Connect:
    """`with connect("analyst") as cursor`: the warehouse, with the server's certificate verified.

    Each connection has a port-forward of its own: kubectl ends it when a client of Postgres hangs up.
    """

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
                    "password": kube.secret("data-platform", "warehouse-logins").get(role),
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


@pytest.fixture(scope="session")
def ask(connect: Connect) -> Iterator[Ask]:
    """`ask("analyst", "select 1")`, over a connection for each role and thread that is kept as long as it works."""
    kept: dict[tuple[str, int], tuple[ExitStack, Any]] = {}

    def close(key: tuple[str, int]) -> None:
        kept.pop(key)[0].close()

    def rows(role: str, sql: str) -> list[tuple[Any, ...]]:
        key = (role, threading.get_ident())
        is_kept = key in kept
        if not is_kept:
            stack = ExitStack()
            kept[key] = (stack, stack.enter_context(connect(role)))
        cursor = kept[key][1]
        try:
            cursor.execute(sql)
            return list(cursor.fetchall())
        except psycopg2.Error:
            is_broken = bool(cursor.connection.closed)
            close(key)
            if is_kept and is_broken:  # the server was restarted meanwhile
                return rows(role, sql)
            raise

    yield rows
    for key in list(kept):
        close(key)


class Faults:
    """What goes wrong with the simulated API of a source."""

    def __init__(self, source: str) -> None:
        self._source = source

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{kube.port('simulator', 'simulator', 8900)}/{self._source}/_faults"

    def plan(self, *faults: str) -> None:
        """Have requests meet faults, such as `slow=20@/v5/launches`."""
        requests.post(self._url, json=faults, timeout=30).raise_for_status()

    def are_met(self) -> bool:
        """Whether each planned fault has met its request."""
        return requests.get(self._url, timeout=30).json() == []

    def clear(self) -> None:
        """From now on the API works."""
        requests.delete(self._url, timeout=30).raise_for_status()


@contextmanager
def misbehaving(source: str, *faults: str) -> Iterator[Faults]:
    """The simulated API of a source, with faults until the block ends."""
    planned = Faults(source)
    planned.clear()
    planned.plan(*faults)
    try:
        yield planned
    finally:
        planned.clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Scenarios run one after the other, in the order of their files."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        raise pytest.UsageError("The scenarios share one platform: run them without -n.")


_seconds: Counter[str] = Counter()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up where the time goes; what a fixture does counts for the first file that asks for it."""
    _seconds[report.location[0]] += report.duration


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seconds that each file took."""
    terminalreporter.section("seconds by file")
    for file, seconds in sorted(_seconds.items()):
        terminalreporter.line(f"{seconds:6.0f} {file}")
    terminalreporter.line(f"{sum(_seconds.values()):6.0f} in all")
