"""What a pod looks like: image, identity, resources, settings and volumes. The DAGs say which pods run, and when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lineage
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import models as k8s
from pod_operator import PodOperator

NAMESPACE = "etl"
LABELS = {"app.kubernetes.io/name": "etl", "app.kubernetes.io/part-of": "data-platform"}
TEMPORARY = "4Gi"  # at most, in /tmp: what DuckDB cannot hold in memory, and a file on its way to S3
SPARK_CONF = "/etc/spark"  # ConfigMap spark: the files of k8s/spark/


def platform(name: str) -> str:
    """What `make up` wrote beside the DAGs: `etl_image`, `spark_image`, and `lake_claim`, blank for a lake on S3."""
    file = Path(__file__).with_name("platform.json")
    try:
        return str(json.loads(file.read_text("utf-8"))[name])
    except (OSError, ValueError, LookupError) as error:
        raise AirflowException(f"{file} does not contain {name}. Run `make up`, which writes it.") from error


class EtlStep(PodOperator):
    """One call of `etl` in a pod of its own.

    `needs_lake`: whether the lake's volume, if it is on one, is mounted at /lake. `needs_keys`: whether it gets the
    APIs' keys that `make up` was given; `needs_enrichment`: URL and key of the service that describes pictures. `cpu`,
    `memory`: requests; memory is the limit, too.
    """

    def __init__(
        self,
        *,
        arguments: Sequence[str],
        needs_lake: bool = False,
        needs_keys: bool = False,
        needs_enrichment: bool = False,
        cpu: str = "100m",
        memory: str = "256Mi",
        **options: Any,
    ) -> None:
        every_pod: dict[str, Any] = {
            "image": platform("etl_image"),
            "image_pull_policy": "IfNotPresent",
            "namespace": NAMESPACE,
            "kubernetes_conn_id": None,
            "in_cluster": True,
            "random_name_suffix": False,
            "labels": LABELS,
            "service_account_name": "etl",
            "automount_service_account_token": False,
            "security_context": _pod_security(),
            "container_security_context": _container_security(),
            "container_resources": _resources(cpu, memory),
            "env_from": _settings(needs_keys, needs_enrichment),
            "env_vars": [_parent()],
            "volumes": _volumes(needs_lake),
            "volume_mounts": _mounts(needs_lake),
            "termination_grace_period": 5,  # short: every step tolerates being killed at any point
        }
        super().__init__(arguments=list(arguments), **every_pod | options)


class SparkStep(EtlStep):
    """One call of `etl … --engine spark`: its pod is Spark's driver and creates executors, pods of the same image.

    k8s/spark/ says what these look like. All of them must reach the lake, so it is on S3. Kubernetes deletes the
    executors together with the driver's pod, however that ended.
    """

    def __init__(self, *, arguments: Sequence[str], **options: Any) -> None:
        super().__init__(
            arguments=arguments,
            cpu="250m",
            memory="1280Mi",  # 640 for the JVM (ETL_SPARK__MEMORY), the rest for its threads, its code and Python
            image=platform("spark_image"),
            service_account_name="spark",
            automount_service_account_token=True,
            labels=LABELS | {"spark-role": "driver"},
            env_vars=[*_driver_environment(), _parent()],
            volumes=[*_volumes(), k8s.V1Volume(name="spark", config_map=k8s.V1ConfigMapVolumeSource(name="spark"))],
            volume_mounts=[*_mounts(), k8s.V1VolumeMount(name="spark", mount_path=SPARK_CONF, read_only=True)],
            **options,
        )


def _pod_security() -> k8s.V1PodSecurityContext:
    return k8s.V1PodSecurityContext(
        run_as_non_root=True,
        run_as_user=65532,
        run_as_group=65532,
        fs_group=65532,
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
    )


def _container_security() -> k8s.V1SecurityContext:
    return k8s.V1SecurityContext(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=k8s.V1Capabilities(drop=["ALL"]),
    )


def _resources(cpu: str, memory: str) -> k8s.V1ResourceRequirements:
    return k8s.V1ResourceRequirements(requests={"cpu": cpu, "memory": memory}, limits={"memory": memory})


def _driver_environment() -> list[k8s.V1EnvVar]:
    """Where Spark finds Kubernetes and its configuration, and what the braces in that mean; executors call back."""
    values = {
        "ETL_SPARK__MASTER": "k8s://https://kubernetes.default.svc",
        "ETL_SPARK__MEMORY": "640m",
        "SPARK_CONF_DIR": SPARK_CONF,
        "SPARK_IMAGE": platform("spark_image"),
    }
    fields = {
        "POD_NAME": "metadata.name",
        "SPARK_LOCAL_IP": "status.podIP",
        "SPARK_LOCAL_HOSTNAME": "status.podIP",
    }
    return [
        *(k8s.V1EnvVar(name=name, value=value) for name, value in values.items()),
        *(k8s.V1EnvVar(name=name, value_from=_field(path)) for name, path in fields.items()),
    ]


def _parent() -> k8s.V1EnvVar:
    return k8s.V1EnvVar(name=lineage.VARIABLE, value=lineage.PARENT)


def _field(path: str) -> k8s.V1EnvVarSource:
    return k8s.V1EnvVarSource(field_ref=k8s.V1ObjectFieldSelector(field_path=path))


def _settings(needs_keys: bool = False, needs_enrichment: bool = False) -> list[k8s.V1EnvFromSource]:
    """Settings by reference: no value of a Secret is in a pod's manifest, in Airflow's database or in a log."""
    keys = k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="api-keys", optional=True))
    enrichment = k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="enrichment", optional=True))
    return [
        k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name="etl")),
        k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="warehouse")),
        k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="object-store", optional=True)),
        *([keys] if needs_keys else []),
        *([enrichment] if needs_enrichment else []),
        # The user's own, last because the last one wins.
        k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="etl", optional=True)),
    ]


def _volumes(needs_lake: bool = False) -> list[k8s.V1Volume]:
    volumes = [
        k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit=TEMPORARY)),
        k8s.V1Volume(name="warehouse-ca", config_map=k8s.V1ConfigMapVolumeSource(name="warehouse-ca")),
        k8s.V1Volume(
            name="object-store-ca", config_map=k8s.V1ConfigMapVolumeSource(name="object-store-ca", optional=True)
        ),
    ]
    if needs_lake and (claim_name := platform("lake_claim")):
        claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=claim_name)
        volumes.append(k8s.V1Volume(name="lake", persistent_volume_claim=claim))
    return volumes


def _mounts(needs_lake: bool = False) -> list[k8s.V1VolumeMount]:
    mounts = [
        k8s.V1VolumeMount(name="tmp", mount_path="/tmp"),  # noqa: S108
        k8s.V1VolumeMount(name="warehouse-ca", mount_path="/etc/warehouse", read_only=True),
        k8s.V1VolumeMount(name="object-store-ca", mount_path="/etc/object-store", read_only=True),
    ]
    if needs_lake and platform("lake_claim"):
        mounts.append(k8s.V1VolumeMount(name="lake", mount_path="/lake"))
    return mounts
