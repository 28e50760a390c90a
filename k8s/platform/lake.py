"""Where pods keep the lake: on a volume of the cluster, or on S3."""

from __future__ import annotations

import base64

from k8s.platform.cluster import ETL, Cluster

VOLUME = "/lake"
CLAIM = "lake"
OBJECT_STORE = (
    "s3://lake?endpoint_override=object-store.object-store.svc:7070&scheme=https&region=us-east-1"
    "&tls_ca_file_path=/etc/object-store/ca.crt"
)


def of_platform(*, object_store: bool) -> str:
    """ETL_LAKE__URL as pods are told it, unless a person says otherwise."""
    return OBJECT_STORE if object_store else VOLUME


def url(cluster: Cluster, *, object_store: bool) -> str:
    """Where it is in the end: what a person's Secret etl/etl says counts more."""
    secret = cluster.find("secret", "etl", ETL) or {}
    own = secret.get("data", {}).get("ETL_LAKE__URL", "")
    return base64.b64decode(own).decode().strip() or of_platform(object_store=object_store)


def claim(address: str) -> str:
    """The claim of the volume that pods mount; blank for a lake that is not on it."""
    return "" if "://" in address else CLAIM
