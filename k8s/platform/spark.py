"""Spark on this cluster: what the driver's pod is told, the files of k8s/spark/."""

from __future__ import annotations

from etl.core.errors import ConfigError
from k8s.platform import lake, paths
from k8s.platform.cluster import ETL, Object
from k8s.platform.generated import LABELS

NAME = "spark"


def settings() -> Object:
    """ConfigMap etl/spark."""
    files = {file.name: file.read_text(encoding="utf-8") for file in sorted(paths.SPARK.iterdir())}
    metadata = {"namespace": ETL, "name": NAME, "labels": LABELS}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files}


def require_shared(address: str) -> None:
    """Raises: ConfigError for a lake on a volume, which executors on other nodes could not reach."""
    if lake.claim(address):
        raise ConfigError(
            "Spark's executors need a lake that all of them reach, and this one is on a volume.",
            hint="make up SPARK=1 OBJECT_STORE=1, or a bucket of your own: docs/how-to/lake-on-s3.md.",
        )
