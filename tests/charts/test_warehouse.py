"""What the warehouse chart promises: when a change takes effect, who may log in, what an external host changes."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from etl.postgres import embedded
from etl.state import provision
from k8s.installer.install import secrets
from tests.charts.rendering import CASES, OUTSIDE, Manifest, Values, at, called, of_kind, render, rendered
from tests.conftest import ROOT

ELSEWHERE = ("outside", "CloudNativePG")
HERE = [source for source in CASES if source.startswith("warehouse") and not any(word in source for word in ELSEWHERE)]
OF_CNPG = [source for source in CASES if "CloudNativePG" in source]
CHART = ROOT / "charts" / "warehouse"
# What the embedded server was built without, and the file that a server of its own would have.
LACKING = ('invalid value for parameter "wal_compression": "lz4"', "SSL is not supported", "skipping missing")


def _job(values: Values | None = None, folder: Path | None = None) -> Manifest:
    return of_kind(render("warehouse", values, folder=folder), "Job")[0]


def _server(values: Values | None = None, folder: Path | None = None) -> Manifest:
    return of_kind(render("warehouse", values, folder=folder), "StatefulSet")[0]["spec"]


def _named(kind: str, name: str, manifests: list[Manifest] | tuple[Manifest, ...]) -> Manifest:
    [found] = [manifest for manifest in of_kind(manifests, kind) if manifest["metadata"]["name"] == name]
    return found


def _files(source: str) -> dict[str, str]:
    files: dict[str, str] = _named("ConfigMap", "postgres", rendered(source))["data"]
    return files


def _settings(source: str) -> dict[str, str]:
    """What the server takes from its file: of two lines for one name, the last."""
    return dict(re.findall(r"^(\w+) = '?(.*?)'?$", _files(source)["postgresql.conf"], re.MULTILINE))


# When a change takes effect


@pytest.mark.parametrize(
    ("path", "restarts_the_server", "makes_a_new_job"),
    [
        (("superuser", "revision"), True, False),
        (("tls", "revision"), True, False),
        (("logins", "revision"), False, True),
        (("etl", "image"), False, True),
        (("image",), True, False),
        (("settings", "jit"), True, False),
        (("resources", "limits", "memory"), True, False),
        (("etl", "resources", "limits", "memory"), False, True),
        (("maxUnavailable",), False, False),
    ],
    ids=lambda part: ".".join(part) if isinstance(part, tuple) else None,
)
def test_a_change_takes_effect_where_it_must_and_nowhere_else(
    path: tuple[str, ...], restarts_the_server: bool, makes_a_new_job: bool
) -> None:
    other: Any = {"image": "other:2", "jit": "on", "memory": "1Gi", "maxUnavailable": 1}.get(path[-1], "2")
    changed = at(path, other)
    assert (_server(changed) != _server()) is restarts_the_server
    assert (_job(changed)["metadata"]["name"] != _job()["metadata"]["name"]) is makes_a_new_job


def test_a_job_that_differs_has_another_name_as_kubernetes_lets_no_job_change() -> None:
    assert _job() == _job()
    for changed in ({"etl": {"retries": 5}}, {"etl": {"waitSeconds": 1}}, OUTSIDE, {"imagePullPolicy": "Never"}):
        assert _job(changed)["metadata"]["name"] != _job()["metadata"]["name"], changed


def test_a_new_version_of_the_chart_alone_runs_nothing_again(tmp_path: Path) -> None:
    folder = tmp_path / "warehouse"
    shutil.copytree(CHART, folder)
    chart = folder / "Chart.yaml"
    chart.write_text(re.sub(r"^version: .*$", "version: 99.0.0", chart.read_text(), flags=re.MULTILINE))
    assert _server(folder=folder) == _server()
    assert _job(folder=folder)["spec"] == _job()["spec"]
    assert _job(folder=folder)["metadata"]["name"] == _job()["metadata"]["name"]


def test_the_data_stays_when_the_release_goes() -> None:
    assert _server()["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}


# The server


@pytest.mark.parametrize("source", HERE)
def test_nobody_comes_over_the_network_without_tls_and_a_password(source: str) -> None:
    lines = [line.split() for line in _files(source)["pg_hba.conf"].splitlines() if not line.startswith("#")]
    assert {(kind, method) for kind, *_, method in lines if kind != "local"} == {("hostssl", "scram-sha-256")}
    assert [line for line in lines if line[0] == "local"] == [["local", "all", "all", "peer", "map=pod"]]
    settings = _settings(source)
    assert (settings["ssl"], settings["password_encryption"]) == ("on", "scram-sha-256")
    assert (settings["log_statement"], settings["shared_preload_libraries"]) == ("none", "pg_stat_statements")


@pytest.mark.parametrize("source", HERE)
def test_a_real_postgres_accepts_every_line_of_the_configuration(source: str, tmp_path: Path) -> None:
    file = tmp_path / "postgresql.conf"
    file.write_text(_files(source)["postgresql.conf"])
    command = [embedded.program("postgres"), "-C", "shared_buffers", "-c", f"config_file={file}", "-D", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    complaints = re.findall(r" (?:LOG|WARNING|ERROR):  (.*)$", said, re.MULTILINE)
    assert [line for line in complaints if not line.startswith(LACKING)] == []


@pytest.mark.parametrize(("limit", "shared", "claimed"), [("512Mi", "128MB", "128Mi"), ("8Gi", "2048MB", "2048Mi")])
def test_the_servers_memory_follows_its_limit(limit: str, shared: str, claimed: str) -> None:
    manifests = render("warehouse", {"resources": {"limits": {"memory": limit}}})
    assert f"shared_buffers = {shared}\n" in _named("ConfigMap", "postgres", manifests)["data"]["postgresql.conf"]
    volumes = of_kind(manifests, "StatefulSet")[0]["spec"]["template"]["spec"]["volumes"]
    assert {"medium": "Memory", "sizeLimit": claimed} in [volume.get("emptyDir") for volume in volumes]


@pytest.mark.parametrize("source", HERE)
def test_all_roles_at_their_limits_leave_room_for_the_superuser(source: str) -> None:
    reserved = 3  # superuser_reserved_connections
    taken = sum(limits.connections for limits in provision.LOGINS.values())
    assert taken <= int(_settings(source)["max_connections"]) - reserved


def test_liveness_lets_a_server_recover_and_readiness_does_not() -> None:
    container = _server()["template"]["spec"]["containers"][0]
    live, ready = container["livenessProbe"]["exec"]["command"], container["readinessProbe"]["exec"]["command"]
    for answer, is_alive in ((0, True), (1, True), (2, False), (3, False)):
        script = f"pg_isready() {{ return {answer}; }}; {live[-1]}"
        assert (subprocess.run(["bash", "-c", script], check=False).returncode == 0) is is_alive, answer
    assert ready[0] == "pg_isready"


def test_what_a_probe_leaves_behind_is_not_a_child_of_the_server() -> None:
    """As process 1 the server takes an orphan's exit code 2 for the crash of a backend, and restarts them all."""
    assert _server()["template"]["spec"]["shareProcessNamespace"] is True


