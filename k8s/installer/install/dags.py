"""DAGs reach Airflow as one ConfigMap. An edit needs no restart: the kubelet replaces the files under running pods."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from k8s.installer import paths
from k8s.installer.cluster.kubectl import AIRFLOW, Cluster, Object
from k8s.installer.install import objects
from k8s.installer.install.steps import Running

NAME = "dags"
SETTINGS = "/opt/airflow/dags/platform.json"  # as Airflow's pods see it
ANNOTATION = "data-platform/dags"
ON_SPARK = "_spark"  # suffix of the DAGs that run on Spark
KEY = re.compile(r'^    key="(\w+)",$', re.MULTILINE)  # what a DAG says that its source wants


def content(settings: Mapping[str, str], folder: Path = paths.DAGS, *, keys: Collection[str] = ()) -> dict[str, str]:
    """The files of dags/ and the settings of their pods.

    DAGs that run on Spark only if there is an image for it, and those that want an API's key only if it is in `keys`.
    """
    files = [*sorted(folder.glob("*.py")), *folder.glob(".airflowignore")]
    wanted = [path for path in files if settings["spark_image"] or not path.stem.endswith(ON_SPARK)]
    texts = {path.name: path.read_text(encoding="utf-8") for path in wanted}
    ready = {name: text for name, text in texts.items() if set(KEY.findall(text)) <= set(keys)}
    return {**ready, "platform.json": json.dumps(settings)}


def config_map(settings: Mapping[str, str], keys: Collection[str]) -> Object:
    """ConfigMap airflow/dags, for sources that want no key but these."""
    return objects.config_map(AIRFLOW, NAME, content(settings, keys=keys))


def provide(cluster: Cluster, made: Object, _running: Running) -> str:
    """Bring the DAGs to the cluster and to the pods that read them."""
    data = made["data"]
    existing = cluster.find("configmap", NAME, AIRFLOW)
    if existing is not None and existing.get("data") == data:
        return "unchanged"
    # Replaced, not applied: a DAG that was deleted here, or added by hand in the cluster, must go.
    cluster.kubectl("create" if existing is None else "replace", "--filename=-", stdin=json.dumps(made))
    old = {} if existing is None else existing.get("data", {})
    changed = sorted(name for name in {*old, *data} if old.get(name) != data.get(name))
    _nudge(cluster, hashlib.sha256(json.dumps(data).encode()).hexdigest()[:12])
    return f"{len(data)} files" if not old else f"changed: {', '.join(changed)}"


def _nudge(cluster: Cluster, version: str) -> None:
    """A kubelet syncs a changed pod immediately, others within a minute: so change the pods."""
    pods = [pod["metadata"]["name"] for pod in cluster.list("pods", AIRFLOW) if mounts(pod)]
    if pods:
        cluster.kubectl("annotate", "pods", *pods, "--namespace", AIRFLOW, "--overwrite", f"{ANNOTATION}={version}")


def mounts(pod: Object) -> bool:
    """Whether a pod reads the ConfigMap."""
    volumes: list[dict[str, Any]] = pod["spec"].get("volumes", [])
    return any(volume.get("configMap", {}).get("name") == NAME for volume in volumes)
