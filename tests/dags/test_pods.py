"""The pods that a run would create."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

import pytest
from backfill import FOR_A_DAY
from factory import RETRY_POLICY
from pod_operator import pod_name
from pods import EtlStep

from tests.dags.folder import FOLDER, PLATFORM
from tests.dags.parsed import BACKFILL, DAGS, TASKS, number_of_parts
from tests.dags.runs import MANUAL, SCHEDULED, context, manifest, rendered

# The pods that ask an API that wants one.
WITH_KEY = [("neows", "check"), ("neows", "extract"), ("backfill", "check"), ("backfill", "backfill")]
# Those that need the key of what describes pictures; a backfill may be about facts.
WITH_ENRICHMENT = [*(("picture_facts", step) for step in ("check", "extract", "pictures")), ("backfill", "backfill")]
DRIVERS = [("sensors_spark", "transform"), ("sensors_spark", "publish")]

every_step = pytest.mark.parametrize(("dag", "step"), TASKS)
every_plain_step = pytest.mark.parametrize(("dag", "step"), [each for each in TASKS if each not in DRIVERS])
every_driver = pytest.mark.parametrize(("dag", "step"), DRIVERS)


@pytest.fixture
def _lake_on_s3() -> Iterator[None]:
    file = FOLDER / "platform.json"
    before = file.read_text()
    file.write_text(json.dumps(PLATFORM | {"lake_claim": ""}))
    yield
    file.write_text(before)


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


@every_step
def test_a_pod_gets_no_variables_from_the_services_beside_it(dag: str, step: str) -> None:
    assert manifest(dag, step)["spec"]["enableServiceLinks"] is False


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
        *([{"secretRef": {"name": "api-keys", "optional": True}}] if (dag, step) in WITH_KEY else []),
        *([{"secretRef": {"name": "enrichment", "optional": True}}] if (dag, step) in WITH_ENRICHMENT else []),
        {"secretRef": {"name": "etl", "optional": True}},
    ]
    assert {"name": "warehouse-ca", "mountPath": "/etc/warehouse", "readOnly": True} in container["volumeMounts"]
    assert {"name": "object-store-ca", "mountPath": "/etc/object-store", "readOnly": True} in container["volumeMounts"]


@every_step
def test_a_pod_starts_where_there_is_no_object_store(dag: str, step: str) -> None:
    [volume] = [one for one in manifest(dag, step)["spec"]["volumes"] if one["name"] == "object-store-ca"]
    assert volume["configMap"] == {"name": "object-store-ca", "optional": True}


@every_plain_step
def test_a_pod_gets_its_settings_by_reference_only(dag: str, step: str) -> None:
    (container,) = manifest(dag, step)["spec"]["containers"]
    assert [variable["name"] for variable in container["env"]] == ["OPENLINEAGE_PARENT_ID"]


@every_step
def test_all_pods_of_a_run_name_the_same_parent_in_openlineages_form(dag: str, step: str) -> None:
    def parent(run: str) -> str:
        (container,) = manifest(dag, step, run_id=run)["spec"]["containers"]
        [found] = [variable["value"] for variable in container["env"] if variable["name"] == "OPENLINEAGE_PARENT_ID"]
        return str(found)

    namespace, job, run = parent(SCHEDULED).split("/")
    assert (namespace, job) == ("airflow", dag)
    assert str(UUID(run)) == run == str(uuid5(NAMESPACE_URL, f"airflow/{dag}/{SCHEDULED}"))
    assert parent(MANUAL) != parent(SCHEDULED)


@every_step
def test_a_pod_asks_for_resources_and_bounds_its_memory(dag: str, step: str) -> None:
    resources = manifest(dag, step)["spec"]["containers"][0]["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert resources["limits"]["memory"] == resources["requests"]["memory"]


@every_step
def test_a_pod_runs_the_image_that_platform_json_names(dag: str, step: str) -> None:
    (container,) = manifest(dag, step)["spec"]["containers"]
    image = PLATFORM["spark_image" if (dag, step) in DRIVERS else "etl_image"]
    assert (container["image"], container["imagePullPolicy"]) == (image, "IfNotPresent")
    assert "command" not in container or not container["command"]


def claims(dag: str, step: str) -> list[str]:
    volumes = manifest(dag, step)["spec"]["volumes"]
    return [v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v]


@every_step
def test_only_steps_that_need_the_lake_mount_it(dag: str, step: str) -> None:
    assert claims(dag, step) == ([] if step == "check" or (dag, step) in DRIVERS else ["lake"])


@pytest.mark.usefixtures("_lake_on_s3")
def test_a_lake_on_s3_needs_no_volume_that_only_one_node_can_have() -> None:
    for needs_lake in (True, False):
        step = EtlStep(task_id="x", arguments=["x"], needs_lake=needs_lake)
        assert not [volume for volume in step.volumes if volume.persistent_volume_claim]
        assert "/lake" not in [mount.mount_path for mount in step.volume_mounts]


@every_driver
def test_the_driver_of_spark_may_create_executors_and_they_can_reach_it(dag: str, step: str) -> None:
    driver = manifest(dag, step)
    assert driver["metadata"]["labels"]["spark-role"] == "driver"
    assert (driver["spec"]["serviceAccountName"], driver["spec"]["automountServiceAccountToken"]) == ("spark", True)
    (container,) = driver["spec"]["containers"]
    environment = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
    assert environment["ETL_SPARK__MASTER"].startswith("k8s://")
    assert environment["SPARK_IMAGE"] == PLATFORM["spark_image"]
    assert environment["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    for name in ("SPARK_LOCAL_IP", "SPARK_LOCAL_HOSTNAME"):
        assert environment[name] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert {"name": "spark", "mountPath": environment["SPARK_CONF_DIR"], "readOnly": True} in container["volumeMounts"]


def test_a_pod_has_one_name_for_all_tries_of_a_run_and_another_in_each_run() -> None:
    names = [manifest("spacex", "extract", run_id=SCHEDULED, tries=tries)["metadata"]["name"] for tries in (1, 2)]
    assert names[0] == names[1] == pod_name("spacex", "extract", SCHEDULED)
    assert names[0].startswith("spacex-extract-")
    assert manifest("spacex", "extract", run_id=MANUAL)["metadata"]["name"] != names[0]
    assert manifest("spacex", "publish", run_id=SCHEDULED)["metadata"]["name"] != names[0]


def test_each_pod_of_a_mapped_task_has_its_own_name_and_labels() -> None:
    shares = [manifest("sensors", "extract", index=index)["metadata"] for index in range(number_of_parts("sensors"))]
    assert len({share["name"] for share in shares}) == number_of_parts("sensors")
    assert shares[0]["name"] == manifest("sensors", "extract", index=0, tries=2)["metadata"]["name"]
    assert shares[1]["name"].startswith("sensors-extract-1-")
    assert [share["labels"]["map_index"] for share in shares] == [
        str(index) for index in range(number_of_parts("sensors"))
    ]


@pytest.mark.parametrize("index", [-1, 0, 1023])
def test_a_long_name_still_fits_into_a_label(index: int) -> None:
    assert len(pod_name("d" * 200, "Task_One", "r", index)) <= 63


@every_step
def test_a_pod_is_labelled_with_the_run_that_created_it(dag: str, step: str) -> None:
    labels = manifest(dag, step, run_id=MANUAL)["metadata"]["labels"]
    assert (labels["dag_id"], labels["task_id"]) == (dag, step)
    assert labels["app.kubernetes.io/part-of"] == "data-platform"
    assert all(len(value) <= 63 for value in labels.values())


def test_the_manifest_is_plain_json() -> None:
    assert json.loads(json.dumps(manifest("spacex", "publish")))["metadata"]["namespace"] == "etl"


@every_step
def test_no_step_passes_results_through_airflow(dag: str, step: str) -> None:
    assert not rendered(context(dag, step)).do_xcom_push


@every_step
def test_a_step_is_retried_later_each_time_and_not_forever(dag: str, step: str) -> None:
    declared = DAGS[dag].get_task(step)  # of a mapped task, what the scheduler goes by
    policy = RETRY_POLICY | (FOR_A_DAY if dag == BACKFILL else {})
    for task in (declared, rendered(context(dag, step))):
        assert {name: getattr(task, name) for name in policy} == policy
    assert RETRY_POLICY["retries"] == 4
    assert RETRY_POLICY["retry_exponential_backoff"] > 1
    assert RETRY_POLICY["max_retry_delay"] <= timedelta(minutes=10)
