"""What Airflow, the pods and each database role may do; everything else is refused."""

from __future__ import annotations

from functools import cache

import psycopg2
import pytest
from kubernetes import client

from tests.e2e import kube
from tests.e2e.conftest import Connect

LOGINS = ("etl_loader", "engineer", "analyst", "metrics", "backup", "airflow")


@cache
def authorization() -> client.AuthorizationV1Api:
    """The API of permissions; hundreds of questions share its connections."""
    return client.AuthorizationV1Api()


def may(account: str, verb: str, resource: str, namespace: str, subresource: str | None = None) -> bool:
    """Ask the API server, as an administrator may, what a ServiceAccount is allowed to do."""
    review = client.V1SubjectAccessReview(
        spec=client.V1SubjectAccessReviewSpec(
            user=f"system:serviceaccount:{account}",
            resource_attributes=client.V1ResourceAttributes(
                verb=verb, resource=resource, subresource=subresource, namespace=namespace
            ),
        )
    )
    return bool(authorization().create_subject_access_review(review).status.allowed)


@pytest.mark.parametrize("verb", ["create", "get", "list", "watch", "patch", "delete"])
def test_the_scheduler_handles_pods_in_etl_and_nowhere_else(up: str, verb: str) -> None:
    assert may("airflow:airflow-scheduler", verb, "pods", "etl")
    for namespace in ("airflow", "data-platform", "monitoring", "default", "kube-system"):
        assert not may("airflow:airflow-scheduler", verb, "pods", namespace)


@pytest.mark.parametrize("resource", ["secrets", "configmaps", "serviceaccounts", "deployments", "roles", "jobs"])
@pytest.mark.parametrize("verb", ["get", "list", "create", "delete"])
def test_the_scheduler_handles_nothing_but_pods(up: str, verb: str, resource: str) -> None:
    for namespace in (*kube.NAMESPACES, "default", "kube-system"):
        assert not may("airflow:airflow-scheduler", verb, resource, namespace)


def test_the_scheduler_may_not_enter_a_pod(up: str) -> None:
    assert not may("airflow:airflow-scheduler", "create", "pods", "etl", "exec")
    assert not may("airflow:airflow-scheduler", "patch", "pods", "etl", "ephemeralcontainers")


def test_grafana_reads_dashboards_and_no_secret(up: str) -> None:
    grafana = "monitoring:kube-prometheus-stack-grafana"
    assert may(grafana, "list", "configmaps", "monitoring")
    assert not may(grafana, "create", "configmaps", "monitoring")
    for namespace in (*kube.NAMESPACES, "kube-system"):
        assert not may(grafana, "get", "secrets", namespace)


@pytest.mark.parametrize("account", ["etl:etl", "airflow:airflow-api-server", "airflow:airflow-dag-processor"])
@pytest.mark.parametrize("resource", ["pods", "secrets", "configmaps"])
def test_other_accounts_may_do_nothing(up: str, account: str, resource: str) -> None:
    for namespace in kube.NAMESPACES:
        assert not may(account, "list", resource, namespace)
        assert not may(account, "create", resource, namespace)


def test_an_etl_pod_holds_no_token(up: str, image: str) -> None:
    with kube.idle_pod("etl", image, labels={"app.kubernetes.io/name": "etl"}) as idle:
        assert [volume.name for volume in idle.spec.volumes or [] if volume.projected] == []
        token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
        assert "no token" in kube.kubectl(
            "exec", "-n", "etl", idle.metadata.name, "--", "sh", "-c", f"cat {token} 2>/dev/null || echo no token"
        )


def test_a_pod_as_root_is_not_admitted(up: str) -> None:
    for namespace in kube.NAMESPACES:
        body = {"metadata": {"name": "root"}, "spec": {"containers": [{"name": "root", "image": "busybox:1.37"}]}}
        with pytest.raises(client.ApiException, match="PodSecurity"):
            kube.core().create_namespaced_pod(namespace, body, dry_run="All")


def test_nothing_of_the_platform_runs_as_root(up: str) -> None:
    for namespace in kube.NAMESPACES:
        for one in kube.pods(namespace):
            for container in one.spec.containers + (one.spec.init_containers or []):
                pod, own = one.spec.security_context, container.security_context
                user = own.run_as_user if own and own.run_as_user is not None else pod.run_as_user
                non_root = (own and own.run_as_non_root) or pod.run_as_non_root
                assert non_root, f"{namespace}/{one.metadata.name}/{container.name}"
                assert user != 0


@pytest.mark.parametrize("role", LOGINS)
def test_a_role_enters_by_its_own_password_over_tls_only(connect: Connect, role: str) -> None:
    database = "airflow" if role == "airflow" else "warehouse"
    with connect(role, database) as cursor:
        cursor.execute("select current_user, ssl from pg_stat_ssl where pid = pg_backend_pid()")
        assert cursor.fetchone() == (role, True)
    with pytest.raises(psycopg2.OperationalError, match="authentication failed"), connect(role, database, password="x"):
        pass
    with pytest.raises(psycopg2.OperationalError, match="no encryption"), connect(role, database, sslmode="disable"):
        pass


@pytest.mark.parametrize(
    ("role", "database"),
    [("airflow", "warehouse"), *((role, "airflow") for role in LOGINS if role not in ("airflow", "backup"))],
)
def test_a_role_does_not_enter_the_databases_of_others(connect: Connect, role: str, database: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"), connect(role, database):
        pass


REFUSED = {
    "analyst": [
        "select * from ops.run",
        "delete from silver.spacex_launches",
        "delete from silver.sensor_readings",
        "create table silver.x (id int)",
    ],
    "engineer": ["delete from gold.core_usage", "insert into ops.run default values", "set role platform_admin"],
    "metrics": ["select * from silver.spacex_launches", "select * from gold.core_usage", "delete from ops.run"],
    "etl_loader": [
        "delete from silver.spacex_launches",
        "drop table gold.sensor_extremes",
        "delete from ops.spending",
        "create role other",
    ],
    "backup": ["delete from ops.run", "delete from gold.core_usage", "create table silver.x (id int)"],
    "airflow": ["create role other", "select pg_read_file('/etc/passwd')"],
}


@pytest.mark.parametrize(("role", "statement"), [(role, each) for role, many in REFUSED.items() for each in many])
def test_a_role_is_refused_what_is_not_its_own(connect: Connect, role: str, statement: str) -> None:
    database = "airflow" if role == "airflow" else "warehouse"
    with connect(role, database) as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(statement)
