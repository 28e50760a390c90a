"""A lake in a directory and one in an object store (moto's server, over real HTTP)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.lake.store import Lake
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from etl.sources.spacex.snapshot import load
from tests.object_store import object_store, s3, watched

__all__ = ["object_store", "s3", "watched"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An object store is tried where files and pages are kept; what stands on these, by `make test-all`."""
    for item in items:
        on_s3 = isinstance(item, pytest.Function) and "any_lake" in item.fixturenames and "s3" in item.keywords
        if on_s3 and item.path.stem not in ("test_store", "test_bronze"):
            item.add_marker(pytest.mark.thorough)


@pytest.fixture(params=["directory", "s3"])
def any_lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake") if request.param == "directory" else request.getfixturevalue("s3"))


def few() -> dict[str, list[dict[str, Any]]]:
    """A small API: five launches, two or three of everything else."""
    return {
        name: [dict(record) for record in records[: 5 if name == "launches" else 2]] for name, records in load().items()
    }


class Counted:
    """A simulator that counts what it is asked."""

    def __init__(self, snapshot: dict[str, list[dict[str, Any]]]) -> None:
        self.snapshot = snapshot
        self._app = spacex.make_app(snapshot=snapshot)
        self.asked: list[str] = []
        self.url = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.asked.append(environ["PATH_INFO"])
        return self._app(environ, start_response)


@pytest.fixture
def small() -> Iterator[Counted]:
    app = Counted(few())
    with server.serve(app) as running:
        app.url = running.url
        yield app
