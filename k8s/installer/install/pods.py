"""The settings of ETL pods that are not secret."""

from __future__ import annotations

from k8s.installer import paths
from k8s.installer.cluster.kubectl import ETL, Object
from k8s.installer.install import lake, objects
from k8s.installer.install.options import Options


def settings(options: Options) -> Object:
    """ConfigMap etl/etl; secret settings are in Secret etl/etl, which people create."""
    data = {
        "ETL_LAKE__URL": lake.default(options),
        "ETL_STATSD__HOST": "statsd-exporter.monitoring.svc",
    }
    if options.simulate:
        url = "http://simulator.simulator.svc:8900"
        data |= {f"ETL_{name.upper()}__BASE_URL": f"{url}/{name}" for name in simulated()}
    return objects.config_map(ETL, "etl", data)


def simulated() -> list[str]:
    """The sources that the image can simulate."""
    return sorted(file.parent.name for file in paths.SOURCES.glob("*/simulator.py"))
