"""The pods that a run would make."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import spacex
from conftest import IMAGE
from kubernetes.client import ApiClient
from pods import pod_name

from etl.model import is_run_id
from tests.dags.runs import SCHEDULED, STARTED, pod

STEPS = ("check", "extract", "publish")
MANUAL = "manual__2026-11-21T15:45:27.941839+00:00"
INTERVAL = {"start_date": "2006-03-01", "end_date": "2024-05-17"}


def manifest(step: str, **options: Any) -> Any:
    return ApiClient().sanitize_for_serialization(pod(spacex.dag, step, **options))


def arguments(step: str, **options: Any) -> list[str]:
    return list(manifest(step, **options)["spec"]["containers"][0]["args"])


def run_id(**options: Any) -> str:
    return arguments("extract", **options)[-1]


@pytest.mark.parametrize("step", STEPS)
def test_a_pod_meets_the_restricted_pod_security_standard_and_more(step: str) -> None:
    spec = manifest(step)["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
    assert not spec.get("initContainers")
    assert spec["restartPolicy"] == "Never"


@pytest.mark.parametrize("step", STEPS)
def test_a_pod_holds_no_token_of_the_cluster(step: str) -> None:
    spec = manifest(step)["spec"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("etl", False)


@pytest.mark.parametrize("step", STEPS)
def test_a_pod_refers_to_secrets_and_repeats_none(step: str) -> None:
    (container,) = manifest(step)["spec"]["containers"]
    assert container.get("env", []) == []
    assert container["envFrom"] == [
        {"configMapRef": {"name": "etl"}},
        {"secretRef": {"name": "warehouse"}},
        {"secretRef": {"name": "etl", "optional": True}},
    ]
    assert {"name": "warehouse-ca", "mountPath": "/etc/warehouse", "readOnly": True} in container["volumeMounts"]


@pytest.mark.parametrize("step", STEPS)
def test_a_pod_asks_for_resources_and_bounds_its_memory(step: str) -> None:
    resources = manifest(step)["spec"]["containers"][0]["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert resources["limits"]["memory"] == resources["requests"]["memory"]


@pytest.mark.parametrize("step", STEPS)
def test_a_pod_runs_the_image_that_platform_json_names(step: str) -> None:
    (container,) = manifest(step)["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == (IMAGE, "IfNotPresent")
    assert "command" not in container or not container["command"]


@pytest.mark.parametrize(("step", "has_lake"), [("check", False), ("extract", True), ("publish", True)])
def test_only_steps_that_need_the_lake_mount_it(step: str, has_lake: bool) -> None:
    spec = manifest(step)["spec"]
    claims = [v["persistentVolumeClaim"]["claimName"] for v in spec["volumes"] if "persistentVolumeClaim" in v]
    assert claims == (["lake"] if has_lake else [])


def test_a_scheduled_run_asks_for_everything() -> None:
    assert arguments("check") == ["check", "spacex"]
    assert arguments("extract")[:-1] == ["extract", "spacex", "--transform", "--run-id"]
    assert arguments("publish") == ["publish", "spacex"]


def test_a_run_by_hand_hands_its_interval_on() -> None:
    days = ["--from=2006-03-01", "--to=2024-05-17"]
    assert arguments("check", conf=INTERVAL) == ["check", "spacex", *days]
    assert arguments("extract", conf=INTERVAL)[:-1] == ["extract", "spacex", "--transform", *days, "--run-id"]
    assert arguments("publish", conf=INTERVAL) == ["publish", "spacex", *days]


def test_a_blank_argument_is_dropped() -> None:
    assert arguments("publish", conf={"start_date": "2024-01-01"}) == ["publish", "spacex", "--from=2024-01-01"]
    assert arguments("publish", conf={"start_date": "", "end_date": None}) == ["publish", "spacex"]


def test_an_extraction_has_one_name_for_all_tries_of_a_run_so_that_it_goes_on() -> None:
    assert is_run_id(run_id())
    assert run_id() == run_id(tries=2) == "20261121T060000Z-1e2400"


def test_a_cleared_run_extracts_anew_and_its_name_sorts_after_the_first() -> None:
    again = run_id(cleared=1)
    assert is_run_id(again)
    assert run_id() < again < run_id(started=STARTED + timedelta(microseconds=1))
    assert is_run_id(run_id(cleared=99))


def test_a_pod_has_one_name_for_all_tries_of_a_run_and_another_in_each_run() -> None:
    names = [manifest("extract", run_id=SCHEDULED, tries=tries)["metadata"]["name"] for tries in (1, 2)]
    assert names[0] == names[1] == pod_name("spacex", "extract", SCHEDULED)
    assert names[0].startswith("spacex-extract-")
    assert manifest("extract", run_id=MANUAL)["metadata"]["name"] != names[0]
    assert manifest("publish", run_id=SCHEDULED)["metadata"]["name"] != names[0]


def test_a_long_name_still_fits_into_a_label() -> None:
    assert len(pod_name("d" * 200, "Task_One", "r")) <= 63


@pytest.mark.parametrize("step", STEPS)
def test_a_pod_is_labelled_with_the_run_that_made_it(step: str) -> None:
    labels = manifest(step, run_id=MANUAL)["metadata"]["labels"]
    assert (labels["dag_id"], labels["task_id"]) == ("spacex", step)
    assert labels["app.kubernetes.io/part-of"] == "data-platform"
    assert all(len(value) <= 63 for value in labels.values())


def test_the_manifest_is_plain_json() -> None:
    assert json.loads(json.dumps(manifest("publish")))["metadata"]["namespace"] == "etl"


@pytest.mark.parametrize("step", STEPS)
def test_no_step_passes_results_through_airflow(step: str) -> None:
    assert not spacex.dag.get_task(step).do_xcom_push


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_tried_again_later_each_time_and_not_for_ever(step: str) -> None:
    task = spacex.dag.get_task(step)
    assert task.retries == 4
    assert task.retry_exponential_backoff > 1
    assert task.max_retry_delay <= timedelta(minutes=10)
    assert task.execution_timeout is not None
