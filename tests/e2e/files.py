"""A platform from an export: what its tests share, whoever applies the files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.test_90_upgrade import READ, rows


def installer(*arguments: str) -> None:
    """One call of the installer, which must succeed."""
    command = [sys.executable, "-m", "k8s.installer", *arguments, "--simulate"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "YES": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def apply(folder: Path, way: str) -> None:
    """Run the commands that the folder's own page gives for a way."""
    page = (folder / "README.md").read_text()
    [script] = re.findall(rf"^## {re.escape(way)}\n\n```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    print(script)
    done = subprocess.run(["bash", "-euc", script], cwd=folder, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def run_dags() -> None:
    """Two sources publish."""
    airflow = Airflow()
    airflow.succeed("spacex")
    airflow.succeed("sensors")
    [(launches, readings, reuses)] = rows("analyst", READ)
    assert min(launches, readings, reuses) > 0


def let_make_up_take_over() -> None:
    """What the platform holds stays, everything works, and another `make up` changes nothing."""
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
