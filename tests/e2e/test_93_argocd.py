"""The platform from a Git repository: an export that Argo CD applies, keeps, and hands over to `make up`."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e import argocd, files, kube
from tests.e2e.conftest import brought_up

pytestmark = [pytest.mark.thorough, pytest.mark.skipif(bool(argocd.missing()), reason=argocd.missing() or "has all")]


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(["git", "-C", str(folder), *author, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--message=An export")


def settle() -> dict[str, Any]:
    """Argo CD reads the repository again, until everything is as it says. Returns the Applications."""
    argocd.refreshed()
    with suppress(AssertionError):  # what is unsettled says more
        kube.wait_for("Argo CD", lambda: not argocd.unsettled(), seconds=900)
    assert argocd.unsettled() == {}
    return argocd.applications()


@pytest.fixture(scope="module")
def deployed(up: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an export in a repository that Argo CD follows."""
    kube.destroy()
    repository = tmp_path_factory.mktemp("deploy")
    git(repository, "init")
    folder = repository / "dev"
    files.installer("secrets")
    folder.mkdir()
    files.installer("export", str(folder), "--tags", "--repository", repository.as_uri())
    commit(repository)
    with argocd.running(tmp_path_factory.mktemp("argocd")):
        files.apply(folder, "With Argo CD")
        yield folder
    if "warehouse" not in kube.helm_releases():  # a test failed before `make up` took over, which can remove it
        brought_up()
    kube.destroy()


def test_argo_cd_installs_all_of_it_and_its_dags_run(deployed: Path) -> None:
    names = {f"data-platform-{file.stem}" for file in (deployed / "applications").iterdir()}
    kube.wait_for("all Applications", lambda: argocd.applications().keys() == {"data-platform", *names})
    settle()
    files.run_dags()


def test_a_second_look_changes_nothing(deployed: Path) -> None:
    before = {name: one["status"]["operationState"]["finishedAt"] for name, one in settle().items()}
    assert {name: one["status"]["operationState"]["finishedAt"] for name, one in settle().items()} == before


def test_what_somebody_changes_by_hand_is_put_back(deployed: Path) -> None:
    exporter = ("deployment/statsd-exporter", "--namespace=monitoring")
    kube.kubectl("scale", *exporter, "--replicas=0")
    kube.wait_for("its scale", lambda: kube.kubectl("get", *exporter, "--output=jsonpath={.spec.replicas}") == "1")
    dags = ("configmap/dags", "--namespace=airflow")
    kube.kubectl("patch", *dags, '--patch={"data": {"spacex.py": "# nothing"}}')
    kube.wait_for("the DAG", lambda: "# nothing" not in kube.kubectl("get", *dags, "--output=yaml"))


def test_a_commit_is_applied_and_leaves_nothing_behind(deployed: Path) -> None:
    """The migration Job is named after its content: the one before must not count as one too many."""
    computed = deployed / "values" / "warehouse" / "computed.yaml"
    values = yaml.safe_load(computed.read_text())
    values["etl"]["retries"] = 5
    computed.write_text(yaml.safe_dump(values))
    commit(deployed)
    before = argocd.applications()["data-platform-warehouse"]["status"]["history"]
    applied = settle()["data-platform-warehouse"]["status"]
    assert len(applied["history"]) == len(before) + 1
    jobs = [one for one in applied["operationState"]["syncResult"]["resources"] if one["kind"] == "Job"]
    assert [one["hookPhase"] for one in jobs] == ["Succeeded"]
    assert "migrations" not in kube.kubectl("get", "jobs", "--namespace=data-platform")


def test_make_up_leaves_it_to_argo_cd_until_that_is_gone(deployed: Path) -> None:
    refused = kube.make("up")
    assert "Argo CD applies this platform" in refused.stderr
    [command] = re.findall(r"kubectl (delete applications .*)", refused.stderr)
    kube.kubectl(*command.split())
    files.let_make_up_take_over()
