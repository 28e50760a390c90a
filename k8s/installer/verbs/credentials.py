"""`make credentials`: where to log in, and as whom."""

from __future__ import annotations

from k8s.installer import console
from k8s.installer.cluster import contexts
from k8s.installer.cluster.kubectl import AIRFLOW, DATA_PLATFORM, MONITORING, OBJECT_STORE, decoded
from k8s.installer.install import lake
from k8s.installer.verbs.ui import PAGES

PEOPLE = {"analyst": "reads gold and silver", "engineer": "reads everything, including ops"}  # others: for programs


def credentials(cluster_option: str) -> None:
    """Print them; no other verb does."""
    cluster = contexts.installed(cluster_option)
    airflow = cluster.secret(AIRFLOW, "airflow-admin")
    grafana = cluster.secret(MONITORING, "grafana-admin")
    superuser = cluster.secret(DATA_PLATFORM, "warehouse-superuser")
    logins = cluster.secret(DATA_PLATFORM, "warehouse-logins")
    urls = {page.name: f"http://localhost:{page.local}" for page in PAGES}
    console.say("In the browser, while `make ui` runs")
    _line("Airflow", airflow["username"], airflow["password"], urls["Airflow"])
    _line("Grafana", grafana["admin-user"], grafana["admin-password"], urls["Grafana"])
    console.say("\nThe warehouse: `make psql ROLE=…`, or in the cluster postgres.data-platform.svc:5432/warehouse")
    for role, rights in PEOPLE.items():
        _line("", role, logins[role], rights)
    _line("", superuser["username"], superuser["password"], "the superuser")
    if store := cluster.find("secret", "object-store", OBJECT_STORE):
        keys = decoded(store)
        console.say(f"\nThe S3 server that holds the lake: in the cluster https://{lake.STORE_HOST}")
        _line("", keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], "reads and writes everything")


def _line(where: str, user: str, password: str, note: str) -> None:
    console.say(f"  {where:<8} {user:<11} {password:<26} {note}")
