"""Where pods keep the lake: on a volume of the cluster, or on S3."""

from __future__ import annotations

import base64

from k8s.platform.cluster import ETL, Cluster

VOLUME = "/lake"
CLAIM = "lake"


def url(cluster: Cluster) -> str:
    """ETL_LAKE__URL of the pods: what a person's Secret etl/etl says, else the volume."""
    secret = cluster.find("secret", "etl", ETL) or {}
    own = secret.get("data", {}).get("ETL_LAKE__URL", "")
    return base64.b64decode(own).decode().strip() or VOLUME


def claim(address: str) -> str:
    """The claim of the volume that pods mount; blank for a lake that is not on it."""
    return "" if "://" in address else CLAIM
