"""The DAGs as Airflow sees them: in a folder with `platform.json`, which `make up` writes. Needs .venv-airflow."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
IMAGE = "data-platform-etl:0123456789ab"
SPARK_IMAGE = "data-platform-etl-spark:0123456789ab"

if importlib.util.find_spec("airflow") is None:  # the project's own environment: make test runs these in Airflow's
    collect_ignore_glob = ["test_*.py"]
else:
    _home = Path(tempfile.mkdtemp(prefix="airflow-"))
    FOLDER = _home / "dags"
    shutil.copytree(REPOSITORY / "dags", FOLDER, ignore=shutil.ignore_patterns("__pycache__"))
    TOLD = {"etl_image": IMAGE, "spark_image": SPARK_IMAGE, "lake_claim": "lake"}
    (FOLDER / "platform.json").write_text(json.dumps(TOLD))
    os.environ |= {"AIRFLOW_HOME": str(_home), "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER)}
    os.environ |= {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__UNIT_TEST_MODE": "False"}
    sys.path.insert(0, str(FOLDER))  # as Airflow does


@pytest.fixture(scope="session", autouse=True)
def _home_is_removed() -> Iterator[None]:
    yield
    shutil.rmtree(_home, ignore_errors=True)


@pytest.fixture(scope="session")
def folder() -> Path:
    return FOLDER


@pytest.fixture(autouse=True)
def _as_if_in_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubernetes.config.load_incluster_config", lambda *_, **__: None)
