"""A running simulator, and the real responses where they are at hand."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from etl.simulate import server
from etl.simulate.faults import Faults
from etl.sources.spacex import simulator as spacex

SHARED = Path(os.environ.get("TESTS_SHARED") or Path(__file__).parents[4] / "shared")

Records = list[dict[str, Any]]


@pytest.fixture(scope="session")
def real_response() -> Callable[[str], Records]:
    """Read a stored response of the real API by its file name, or skip the test where there is none."""

    def read(name: str) -> Records:
        file = SHARED / "data" / "spacex" / name
        if not file.exists():
            pytest.skip(f"no stored responses at {file.parent}; TESTS_SHARED says where they are")
        records: Records = json.loads(file.read_bytes())
        return records

    return read


@pytest.fixture(scope="session")
def simulator() -> Iterator[tuple[str, Faults]]:
    faults = Faults()
    with server.serve(spacex.make_app(faults)) as running:
        yield running.url, faults


@pytest.fixture
def faults(simulator: tuple[str, Faults]) -> Iterator[Faults]:
    """The faults of the simulator at `url`: none yet, none left behind."""
    yield simulator[1]
    simulator[1].clear()


@pytest.fixture
def url(simulator: tuple[str, Faults], faults: Faults) -> str:
    """The URL of a simulated SpaceX API that shows `faults`."""
    return simulator[0]


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session
