"""What only these tests need: processes that die on request, a warehouse to disturb and what it should become."""

from collections.abc import Iterator

import pytest

from etl.lake.store import Lake
from tests.conftest import MakeDatabase
from tests.reliability.victims import Victims
from tests.warehouse.states import State, changed, run, state


@pytest.fixture(scope="session")
def victims() -> Iterator[Victims]:
    with Victims() as server:
        yield server


@pytest.fixture(scope="module")
def old(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A warehouse in which the bundled facts are published; tests work on copies."""
    with make_database() as dsn:
        run(dsn, Lake(str(tmp_path_factory.mktemp("lake"))))
        yield dsn


@pytest.fixture(scope="module")
def new_state(old: str, make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> State:
    """What one undisturbed run makes of it."""
    with make_database(like=old) as dsn:
        run(dsn, Lake(str(tmp_path_factory.mktemp("lake"))), changed())
        return state(dsn)
