"""The pods that a run would make."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import interval
import pytest
import sensors
import sensors_spark
import spacex
from conftest import IMAGE, SPARK_IMAGE
from kubernetes.client import ApiClient
from pods import TRIES, EtlStep, pod_name

from etl.core.ids import is_id
from tests.dags.runs import SCHEDULED, STARTED, context, pod, rendered

DAGS = {"spacex": spacex.dag, "sensors": sensors.dag, "sensors_spark": sensors_spark.dag}
DRIVERS = [("sensors_spark", "transform"), ("sensors_spark", "publish")]
STEPS = [(name, task_id) for name, dag in DAGS.items() for task_id in dag.task_ids]
MANUAL = "manual__2026-11-21T15:45:27.941839+00:00"
INTERVAL = {"start_date": "2006-03-01", "end_date": "2024-05-17"}

every_step = pytest.mark.parametrize(("dag", "step"), STEPS)
every_plain_step = pytest.mark.parametrize(("dag", "step"), [each for each in STEPS if each not in DRIVERS])
every_driver = pytest.mark.parametrize(("dag", "step"), DRIVERS)


def manifest(dag: str, step: str, **options: Any) -> Any:
    return ApiClient().sanitize_for_serialization(pod(DAGS[dag], step, **options))


def arguments(dag: str, step: str, **options: Any) -> list[str]:
    return list(manifest(dag, step, **options)["spec"]["containers"][0]["args"])


def run_id(dag: str = "spacex", **options: Any) -> str:
    words = arguments(dag, "extract", **options)
    return words[words.index("--run-id") + 1]


@every_step
def test_a_pod_meets_the_restricted_pod_security_standard_and_more(dag: str, step: str) -> None:
    spec = manifest(dag, step)["spec"]
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


@every_plain_step
def test_a_pod_holds_no_token_of_the_cluster(dag: str, step: str) -> None:
    spec = manifest(dag, step)["spec"]
    assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == ("etl", False)


@every_step
def test_a_pod_refers_to_secrets_and_repeats_none(dag: str, step: str) -> None:
    (container,) = manifest(dag, step)["spec"]["containers"]
    assert container["envFrom"] == [
        {"configMapRef": {"name": "etl"}},
        {"secretRef": {"name": "warehouse"}},
        {"secretRef": {"name": "object-store", "optional": True}},
        {"secretRef": {"name": "etl", "optional": True}},
    ]
    assert {"name": "warehouse-ca", "mountPath": "/etc/warehouse", "readOnly": True} in container["volumeMounts"]
    assert {"name": "object-store-ca", "mountPath": "/etc/object-store", "readOnly": True} in container["volumeMounts"]


@every_step
def test_a_pod_starts_where_there_is_no_object_store(dag: str, step: str) -> None:
    [volume] = [one for one in manifest(dag, step)["spec"]["volumes"] if one["name"] == "object-store-ca"]
    assert volume["configMap"] == {"name": "object-store-ca", "optional": True}


@every_plain_step
def test_a_pod_is_told_nothing_but_by_reference(dag: str, step: str) -> None:
    (container,) = manifest(dag, step)["spec"]["containers"]
    assert container.get("env", []) == []


@every_step
def test_a_pod_asks_for_resources_and_bounds_its_memory(dag: str, step: str) -> None:
    resources = manifest(dag, step)["spec"]["containers"][0]["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert resources["limits"]["memory"] == resources["requests"]["memory"]


@every_step
def test_a_pod_runs_the_image_that_platform_json_names(dag: str, step: str) -> None:
    (container,) = manifest(dag, step)["spec"]["containers"]
    image = SPARK_IMAGE if (dag, step) in DRIVERS else IMAGE
    assert (container["image"], container["imagePullPolicy"]) == (image, "IfNotPresent")
    assert "command" not in container or not container["command"]


def claims(dag: str, step: str) -> list[str]:
    volumes = manifest(dag, step)["spec"]["volumes"]
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]


@every_step
def test_only_steps_that_need_the_lake_mount_it(dag: str, step: str) -> None:
    assert claims(dag, step) == ([] if step == "check" or (dag, step) in DRIVERS else ["lake"])


def test_a_lake_on_s3_needs_no_volume_that_only_one_node_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pods.platform", {"etl_image": IMAGE, "lake_claim": ""}.__getitem__)
    for needs_lake in (True, False):
        step = EtlStep(task_id="x", arguments=["x"], needs_lake=needs_lake)
        assert not [volume for volume in step.volumes if volume.persistent_volume_claim]
        assert "/lake" not in [mount.mount_path for mount in step.volume_mounts]


@every_driver
def test_the_driver_of_spark_may_make_executors_and_is_reachable_by_them(dag: str, step: str) -> None:
    made = manifest(dag, step)
    assert made["metadata"]["labels"]["spark-role"] == "driver"
    assert (made["spec"]["serviceAccountName"], made["spec"]["automountServiceAccountToken"]) == ("spark", True)
    (container,) = made["spec"]["containers"]
    environment = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
    assert environment["ETL_SPARK__MASTER"].startswith("k8s://")
    assert environment["SPARK_IMAGE"] == SPARK_IMAGE
    assert environment["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    for name in ("SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME"):
        assert environment[name] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert {"name": "spark", "mountPath": environment["SPARK_CONF_DIR"], "readOnly": True} in container["volumeMounts"]


@every_driver
def test_a_step_on_spark_works_on_the_run_that_was_extracted(dag: str, step: str) -> None:
    words = arguments(dag, step)
    assert words[:4] == [step, "sensors", "--run-id", run_id("sensors_spark", index=0)]
    assert words[words.index("--engine") + 1] == "spark"


def test_a_scheduled_run_asks_for_everything() -> None:
    assert arguments("spacex", "check") == ["check", "spacex"]
    assert arguments("spacex", "extract")[:-1] == ["extract", "spacex", "--transform", "--run-id"]
    assert arguments("spacex", "publish") == ["publish", "spacex"]


def test_a_run_by_hand_hands_its_interval_on() -> None:
    days = ["--from=2006-03-01", "--to=2024-05-17"]
    assert arguments("spacex", "check", conf=INTERVAL) == ["check", "spacex", *days]
    assert arguments("spacex", "extract", conf=INTERVAL)[:-1] == ["extract", "spacex", "--transform", *days, "--run-id"]
    assert arguments("spacex", "publish", conf=INTERVAL) == ["publish", "spacex", *days]


def test_a_blank_argument_is_dropped() -> None:
    assert arguments("spacex", "check", conf={"start_date": "2024-01-01"}) == ["check", "spacex", "--from=2024-01-01"]
    assert arguments("spacex", "publish", conf={"start_date": "", "end_date": None}) == ["publish", "spacex"]


def test_each_pod_that_extracts_sensors_asks_for_its_own_share_and_together_for_all() -> None:
    name = "20261121T060000Z-1e2400"
    shares = [arguments("sensors", "extract", index=index) for index in range(sensors.PARTS)]
    same = ["extract", "sensors", "--to=2026-11-21", "--run-id", name, "--part"]
    assert shares == [[*same, f"{number}/{sensors.PARTS}"] for number in range(1, sensors.PARTS + 1)]
    assert arguments("sensors", "transform") == ["transform", "sensors", "--run-id", name]
    assert arguments("sensors", "publish") == ["publish", "sensors", "--run-id", name]


def test_sensors_of_days_that_a_person_gave_are_those_of_all_shares() -> None:
    for index in range(sensors.PARTS):
        words = arguments("sensors", "extract", index=index, conf=INTERVAL)
        assert words[2:4] == ["--from=2006-03-01", "--to=2024-05-17"]
    assert arguments("sensors", "check", conf=INTERVAL)[2:] == ["--from=2006-03-01", "--to=2024-05-17"]
    assert arguments("sensors", "extract", conf={"start_date": "2026-01-01"})[2:4] == [
        "--from=2026-01-01",
        "--to=2026-11-21",
    ]


def test_a_share_that_is_cleared_the_next_day_belongs_to_the_run_of_the_others() -> None:
    first = context(sensors.dag)
    interval.settle(first)
    kept = first["ti"].handed_on
    cleared = {"cleared": 1, "started": STARTED + timedelta(days=1), "handed_on": kept}
    for step in ("extract", "transform", "publish"):
        assert arguments("sensors", step, **cleared) == arguments("sensors", step)
    assert run_id("sensors", cleared=1) > run_id("sensors"), "with `check` cleared, too, the API is read anew"


def test_an_extraction_has_one_name_for_all_tries_of_a_run_so_that_it_goes_on() -> None:
    assert is_id(run_id())
    assert run_id() == run_id(tries=2) == "20261121T060000Z-1e2400"


def test_a_cleared_run_extracts_anew_and_its_name_sorts_after_the_first() -> None:
    again = run_id(cleared=1)
    assert is_id(again)
    assert run_id() < again < run_id(started=STARTED + timedelta(microseconds=1))
    assert is_id(run_id(cleared=99))


def test_a_pod_has_one_name_for_all_tries_of_a_run_and_another_in_each_run() -> None:
    names = [manifest("spacex", "extract", run_id=SCHEDULED, tries=tries)["metadata"]["name"] for tries in (1, 2)]
    assert names[0] == names[1] == pod_name("spacex", "extract", SCHEDULED)
    assert names[0].startswith("spacex-extract-")
    assert manifest("spacex", "extract", run_id=MANUAL)["metadata"]["name"] != names[0]
    assert manifest("spacex", "publish", run_id=SCHEDULED)["metadata"]["name"] != names[0]


def test_pods_of_a_mapped_task_have_names_and_labels_of_their_own() -> None:
    shares = [manifest("sensors", "extract", index=index)["metadata"] for index in range(sensors.PARTS)]
    assert len({share["name"] for share in shares}) == sensors.PARTS
    assert shares[0]["name"] == manifest("sensors", "extract", index=0, tries=2)["metadata"]["name"]
    assert shares[1]["name"].startswith("sensors-extract-1-")
    assert [share["labels"]["map_index"] for share in shares] == [str(index) for index in range(sensors.PARTS)]


def test_a_mapped_task_shows_which_share_each_pod_has() -> None:
    told = context(sensors.dag, "extract", index=1)
    task = rendered(told)
    assert task.render_template(sensors.dag.get_task("extract").map_index_template, told) == f"2/{sensors.PARTS}"


@pytest.mark.parametrize("index", [-1, 0, 1023])
def test_a_long_name_still_fits_into_a_label(index: int) -> None:
    assert len(pod_name("d" * 200, "Task_One", "r", index)) <= 63


@every_step
def test_a_pod_is_labelled_with_the_run_that_made_it(dag: str, step: str) -> None:
    labels = manifest(dag, step, run_id=MANUAL)["metadata"]["labels"]
    assert (labels["dag_id"], labels["task_id"]) == (dag, step)
    assert labels["app.kubernetes.io/part-of"] == "data-platform"
    assert all(len(value) <= 63 for value in labels.values())


def test_the_manifest_is_plain_json() -> None:
    assert json.loads(json.dumps(manifest("spacex", "publish")))["metadata"]["namespace"] == "etl"


@every_step
def test_no_step_passes_results_through_airflow(dag: str, step: str) -> None:
    assert not rendered(context(DAGS[dag], step)).do_xcom_push


@every_step
def test_a_step_is_tried_again_later_each_time_and_not_for_ever(dag: str, step: str) -> None:
    declared = DAGS[dag].get_task(step)  # of a mapped task, what the scheduler goes by
    for task in (declared, rendered(context(DAGS[dag], step))):
        assert {name: getattr(task, name) for name in TRIES} == TRIES
    assert TRIES["retries"] == 4
    assert TRIES["retry_exponential_backoff"] > 1
    assert TRIES["max_retry_delay"] <= timedelta(minutes=10)
