"""From one major version of Postgres to the next, word for word as docs/how-to/upgrade.md says it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e import howto, kube
from tests.e2e.airflow import Airflow
from tests.e2e.checkout import Checkout
from tests.e2e.conftest import FirstRuns
from tests.e2e.test_90_upgrade import READ, RUNS, rows

pytestmark = pytest.mark.thorough

PAGE, SECTION = "upgrade.md", "Postgres' major version"
OLD, NEW = "postgres:17", "postgres:18"
EXAMPLE = "20261121T023000Z"
DELETION = "kubectl -n data-platform delete statefulset postgres"


@dataclass(frozen=True)
class Upgraded:
    """What was there before, what a `make up` without the steps said, and what becomes of the old server's volume."""

    answer: list[tuple[Any, ...]]
    runs: list[tuple[Any, ...]]
    refused: str
    policy: str
    newer: Checkout


def _can_be_had(image: str) -> bool:
    """Whether the cluster has it, or can pull it."""
    overrides = {"spec": {"securityContext": {"runAsNonRoot": True, "runAsUser": 999}}}
    made = ("pod/newer", "--namespace=default")
    kube.kubectl("delete", *made, "--ignore-not-found")
    run = ("run", "newer", "--namespace=default", f"--image={image}", "--restart=Never")
    kube.kubectl(*run, f"--overrides={json.dumps(overrides)}", "--command", "--", "true")
    try:
        return kube.wait_for("a pod with the newer image", _answer, 600) == "ended"
    finally:
        kube.kubectl("delete", *made, "--wait=false")


def _answer() -> str | None:
    [pod] = [one for one in kube.core().list_namespaced_pod("default").items if one.metadata.name == "newer"]
    waits = [one.state.waiting.reason for one in pod.status.container_statuses or [] if one.state.waiting]
    if any(reason.endswith(("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull")) for reason in waits):
        return "no image"
    return "ended" if pod.status.phase in ("Succeeded", "Failed") else None


@pytest.fixture(scope="module")
def upgraded(first_runs: FirstRuns, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    if not _can_be_had(NEW):
        pytest.skip(f"needs {NEW} in the cluster, or a registry that has it")
    newer = Checkout(tmp_path_factory.mktemp("newer"))
    newer.edit("charts/versions.toml", f'"{OLD}"', f'"{NEW}"')
    answer, runs = rows("analyst", READ), rows("engineer", RUNS)
    refused = newer.make("up")
    assert refused.returncode != 0
    volume = kube.kubectl("get", "pvc", "data-postgres-0", "-n", "data-platform", "-o", "jsonpath={.spec.volumeName}")

    lines = howto.commands(PAGE, SECTION)
    listed, deletion = lines.index("make restore") + 1, lines.index(DELETION)
    newest = re.findall(r"\d{8}T\d{6}Z", howto.run(lines[:listed], {}, newer.folder))[-1]
    howto.run(lines[listed:deletion], {}, newer.folder)
    policy = kube.kubectl("get", "pv", volume, "-o", "jsonpath={.spec.persistentVolumeReclaimPolicy}")
    kube.close_ports()
    howto.run(lines[deletion:], {EXAMPLE: newest}, newer.folder)
    yield Upgraded(answer, runs, refused.stdout + refused.stderr, policy, newer)
    kube.close_ports()
    destroyed = newer.make("destroy")
    assert destroyed.returncode == 0, destroyed.stderr
    kube.kubectl("delete", "pv", volume, "--ignore-not-found")


def test_without_the_steps_nothing_is_changed_and_the_page_is_named(upgraded: Upgraded) -> None:
    assert f"The data is from PostgreSQL 17, and this checkout brings {NEW}." in upgraded.refused
    assert "docs/how-to/upgrade.md" in upgraded.refused


def test_the_newer_server_has_what_was_published_and_what_had_run(upgraded: Upgraded) -> None:
    assert rows("analyst", "show server_version_num")[0][0].startswith("18")
    assert rows("analyst", READ) == upgraded.answer
    assert set(upgraded.runs) <= set(rows("engineer", RUNS))


def test_airflow_knows_its_earlier_runs(upgraded: Upgraded, first_runs: FirstRuns) -> None:
    airflow = Airflow()
    assert airflow.end("spacex", first_runs.spacex) == "success"
    assert airflow.end("sensors", first_runs.sensors) == "success"


def test_the_next_run_publishes(upgraded: Upgraded) -> None:
    Airflow().succeed("spacex")
    assert rows("analyst", READ) == upgraded.answer


def test_the_volume_of_the_old_server_outlives_its_claim(upgraded: Upgraded) -> None:
    assert upgraded.policy == "Retain"


def test_a_second_up_has_nothing_to_do(upgraded: Upgraded) -> None:
    before = kube.helm_releases()
    again = upgraded.newer.make("up")
    assert again.returncode == 0, again.stderr
    assert kube.helm_releases() == before
