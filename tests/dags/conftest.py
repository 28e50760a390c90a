"""These tests need .venv-airflow: `make test` runs them there."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator

import pytest

if importlib.util.find_spec("airflow") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from tests.dags.folder import HOME

    @pytest.fixture(scope="session", autouse=True)
    def _home_is_removed() -> Iterator[None]:
        yield
        shutil.rmtree(HOME, ignore_errors=True)

    @pytest.fixture(autouse=True)
    def _as_if_in_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("kubernetes.config.load_incluster_config", lambda *_, **__: None)
