"""The platform from files alone: an export, applied to an empty cluster as the page beside it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import files, kube

pytestmark = pytest.mark.thorough

WAYS = ["With helm and kubectl", "With helmfile"]


@pytest.fixture(scope="module", params=WAYS)
def applied(request: pytest.FixtureRequest, up: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an export, after the commands of one way. The images are in the cluster: `make up` loaded them."""
    if request.param == "With helmfile" and shutil.which("helmfile") is None:
        pytest.skip("needs helmfile")
    kube.destroy()
    folder = tmp_path_factory.mktemp("deploy") / "dev"
    files.installer("secrets")
    files.installer("export", str(folder), "--tags")
    files.apply(folder, request.param)
    yield folder
    kube.destroy()


def test_a_platform_from_files_runs_its_dags(applied: Path) -> None:
    files.run_dags()


def test_the_installer_takes_it_over_with_what_it_holds(applied: Path) -> None:
    files.let_make_up_take_over()
