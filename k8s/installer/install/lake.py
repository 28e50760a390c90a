"""Where pods keep the lake: on a volume of the cluster, or on S3."""

from __future__ import annotations

from k8s.installer.cluster.kubectl import ETL, Cluster, decoded
from k8s.installer.install.options import Options

VOLUME = "/lake"
CLAIM = "lake"
STORE_HOST = "object-store.object-store.svc:7070"
OBJECT_STORE = (
    f"s3://lake?endpoint_override={STORE_HOST}&scheme=https&region=us-east-1&tls_ca_file_path=/etc/object-store/ca.crt"
)


def default(options: Options) -> str:
    """ETL_LAKE__URL of the pods, unless Secret etl/etl sets another."""
    return options.lake_url or (OBJECT_STORE if options.object_store else VOLUME)


def url(cluster: Cluster, options: Options) -> str:
    """The one in effect: Secret etl/etl, which people create, takes precedence."""
    own = decoded(cluster.find("secret", "etl", ETL) or {}).get("ETL_LAKE__URL", "")
    return own.strip() or default(options)


def claim(url: str) -> str:
    """The claim of the volume that pods mount; blank for a lake that is not on it."""
    return "" if "://" in url else CLAIM
