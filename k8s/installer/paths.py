"""Where things are in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "k8s" / "manifests"
SPARK = ROOT / "k8s" / "spark"
ENVIRONMENTS = ROOT / "k8s" / "environments"
CERTIFICATE = ROOT / "k8s" / "certificate"
KIND = ROOT / "k8s" / "kind.yaml"
CHARTS = ROOT / "charts"
VALUES = CHARTS / "values"
VERSIONS = CHARTS / "versions.toml"
DAGS = ROOT / "dags"
SOURCES = ROOT / "etl" / "sources"
MONITORING = ROOT / "monitoring"
RUNBOOKS = MONITORING / "runbooks"
SQL = ROOT / "sql" / "platform"
MIGRATIONS = ROOT / "sql" / "migrations" / "versions"
CACHE = ROOT / ".data" / "platform"  # downloaded charts; `make clean` removes it
