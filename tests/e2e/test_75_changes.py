"""What `make up` does with a platform that somebody or something has changed, and what a failed one leaves behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from kubernetes import client

from tests.conftest import ROOT
from tests.e2e import checkout, howto, kube
from tests.e2e.airflow import Airflow
from tests.e2e.checkout import Checkout
from tests.e2e.conftest import Ask, brought_up, misbehaving

pytestmark = pytest.mark.thorough

PULLED = 'postgres = "postgres:17"'


@pytest.fixture(scope="module")
def other(up: str, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout beside this one."""
    return Checkout(tmp_path_factory.mktemp("checkout"))


def installed() -> dict[str, str]:
    """The current state of all that runs and readers depend on."""
    core, batch = kube.core(), client.BatchV1Api()
    maps = {
        name: core.read_namespaced_config_map(name, namespace)
        for name, namespace in (("dags", "airflow"), ("etl", "etl"))
    }
    backup = batch.read_namespaced_cron_job("backup", "data-platform")
    versions = {name: str(found.metadata.resource_version) for name, found in maps.items()}
    revisions = {name: revision for name, (_, revision) in kube.helm_releases().items()}
    return {**versions, "backup": str(backup.metadata.generation), **revisions}


def pods_of_postgres() -> list[client.V1Pod]:
    return [one for one in kube.pods("data-platform", "app.kubernetes.io/component=postgres") if kube.is_ready(one)]


def test_an_image_that_cannot_be_pulled_leaves_what_ran_running(other: Checkout, ask: Ask) -> None:
    other.edit("charts/versions.toml", PULLED, 'postgres = "localhost:9/postgres:17"')
    failed = other.make("up")
    other.edit("charts/versions.toml", "localhost:9/postgres:17", "postgres:17")
    print(failed.stdout)
    assert failed.returncode != 0, failed.stdout
    assert "warehouse will not become ready" in failed.stderr
    assert "runs again" in failed.stderr
    kube.wait_for("the database", pods_of_postgres)
    assert ask("engineer", "select count(*) from ops.run")


def test_a_run_goes_on_while_its_warehouse_is_migrated(other: Checkout, airflow: Airflow, ask: Ask) -> None:
    version = other.add_migration()
    runs = []
    with misbehaving("spacex", "slow=15@/v5/launches"):
        code, said = checkout.up(other.folder, "✓ image ", lambda _: runs.append(airflow.start("spacex")))
        print(said)
        assert code == 0, said
        assert f"version {version}, was" in said
        assert airflow.end("spacex", runs[0]) == "success"
    assert ask("engineer", "select version_num from ops.schema_version") == [(version,)]
    quota = kube.core().read_namespaced_resource_quota("etl", "etl").spec.hard
    assert quota["pods"] == "20"


def test_an_upgrade_goes_as_its_how_to_says(
    other: Checkout, up: str, tmp_path: Path, airflow: Airflow, ask: Ask
) -> None:
    clone = other.published(tmp_path / "clone")
    version = other.add_migration()
    other.release()
    rows = ask("analyst", "select count(*) from silver.spacex_launches")
    howto.follow("upgrade.md", "Before", {})
    said = howto.follow("upgrade.md", "Upgrade", {}, clone)
    assert f"version {version}, was" in said
    assert ask("engineer", "select version_num from ops.schema_version") == [(version,)]
    assert ask("analyst", "select count(*) from silver.spacex_launches") == rows
    airflow.succeed("spacex")


def test_a_setting_of_ones_own_reaches_the_next_pod(up: str, tmp_path: Path, airflow: Airflow) -> None:
    (tmp_path / "key.txt").write_text("a-key-of-nobodys")
    [command] = howto.commands("upgrade.md", "Settings and keys of your own")
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    try:
        airflow.succeed("sensors")
    finally:
        kube.kubectl("delete", "secret", "etl", "--namespace=etl")


def test_an_older_checkout_changes_nothing(other: Checkout) -> None:
    before = installed()
    refused = kube.make("up")
    assert refused.returncode != 0, refused.stdout
    assert "this checkout knows only" in refused.stderr
    assert installed() == before
    # back to this checkout, as after the restore of an older backup
    versions = sorted(path.name[:4] for path in (ROOT / "sql/migrations/versions").glob("[0-9]*.py"))
    kube.as_superuser(f"update ops.schema_version set version_num = '{versions[-1]}'")
    brought_up()


def scale_everything_down() -> None:
    for namespace, kinds in (
        ("airflow", "deployment,statefulset"),
        ("simulator", "deployment"),
        ("monitoring", "deployment"),
    ):
        kube.kubectl("scale", kinds, "--all", "--replicas=0", "--namespace", namespace)


def test_a_lost_volume_and_what_was_scaled_to_zero_come_back_even_if_interrupted(airflow: Airflow, ask: Ask) -> None:
    scale_everything_down()
    kube.kubectl("scale", "statefulset", "postgres", "--replicas=0", "--namespace=data-platform")
    kube.wait_for("no database", lambda: not kube.pods("data-platform", "app.kubernetes.io/component=postgres"))
    kube.kubectl("delete", "pvc", "data-postgres-0", "--namespace=data-platform")

    status = kube.make("status")
    assert status.returncode != 0, status.stdout
    assert "StatefulSet postgres has replicas: 0" in status.stdout
    assert "Deployment airflow-api-server has replicas: 0" in status.stdout

    for moment in ("✓ policies", "✓ warehouse", "✓ dags"):
        code, said = checkout.up(ROOT, moment, checkout.interrupt)
        assert "Interrupted" in said, said
        assert code != 0
        assert all(status == "deployed" for status, _ in kube.helm_releases().values())
    brought_up()

    for namespace in ("airflow", "data-platform", "simulator"):
        kube.wait_for(f"all pods of {namespace}", lambda namespace=namespace: kube.all_ready(namespace))  # type: ignore[misc]
    again = Airflow()
    kube.wait_for("the DAG", lambda: again.knows("spacex"))
    again.succeed("spacex")
    # In the hours after its schedule's time, a new DAG starts a run of its own as well.
    ended = ask("engineer", "select status from ops.run where source = 'spacex' and ended_at is not null")
    assert ("published",) in ended
    assert set(ended) <= {("published",), ("unchanged",)}
    well = kube.make("status")
    assert well.returncode == 0, well.stdout + well.stderr


def test_a_certificate_that_expires_soon_is_renewed_without_a_restart(up: str, tmp_path: Path) -> None:
    from datetime import UTC, datetime, timedelta

    from k8s.installer.install import certificate

    signer = kube.secret("data-platform", "warehouse-authority")
    old = kube.secret("data-platform", "warehouse-tls")
    made = certificate.make(certificate.POSTGRES, datetime.now(UTC) - timedelta(days=800), old["ca.crt"], signer)
    kube.core().patch_namespaced_secret("warehouse-tls", "data-platform", {"stringData": made})
    assert "the certificate in Secret warehouse-tls expires" in kube.make("status").stdout
    [before] = pods_of_postgres()
    job = ("job", "renew-now", "--namespace=data-platform")
    kube.kubectl("create", *job, "--from=cronjob/certificate")
    kube.kubectl("wait", *job, "--for=condition=Complete", "--timeout=300s")
    said = kube.kubectl("logs", "job/renew-now", "--namespace=data-platform")
    kube.kubectl("delete", *job)
    assert "in use" in said
    [after] = pods_of_postgres()
    assert after.metadata.uid == before.metadata.uid
    assert kube.secret("data-platform", "warehouse-tls")["ca.crt"] == made["ca.crt"]
    assert json.dumps(kube.make("up").returncode) == "0"
