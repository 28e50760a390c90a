"""No secret is in a manifest, in a release's values, in a pod's arguments or environment, or in a log."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e import kube

HOLDERS = {
    "data-platform": ("warehouse-superuser", "warehouse-logins"),
    "etl": ("warehouse",),
    "airflow": ("airflow-metadata", "airflow-fernet-key", "airflow-jwt", "airflow-api-secret-key", "airflow-admin"),
    "monitoring": ("grafana-admin", "grafana-warehouse"),
}
PLAIN = {"username", "admin-user", "PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGSSLMODE", "PGSSLROOTCERT"}


class Secrets(dict[str, str]):
    """Every secret value of the platform by the place where it is kept; a failing test does not print them."""

    def __repr__(self) -> str:
        return f"<{len(self)} secrets>"

    def in_(self, text: str) -> set[str]:
        """Names of the secrets that a text holds."""
        return {name for name, value in self.items() if value in text}


@pytest.fixture(scope="module")
def secrets(up: str) -> Secrets:
    found = Secrets()
    for namespace, names in HOLDERS.items():
        for name in names:
            values = kube.secret(namespace, name)
            found |= {f"{namespace}/{name}/{key}": text for key, text in values.items() if key not in PLAIN}
    found["data-platform/warehouse-tls/tls.key"] = kube.secret("data-platform", "warehouse-tls")["tls.key"]
    assert min(map(len, found.values())) >= 16
    assert len(set(found.values())) == len(found) - 2, "only the loader's and the analyst's are in two places"
    return found


def test_no_release_contains_a_secret(secrets: Secrets) -> None:
    for release in json.loads(subprocess.check_output(["helm", "list", "-A", "-o", "json"])):
        for what in ("values", "manifest", "notes"):
            command = ["helm", "get", what, release["name"], "-n", release["namespace"]]
            command += ["--all"] if what == "values" else []
            assert not secrets.in_(subprocess.check_output(command, text=True)), " ".join(command)


def test_no_pod_shows_a_secret_in_its_specification(secrets: Secrets) -> None:
    for namespace in (*kube.NAMESPACES, "simulator"):
        specification = kube.kubectl(
            "get", "pods,jobs,deployments,statefulsets,configmaps", "-n", namespace, "-o", "json"
        )
        assert not secrets.in_(specification), namespace


def logs() -> Iterator[tuple[str, str]]:
    """What each container has said."""
    for namespace in (*kube.NAMESPACES, "simulator"):
        for one in kube.pods(namespace):
            names = [container.name for container in (*(one.spec.init_containers or []), *one.spec.containers)]
            for name in names:
                said = subprocess.run(
                    ["kubectl", "logs", "-n", namespace, one.metadata.name, "-c", name], capture_output=True, text=True
                )
                yield f"{namespace}/{one.metadata.name}/{name}", said.stdout


def test_no_log_contains_a_secret(secrets: Secrets) -> None:
    for container, said in logs():
        assert not secrets.in_(said), container


def test_the_credentials_are_shown_on_request(secrets: Secrets) -> None:
    shown = kube.make("credentials")
    assert shown.returncode == 0, shown.stderr
    assert secrets.in_(shown.stdout) == {
        "airflow/airflow-admin/password",
        "monitoring/grafana-admin/admin-password",
        "monitoring/grafana-warehouse/password",  # the analyst's
        "data-platform/warehouse-logins/analyst",
        "data-platform/warehouse-logins/engineer",
        "data-platform/warehouse-superuser/password",
    }
