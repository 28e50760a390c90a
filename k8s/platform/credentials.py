"""`make credentials`: where to log in, and as whom."""

from __future__ import annotations

from k8s.platform import console, installed
from k8s.platform.cluster import AIRFLOW, DATA_PLATFORM, MONITORING, OBJECT_STORE

PEOPLE = {"analyst": "reads gold and silver", "engineer": "reads everything, ops included"}  # others are for programs


def credentials(cluster_option: str) -> None:
    """Print them; this is the only verb that does."""
    cluster = installed.find(cluster_option)
    airflow = installed.secret(cluster, AIRFLOW, "airflow-admin")
    grafana = installed.secret(cluster, MONITORING, "grafana-admin")
    superuser = installed.secret(cluster, DATA_PLATFORM, "warehouse-superuser")
    logins = installed.secret(cluster, DATA_PLATFORM, "warehouse-logins")
    console.say("In the browser, while `make ui` runs")
    _line("Airflow", airflow["username"], airflow["password"], "http://localhost:8080")
    _line("Grafana", grafana["admin-user"], grafana["admin-password"], "http://localhost:3000")
    console.say(
        "\nThe warehouse, by `make psql ROLE=…`, or in the cluster at postgres.data-platform.svc:5432/warehouse"
    )
    for role, what in PEOPLE.items():
        _line("", role, logins[role], what)
    _line("", superuser["username"], superuser["password"], "the superuser")
    if cluster.find("secret", "object-store", OBJECT_STORE):
        keys = installed.secret(cluster, OBJECT_STORE, "object-store")
        console.say("\nThe S3 that holds the lake, in the cluster at https://object-store.object-store.svc:7070")
        _line("", keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], "reads and writes everything")


def _line(where: str, user: str, password: str, what: str) -> None:
    console.say(f"  {where:<8} {user:<11} {password:<26} {what}")