# How it starts


@pytest.fixture
def started(tmp_path: Path) -> Any:
    """Runs start.sh with programs that only write down how they were called: `started(version, image)`."""

    def start(version: str | None, image: str = "17") -> tuple[int, str, str]:
        data, programs, log = tmp_path / "pgdata", tmp_path / "bin", tmp_path / "log"
        for folder in (data, programs):
            folder.mkdir()
        if version:
            (data / "PG_VERSION").write_text(f"{version}\n")
        (tmp_path / "password").write_text('it\'s \\ "new" $x\n')
        for name in ("postgres", "docker-entrypoint.sh"):
            (programs / name).write_text(f'#!/bin/sh\necho "{name} $1" >> {log}\n[ "$1" = postgres ] || cat >> {log}\n')
            (programs / name).chmod(0o755)
        script = (CHART / "files" / "start.sh").read_text().replace("/dev/termination-log", str(tmp_path / "ended"))
        environment = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "PGDATA": str(data),
            "PG_MAJOR": image,
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD_FILE": str(tmp_path / "password"),
        }
        done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)
        return done.returncode, log.read_text() if log.exists() else "", done.stderr

    return start


def test_the_first_start_is_the_images_own(started: Any) -> None:
    code, calls, _ = started(None)
    assert (code, calls) == (0, "docker-entrypoint.sh postgres\n")


