"""Each engine's answers to a case: `answers("spark", case)`."""

import fcntl
import os
from collections.abc import Callable
from functools import cache

import pytest

from tests.conftest import MakeDatabase
from tests.engines import engines
from tests.engines.cases import Case, cases
from tests.engines.engines import Answers

Ask = Callable[[str, str], Answers]


@pytest.fixture(scope="session")
def ask(request: pytest.FixtureRequest) -> Ask:
    """`ask("spark", "sensors-any")`: what that engine makes of that case. Each is asked once in a session."""
    known = cases()
    engine = {"postgres": "in_postgres", "duckdb": "in_duckdb", "spark": "in_spark"}

    @cache
    def answers(name: str, case: str) -> Answers:
        made: Callable[[Case], Answers] = request.getfixturevalue(engine[name])
        return made(known[case])

    return answers


@pytest.fixture(scope="session")
def in_duckdb() -> Callable[[Case], Answers]:
    return engines.in_duckdb


@pytest.fixture(scope="session")
def in_postgres(make_database: MakeDatabase) -> Callable[[Case], Answers]:
    def made(case: Case) -> Answers:
        with make_database(migrated=False) as dsn:
            return engines.in_postgres(dsn, case)

    return made


@pytest.fixture(scope="session")
def in_spark(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Answers]:
    """Whichever worker comes first has Spark answer everything; the others wait for it and read the same files."""
    reason = engines.without_java()
    if reason:
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "spark"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "log.txt").is_file():
            engines.ask_spark(folder)
    return lambda case: engines.of_spark(folder, case)
