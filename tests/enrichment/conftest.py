"""One service for the tests that leave it as it was."""

from collections.abc import Iterator

import pytest

from tests.enrichment.serving import Service, running


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with running(held_bytes=64_000_000) as started:
        yield started
