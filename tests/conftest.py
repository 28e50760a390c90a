"""What tests share: a real Postgres, a database each, the simulator, and where the real responses are."""

import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import psycopg2
import pytest

from etl import sources
from etl.core.api import RetryPolicy
from etl.core.source import Source
from etl.lake.store import Lake
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.runtime import OBSERVED
from etl.settings import SpacexSettings
from etl.simulate import server
from etl.simulate.faults import Fault, Faults
from etl.sources.http.client import HttpClient
from etl.sources.spacex import simulator as spacex
from etl.state import migrations
from etl.telemetry import metrics as telemetry
from tests.collector import Collector, collector

ROOT = Path(__file__).parents[1]
# Not ETL_…: many tests hand the environment on to `etl`, which refuses what is no setting.
IS_THOROUGH = bool(os.environ.get("TESTS_THOROUGH"))  # as in `make test-all`
HASTY = RetryPolicy(connect_s=60, read_s=60, attempts=3, retry_s=120, wait_s=0.01)  # a machine may stall
TEMPLATE = "migrated"

IS_WORKER = bool(os.environ.get("PYTEST_XDIST_WORKER"))
# A new database waits for checkpoints, which a disk makes several times slower.
MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30
IN_MEMORY = "TESTS_IN_MEMORY"


# A busy machine is no reason to fail. In CI a pull request fails only for what it changed: the examples are always the
# same; `make test-all` looks for new ones, more of them.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    max_examples=40,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("house"), derandomize=False, max_examples=200, print_blob=True
)
hypothesis.settings.load_profile("thorough" if IS_THOROUGH else "house")


def pytest_configure() -> None:
    """A shell that starts the tests in the background has them, and all that they start, ignore interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not IS_WORKER and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ[IN_MEMORY] = tempfile.mkdtemp(prefix="etl-tests-", dir=MEMORY)


def pytest_unconfigure() -> None:
    """Give the memory back."""
    if not IS_WORKER and (folder := os.environ.pop(IN_MEMORY, None)):
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real API responses, kept beside the repository; tests that need them are skipped where they are not."""
    place = Path(os.environ.get("TESTS_SHARED", ROOT.parent / "shared"))
    if not (place / "data").is_dir():
        pytest.skip(f"needs the real API responses in {place}, which are not here")
    return place


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that all workers of a test run share; its connection string names the owner's database."""
    base = tmp_path_factory.getbasetemp()
    shared_by_workers = Path(os.environ.get(IN_MEMORY, base.parent if IS_WORKER else base))
    with embedded.server(shared_by_workers / "postgres") as dsn:
        with _session(dsn) as cursor:
            cursor.execute("select pg_advisory_lock(1)")
            cursor.execute("alter system set fsync = off")  # a test's server may lose all if the machine dies
            cursor.execute("select pg_reload_conf()")
            cursor.execute("select 1 from pg_database where datname = %s", [TEMPLATE])
            if cursor.fetchone() is None:
                cursor.execute(f"create database {TEMPLATE}_new")
                with Warehouse(named(dsn, f"{TEMPLATE}_new")) as owner:
                    migrations.migrate(owner)
                cursor.execute(f"alter database {TEMPLATE}_new rename to {TEMPLATE}")
        yield dsn


def _create(name: str, template: str) -> str:
    """Copying files takes half as long as logging their content, which is the default."""
    return f"create database {name} template {template} strategy file_copy"


@pytest.fixture
def new_database(postgres: str) -> Iterator[Callable[..., str]]:
    """Makes databases, migrated or empty, that go with the test."""
    made = []

    def make(*, migrated: bool = True) -> str:
        name = f"test_{uuid.uuid4().hex}"
        with _session(postgres) as cursor:
            cursor.execute(_create(name, TEMPLATE if migrated else "template1"))
        made.append(name)
        return named(postgres, name)

    yield make
    with _session(postgres) as cursor:
        for name in made:
            cursor.execute(f"drop database {name} with (force)")


MakeDatabase = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def make_database(postgres: str) -> MakeDatabase:
    """`with make_database(like=dsn) as dsn`: a copy of another database, by default of a migrated one without rows.

    A copy has no grants on the database itself: what is about those migrates an empty one.
    """

    @contextmanager
    def make(*, like: str | None = None, migrated: bool = True) -> Iterator[str]:
        name = f"test_{uuid.uuid4().hex}"
        template = like.split("?")[0].rsplit("/", 1)[1] if like else TEMPLATE if migrated else "template1"
        with _session(postgres) as cursor:
            cursor.execute(_create(name, template))
        try:
            yield named(postgres, name)
        finally:
            with _session(postgres) as cursor:
                cursor.execute(f"drop database {name} with (force)")

    return make


@pytest.fixture
def database(new_database: Callable[..., str]) -> str:
    """A migrated, empty warehouse of the test's own."""
    return new_database()


@pytest.fixture
def warehouse(database: str) -> Iterator[Warehouse]:
    """A session of the loader on it."""
    with Warehouse(database, role="etl_loader", lock_timeout_s=10) as session:
        yield session


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def metrics() -> Iterator[Callable[[], Collector]]:
    """What was measured, once it is asked for."""
    with collector() as heard:
        telemetry.configure_metrics("127.0.0.1", heard.port)

        def measured() -> Collector:
            telemetry.flush()
            return heard

        yield measured
        telemetry.configure_metrics(None, 0)


Simulate = Callable[..., Any]


@pytest.fixture
def simulate() -> Iterator[Simulate]:
    """Starts simulators of the SpaceX API: `simulate(Fault("cut"), snapshot={...})` returns a base URL."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(*plan: Fault, snapshot: dict[str, list[dict[str, Any]]] | None = None) -> str:
            return stack.enter_context(server.serve(spacex.make_app(Faults(list(plan)), snapshot))).url

        yield start


def spacex_at(url: str, page_size: int = 100) -> Source:
    return sources.load("spacex", SpacexSettings(base_url=url, page_size=page_size), "the simulator")


@contextmanager
def client_of(url: str, policy: RetryPolicy = HASTY, **options: Any) -> Iterator[HttpClient]:
    with HttpClient("spacex", url, policy, emit=OBSERVED, **options) as client:
        yield client


def named(dsn: str, database: str) -> str:
    """The same server, another database."""
    return dsn.replace(f"/{embedded.DATABASE}?", f"/{database}?")


@contextmanager
def _session(dsn: str) -> Iterator[Any]:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()
