"""What only these tests need: processes that die on request."""

from collections.abc import Iterator

import pytest

from tests.reliability.victims import Victims


@pytest.fixture(scope="session")
def victims() -> Iterator[Victims]:
    with Victims() as server:
        yield server
