"""An export describes the platform that `make up` installed: applied, it would change nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s.installer.install import drift
from tests.e2e import files, kube

OF_THE_INSTALLER = "data-platform/database"  # which server it found; files cannot know
ADMISSION = "kube-prometheus-stack-admission"  # a certificate that the chart makes up whenever it is rendered


@pytest.fixture(scope="module")
def folder(up: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export, with the options of the `make up` before."""
    target = tmp_path_factory.mktemp("deploy") / "dev"
    files.installer("export", str(target), "--tags")
    return target


def helm(*arguments: str, cwd: Path | None = None) -> str:
    done = subprocess.run(["helm", *arguments], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lasting(manifest: str) -> list[Any]:
    """The objects of a release, but for its Jobs, what only the installer knows, and what differs at each rendering."""
    found = [one for one in yaml.safe_load_all(manifest) if one and one["kind"] != "Job"]
    for one in found:
        pod = one.get("spec", {}).get("template", {}) if isinstance(one.get("spec"), dict) else {}
        (pod.get("metadata", {}).get("annotations") or {}).pop(OF_THE_INSTALLER, None)
        if one["kind"] == "Secret" and one["metadata"]["name"] == ADMISSION:
            del one["data"]
        for webhook in one.get("webhooks", ()):
            del webhook["clientConfig"]["caBundle"]
    return found


def test_every_release_would_be_what_it_is(folder: Path) -> None:
    listed = yaml.safe_load((folder / "helmfile.yaml").read_text())["releases"]
    assert {one["name"] for one in listed} == kube.helm_releases().keys()
    for one in listed:
        where = (one["name"], "--namespace", one["namespace"])
        values = [f"--values={file}" for file in one["values"]]
        how = ("--skip-crds", "--dry-run=server", "--output=json")
        would_be = helm("upgrade", *where[:1], one["chart"], *where[1:], *values, *how, cwd=folder)
        is_now = helm("get", "manifest", *where)
        assert lasting(json.loads(would_be)["manifest"]) == lasting(is_now), one["name"]


def test_its_manifests_change_nothing(folder: Path) -> None:
    names = [f"--filename={file}" for file in sorted((folder / "manifests").iterdir())]
    how = ("--server-side", "--force-conflicts", "--field-manager=data-platform")
    diff = subprocess.run(["kubectl", "diff", *how, *names], capture_output=True, text=True)
    assert diff.returncode in (0, 1), diff.stderr
    assert not drift.differences(diff.stdout)