def test_every_later_start_sets_the_superusers_password_before_anybody_can_connect(started: Any) -> None:
    code, calls, _ = started("17")
    alter = "alter role \"postgres\" password 'it''s \\ \"new\" $x'\n"
    assert (code, calls) == (0, f"postgres --single\n{alter}docker-entrypoint.sh postgres\n")


def test_no_server_starts_while_another_has_the_volume(started: Any, tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        releasing = threading.Timer(0.5, lambda: fcntl.flock(held, fcntl.LOCK_UN))
        releasing.start()
        began = time.monotonic()
        code, _, said = started("17")
        releasing.join()
    assert code == 0
    assert time.monotonic() - began >= 0.5
    assert said == "The previous server is still running: waiting for it to end.\n"


def test_data_of_another_major_version_is_left_alone_and_the_pod_says_so(started: Any, tmp_path: Path) -> None:
    code, calls, said = started("17", image="18")
    assert (code, calls) == (78, "")
    assert said.startswith(
        "error: The data is from PostgreSQL 17, the image has 18.\nhint: Set the image back to postgres:17"
    )
    assert (tmp_path / "ended").read_text() == said


# Backups


def _cronjob(name: str, source: str = "warehouse") -> Manifest:
    spec: Manifest = _named("CronJob", name, rendered(source))["spec"]
    return spec


@pytest.mark.parametrize("source", HERE)
def test_a_backup_is_made_every_night_by_one_pod_that_cannot_run_forever(source: str) -> None:
    spec = _cronjob("backup", source)
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == ("30 2 * * *", "Etc/UTC", "Forbid")
    job = spec["jobTemplate"]["spec"]
    assert 0 < job["backoffLimit"] < 6
    assert job["activeDeadlineSeconds"] < 24 * 3600
    assert spec["successfulJobsHistoryLimit"] + spec["failedJobsHistoryLimit"] <= 3
    (migrations,) = of_kind(rendered(source), "Job")
    assert job["podFailurePolicy"] == migrations["spec"]["podFailurePolicy"]


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_backups_are_made_and_read_by_programs_of_the_servers_own_version(name: str) -> None:
    newer = render("warehouse", {"image": "postgres:18"})
    for manifests in (rendered("warehouse"), tuple(newer)):
        (server,) = of_kind(manifests, "StatefulSet")
        pod = _named("CronJob", name, manifests)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        assert pod["containers"][0]["image"] == server["spec"]["template"]["spec"]["containers"][0]["image"]


def test_the_backup_logs_in_as_a_role_that_only_reads_and_verifies_whom_it_asks() -> None:
    (container,) = _cronjob("backup")["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    environment = {variable["name"]: variable for variable in container["env"]}
    assert environment["PGUSER"]["value"] == provision.BACKUP
    assert environment["PGPASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "warehouse-logins", "key": "backup"}
    assert environment["PGSSLMODE"]["value"] == "verify-full"


def test_only_a_person_starts_a_restore() -> None:
    assert _cronjob("restore")["suspend"] is True
    assert _cronjob("restore")["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"] == ["sleep", "8h"]


def test_backups_outlive_the_release() -> None:
    claim = _named("PersistentVolumeClaim", "backups", rendered("warehouse"))
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_without_backups_nothing_of_them_is_there() -> None:
    manifests = render("warehouse", {"backup": {"enabled": False}})
    assert of_kind(manifests, "CronJob", "PersistentVolumeClaim") == []
    assert [called(manifest) for manifest in of_kind(manifests, "ConfigMap")] == ["ConfigMap postgres"]


def test_a_change_of_the_backups_restarts_no_server_and_makes_no_new_job() -> None:
    changed = {"backup": {"keep": 30, "schedule": "0 1 * * *"}}
    assert _server(changed) == _server()
    assert _job(changed) == _job()


# An address outside, and names that others know


@pytest.mark.parametrize("source", [source for source in CASES if "outside" in source])
def test_a_warehouse_outside_needs_no_more_than_the_job(source: str) -> None:
    kinds = {called(manifest).split()[0] for manifest in rendered(source)}
    assert kinds == {"ServiceAccount", "Job", "Pod"}
    (job,) = of_kind(rendered(source), "Job")
    for container in [
        *job["spec"]["template"]["spec"]["initContainers"],
        *job["spec"]["template"]["spec"]["containers"],
    ]:
        environment = {variable["name"]: variable.get("value") for variable in container["env"]}
        assert (environment["PGHOST"], environment["PGPORT"]) == ("db.example.org", "6432")
        if "unknown" in source:
            assert environment["PGSSLMODE"] == "require"
        else:
            assert (environment["PGSSLMODE"], environment["PGSSLROOTCERT"]) == (
                "verify-full",
                "/etc/warehouse/ca/ca.crt",
            )


def test_the_roles_that_get_a_password_are_those_that_may_log_in() -> None:
    assert set(secrets.LOGINS) == set(provision.LOGINS)


def test_clients_find_it_under_the_name_that_its_certificate_has() -> None:
    (service,) = of_kind(rendered("warehouse"), "Service")
    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == ("postgres", "data-platform")
    assert [port["port"] for port in service["spec"]["ports"]] == [5432]


# The server that CloudNativePG runs


def _cluster(source: str) -> Manifest:
    [found] = of_kind(rendered(source), "Cluster")
    return found


@pytest.mark.parametrize("source", OF_CNPG)
def test_nobody_comes_to_an_instance_without_tls_and_a_password(source: str) -> None:
    settings = _cluster(source)["spec"]["postgresql"]
    *allowed, last = [line.split() for line in settings["pg_hba"]]
    of_statefulset = [line.split() for line in _files("warehouse")["pg_hba.conf"].splitlines() if line[:4] == "host"]
    assert allowed == of_statefulset
    assert last == ["host", "all", "all", "all", "reject"], "the operator's last rule lets in all who have a password"
    assert settings["parameters"]["password_encryption"] == "scram-sha-256"


@pytest.mark.parametrize("source", OF_CNPG)
def test_an_instance_has_the_settings_of_a_single_server_and_wal_for_a_standby(source: str) -> None:
    found = _cluster(source)["spec"]["postgresql"]["parameters"]
    single = _settings(source.replace(" of CloudNativePG", ""))
    differs = {name for name, value in found.items() if single.get(name, value) != value}
    assert differs <= {"wal_level", "max_wal_senders"}
    assert found["wal_level"] == "replica"
    assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize("source", OF_CNPG)
def test_clients_know_the_instances_by_the_name_and_certificate_of_a_single_server(source: str) -> None:
    spec, [service] = _cluster(source)["spec"], of_kind(rendered("warehouse"), "Service")
    [additional] = spec["managed"]["services"]["additional"]
    assert additional["selectorType"] == "rw"
    assert additional["serviceTemplate"]["metadata"]["name"] == service["metadata"]["name"]
    assert spec["certificates"] == {"serverTLSSecret": "warehouse-tls", "serverCASecret": "warehouse-tls"}
    assert not of_kind(rendered(source), "StatefulSet", "Service", "PodDisruptionBudget")


@pytest.mark.parametrize("source", OF_CNPG)
def test_the_instances_outlive_the_release_as_their_volumes_go_with_them(source: str) -> None:
    assert _cluster(source)["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    [backup] = of_kind(rendered(source), "ScheduledBackup")
    assert backup["spec"]["immediate"], "without a base backup no point in time can be restored"
    assert backup["spec"]["backupOwnerReference"] == "cluster"


def test_without_an_archive_or_a_standby_nothing_waits_for_one() -> None:
    [alone] = of_kind(render("warehouse", {"cnpg": {"enabled": True, "instances": 1}}), "Cluster")
    assert "backup" not in alone["spec"]
    assert "synchronous" not in alone["spec"]["postgresql"]


def test_a_database_outside_the_cluster_wins() -> None:
    assert not of_kind(render("warehouse", {**OUTSIDE, "cnpg": {"enabled": True}}), "Cluster", "ScheduledBackup")
