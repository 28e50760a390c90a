"""Spark on this cluster: the settings of the driver's pod, from the files of k8s/spark/."""

from __future__ import annotations

from etl.core.errors import ConfigError
from k8s.installer import paths
from k8s.installer.cluster.kubectl import ETL, Object
from k8s.installer.install import lake, objects

NAME = "spark"


def settings() -> Object:
    """ConfigMap etl/spark."""
    files = {file.name: file.read_text(encoding="utf-8") for file in sorted(paths.SPARK.iterdir())}
    return objects.config_map(ETL, NAME, files)


def require_shared(url: str) -> None:
    """Raises: ConfigError for a lake on a volume, which executors on other nodes could not reach."""
    if lake.claim(url):
        raise ConfigError(
            "Spark's executors need a lake that all of them can reach, and this one is on a volume.",
            hint="make up SPARK=1 OBJECT_STORE=1, or use a bucket of your own: docs/how-to/lake-on-s3.md.",
        )
