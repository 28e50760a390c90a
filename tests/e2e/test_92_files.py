"""The platform from files alone: an export, applied to an empty cluster as the page beside it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.test_90_upgrade import READ, rows

pytestmark = pytest.mark.thorough

WAYS = ["With helm and kubectl", "With helmfile"]


def _installer(*arguments: str) -> None:
    command = [sys.executable, "-m", "k8s.installer", *arguments, "--simulate"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "YES": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=WAYS)
def applied(request: pytest.FixtureRequest, up: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an export, after the commands of one way. The images are in the cluster: `make up` loaded them."""
    if request.param == "With helmfile" and shutil.which("helmfile") is None:
        pytest.skip("needs helmfile")
    kube.destroy()
    folder = tmp_path_factory.mktemp("deploy") / "dev"
    _installer("secrets")
    _installer("export", str(folder), "--tags")
    page = (folder / "README.md").read_text()
    [script] = re.findall(rf"^## {re.escape(request.param)}\n\n```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    print(script)
    done = subprocess.run(["bash", "-euc", script], cwd=folder, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    yield folder
    kube.destroy()


def test_a_platform_from_files_runs_its_dags(applied: Path) -> None:
    airflow = Airflow()
    airflow.succeed("spacex")
    airflow.succeed("sensors")
    [(launches, readings, reuses)] = rows("analyst", READ)
    assert min(launches, readings, reuses) > 0


def test_the_installer_takes_it_over_with_what_it_holds(applied: Path) -> None:
    before = rows("analyst", READ)
    kube.close_ports()
    up = kube.make("up")
    assert up.returncode == 0, up.stderr
    assert rows("analyst", READ) == before
    status = kube.make("status")
    assert status.returncode == 0, status.stdout
    again = kube.helm_releases()
    assert kube.make("up").returncode == 0
    assert kube.helm_releases() == again
