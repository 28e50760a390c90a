"""CloudNativePG: whether its operator is there, the cluster of Postgres that it runs, and where that archives."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlsplit

from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster, Object, decoded, is_true
from k8s.installer.cluster.shell import ToolError

NAME = "postgres"  # of the Cluster, as of the StatefulSet on a laptop
KIND = "clusters.postgresql.cnpg.io"
OPERATOR = "app.kubernetes.io/name=cloudnative-pg"
LABEL = "cnpg.io/cluster"  # of everything that belongs to a Cluster
HIBERNATION = "cnpg.io/hibernation"
ARCHIVE = (DATA_PLATFORM, "warehouse-archive")
OWN_ARCHIVE = "s3://warehouse"  # on the S3 server in the cluster
CLAIM = "data-postgres-0"  # of the StatefulSet
SET_ASIDE = "data-platform/set-aside"  # a label by which people say that a claim is not the warehouse any more


def is_shared(cluster: Cluster) -> bool:
    """Whether somebody else's operator looks after this Kubernetes, so that we need none of our own."""
    where = {item["metadata"]["namespace"] for item in cluster.list("deployments", None, f"--selector={OPERATOR}")}
    return bool(where) and DATA_PLATFORM not in where


def clusters(cluster: Cluster) -> list[Object]:
    """Every Cluster of namespace data-platform; none if Kubernetes does not know the kind."""
    try:
        said = cluster.kubectl("get", "--raw", f"/apis/postgresql.cnpg.io/v1/namespaces/{DATA_PLATFORM}/clusters")
    except ToolError:
        return []
    return [{**item, "kind": "Cluster"} for item in json.loads(said or '{"items": []}')["items"]]


def find(cluster: Cluster) -> Object | None:
    """The warehouse, if CloudNativePG runs it."""
    return next((one for one in clusters(cluster) if one["metadata"]["name"] == NAME), None)


def is_ready(item: Object) -> bool:
    """Whether all instances of a Cluster serve, and run the wanted image."""
    spec, status = item["spec"], item.get("status", {})
    has_all = status.get("readyInstances", 0) == spec["instances"] and status.get("image") == spec["imageName"]
    return has_all and is_true(item, "Ready") is not None


def is_hibernated(item: Object) -> bool:
    """Whether it has volumes only, and no pod."""
    return bool(item["metadata"].get("annotations", {}).get(HIBERNATION) == "on")


def hibernate(cluster: Cluster) -> None:
    """End its pods and wait until they are gone; its volumes stay."""
    _annotate(cluster, "on")
    pods = ("pods", f"--selector={LABEL}={NAME}", "--namespace", DATA_PLATFORM)
    cluster.kubectl("wait", "--for=delete", *pods, "--timeout=180s")


def wake(cluster: Cluster) -> None:
    """Start its pods again."""
    _annotate(cluster, "off")


def _annotate(cluster: Cluster, hibernation: str) -> None:
    which = (f"{KIND}/{NAME}", "--namespace", DATA_PLATFORM)
    cluster.kubectl("annotate", *which, f"{HIBERNATION}={hibernation}", "--overwrite")


def holders(cluster: Cluster) -> frozenset[str]:
    """Which kinds of server have data here: `postgres`, our StatefulSet, or `cnpg`."""
    claims = [item["metadata"] for item in cluster.list("persistentvolumeclaims", DATA_PLATFORM)]
    kept = [claim for claim in claims if SET_ASIDE not in claim.get("labels", {})]
    of_statefulset = {"postgres" for claim in kept if claim["name"] == CLAIM}
    return frozenset(of_statefulset | {"cnpg" for claim in kept if claim.get("labels", {}).get(LABEL) == NAME})


def new_folder(archive: dict[str, str], now: datetime) -> dict[str, str]:
    """The archive with a folder for a server that is created now: it must not continue a former one's."""
    former = f"{archive.get('FORMER', '')} {archive.get('FOLDER', '')}".strip()
    return {**archive, "FOLDER": f"postgres-{now:%Y%m%dT%H%M%SZ}", "FORMER": former}


def archive_ports(cluster: Cluster) -> tuple[int, ...]:
    """The port of an archive outside the cluster; none for the S3 server in it."""
    archive = decoded(cluster.find("secret", ARCHIVE[1], ARCHIVE[0]) or {})
    if archive.get("URL", OWN_ARCHIVE) == OWN_ARCHIVE:
        return ()
    endpoint = urlsplit(archive.get("ENDPOINT", ""))
    return (endpoint.port or (80 if endpoint.scheme == "http" else 443),)
