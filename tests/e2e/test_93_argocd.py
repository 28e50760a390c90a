"""The platform from a Git repository: an export that Argo CD applies, keeps, and hands over to `make up`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e import argocd, files, kube

pytestmark = pytest.mark.thorough

# As the documentation of Argo CD has it, so that waves wait for the Applications of the one before.
HEALTH = """
hs = {status = "Progressing", message = ""}
if obj.status ~= nil and obj.status.health ~= nil then
  hs.status = obj.status.health.status
  if obj.status.health.message ~= nil then hs.message = obj.status.health.message end
end
return hs
"""
SETTINGS = {"resource.customizations.health.argoproj.io_Application": HEALTH}


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
    unsettled: dict[str, str] = {}

    def is_settled() -> bool:
        nonlocal unsettled
        unsettled = argocd.unsettled()
        return not unsettled

    try:
        kube.wait_for("Argo CD", is_settled, seconds=900)
    except AssertionError as error:
        raise AssertionError("\n".join(f"{name}: {why}" for name, why in unsettled.items())) from error
    return argocd.applications()


@pytest.fixture(scope="module")
def deployed(up: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an export in a repository that Argo CD follows."""
    if reason := argocd.missing():
        pytest.skip(reason)
    kube.destroy()
    repository = tmp_path_factory.mktemp("deploy")
    git(repository, "init")
    folder = repository / "dev"
    files.installer("secrets")
    folder.mkdir()
    files.installer("export", str(folder), "--repository", repository.as_uri())
    commit(repository)
    with argocd.running(tmp_path_factory.mktemp("argocd"), SETTINGS):
        files.apply(folder, "With Argo CD")
        yield folder
    kube.destroy()


def test_argo_cd_installs_all_of_it_and_its_dags_run(deployed: Path) -> None:
    names = {f"data-platform-{file.stem}" for file in (deployed / "applications").iterdir()}
    kube.wait_for("all Applications", lambda: argocd.applications().keys() == {"data-platform", *names})
    settle()
    files.run_dags()


def test_a_second_look_changes_nothing(deployed: Path) -> None:
    before = {name: one["status"]["history"] for name, one in settle().items()}
    assert {name: one["status"]["history"] for name, one in argocd.refreshed().items()} == before
    assert not argocd.unsettled()


def test_what_somebody_changes_by_hand_is_put_back(deployed: Path) -> None:
    exporter = ("deployment/statsd-exporter", "--namespace=monitoring")
    kube.kubectl("scale", *exporter, "--replicas=0")
    kube.wait_for("its pod", lambda: kube.kubectl("get", *exporter, "--output=jsonpath={.status.readyReplicas}") == "1")
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
    before = len(argocd.applications()["data-platform-warehouse"]["status"]["history"])
    applied = settle()["data-platform-warehouse"]["status"]
    assert len(applied["history"]) == before + 1


def test_make_up_leaves_it_to_argo_cd_until_that_is_gone(deployed: Path) -> None:
    refused = kube.make("up")
    assert refused.returncode == 78, refused.stdout
    [command] = [part for part in refused.stdout.split(": ") if part.startswith("kubectl delete applications")]
    kube.kubectl(*command.split()[1:])
    files.let_make_up_take_over()
