"""Each engine's answers to a case: `answers("spark", case)`."""

import os
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.conftest import MakeDatabase
from tests.engines import engines
from tests.engines.cases import Case, cases
from tests.engines.engines import Answers
from tests.engines.one_spark import OneSpark, one_spark, without_java
from tests.engines.spark import answer
from tests.object_store import object_store, s3

__all__ = ["object_store", "s3"]


BY_DAY = "test_both_engines_make_the_same_of_the_same_bronze[spacex-directory]"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what starts Spark; by day, one test does."""
    for item in items:
        if isinstance(item, pytest.Function):
            engine = item.callspec.params.get("engine") if hasattr(item, "callspec") else None
            if engine == "spark" or "spark" in item.fixturenames:
                item.add_marker(pytest.mark.spark)
                if item.name != BY_DAY:
                    item.add_marker(pytest.mark.thorough)


Ask = Callable[[str, str], Answers]


@pytest.fixture(scope="session")
def ask(request: pytest.FixtureRequest) -> Ask:
    """`ask("spark", "sensors-any")`: what that engine makes of that case. Each is asked once per session."""
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
def in_spark(spark: OneSpark) -> Callable[[Case], Answers]:
    return lambda case: {name: engines.of_arrow(table) for name, table in spark(answer, case.name).items()}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneSpark]:
    """The one Spark of all workers: `spark(function, …)` calls a function there."""
    reason = without_java()
    if reason:
        pytest.skip(reason)
    base = tmp_path_factory.getbasetemp()
    with one_spark((base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "spark") as started:
        yield started
