"""With an object store in the cluster: the lake is there, opened by its keys only and reached by ETL pods only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from etl.lake.store import Lake
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask
from tests.e2e.test_21_sensors import LATEST

DAYS = 5
SENSORS = 100

OpenLake = Callable[[], AbstractContextManager[Lake]]


@pytest.fixture(scope="module")
def published(up_with_spark: str, airflow: Airflow) -> str:
    """The id of a run that has ended well."""
    first = datetime.now(UTC).date() - timedelta(days=40)  # published already: nothing changes for others
    run = airflow.start("sensors", start_date=str(first), end_date=str(first + timedelta(days=DAYS)))
    assert airflow.end("sensors", run) == "success", airflow.tasks("sensors", run)
    return run


@pytest.fixture
def authority(up_with_spark: str, tmp_path: Path) -> Path:
    """A file with the certificate of who signed the server's."""
    file = tmp_path / "ca.crt"
    file.write_text(kube.secret("object-store", "object-store-tls")["ca.crt"])
    return file


@pytest.fixture
def open_lake(authority: Path, monkeypatch: pytest.MonkeyPatch) -> OpenLake:
    """`with open_lake() as lake`: the lake in the store, over a port-forward, the server's certificate verified."""
    for name, value in kube.secret("object-store", "object-store").items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def lake() -> Iterator[Lake]:
        with kube.forward("object-store", "object-store", 7070) as port:
            options = f"endpoint_override=localhost:{port}&scheme=https&region=us-east-1"
            yield Lake(f"s3://lake?{options}&tls_ca_file_path={authority}")

    return lake


def test_a_run_keeps_what_it_extracts_and_transforms_in_the_store(published: str, open_lake: OpenLake) -> None:
    with open_lake() as lake:
        layers = {path.partition("/")[0] for path in lake.list("")}
    assert {"bronze", "silver"} <= layers


def test_what_is_in_the_store_is_published(published: str, ask: Ask) -> None:
    [(_, _, _, _, received)] = ask("engineer", LATEST)
    assert received == DAYS * SENSORS


def test_status_shows_the_store_and_its_volume(up_with_spark: str) -> None:
    status = kube.make("status")
    assert "object-store/data-object-store-0" in status.stdout, status.stderr


def test_the_keys_are_shown_to_who_asks_for_them(up_with_spark: str) -> None:
    secret = kube.secret("object-store", "object-store")["AWS_SECRET_ACCESS_KEY"]
    assert secret not in up_with_spark
    assert secret in kube.make("credentials").stdout


@pytest.mark.parametrize("path", ["lake", "lake/bronze", ""])
def test_a_request_that_no_key_has_signed_is_refused(up_with_spark: str, authority: Path, path: str) -> None:
    with kube.forward("object-store", "object-store", 7070) as port:
        answer = requests.get(f"https://localhost:{port}/{path}", verify=str(authority), timeout=30)
    assert answer.status_code == 403


@pytest.mark.parametrize(("namespace", "is_reached"), [("etl", True), ("data-platform", False), ("default", False)])
def test_only_etl_pods_reach_it(up_with_spark: str, image: str, namespace: str, is_reached: bool) -> None:
    target = kube.address("object-store", "object-store", 7070)
    with kube.idle_pod(namespace, image, labels={"app.kubernetes.io/name": "idle"}) as idle:
        assert kube.reachable_from(idle, image, [target]) == {target: is_reached}


def test_a_killed_server_comes_back_with_what_it_had(published: str, open_lake: OpenLake) -> None:
    with open_lake() as lake:
        before = lake.list("bronze")
    (killed,) = kube.pods("object-store")
    kube.kill("object-store", killed.metadata.name)

    def is_back() -> bool:
        others = [one for one in kube.pods("object-store") if one.metadata.uid != killed.metadata.uid]
        return any(kube.is_ready(one) for one in others)

    kube.wait_for("the server is back", is_back)
    with open_lake() as lake:
        assert lake.list("bronze") == before != []
