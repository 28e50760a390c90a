"""An object store in the cluster holds the lake, opens only with its keys and is reached only by ETL pods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import requests

from etl.lake.store import Lake
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask
from tests.e2e.sensors import LATEST, SENSORS

pytestmark = pytest.mark.thorough

DAYS = 5

OpenLake = Callable[[], Lake]


@pytest.fixture(scope="module")
def published(extended: str, airflow: Airflow) -> str:
    """The ID of a run that succeeded, for days that are published already: nothing changes for other tests."""
    first = datetime.now(UTC).date() - timedelta(days=40)
    return airflow.succeed("sensors", start_date=str(first), end_date=str(first + timedelta(days=DAYS)))


@pytest.fixture(scope="module")
def store_authority(extended: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the certificate of the authority that signed the server's."""
    file = tmp_path_factory.mktemp("store") / "ca.crt"
    file.write_text(kube.secret("object-store", "object-store-tls")["ca.crt"])
    return file


@pytest.fixture
def open_lake(store_authority: Path, monkeypatch: pytest.MonkeyPatch) -> OpenLake:
    """`open_lake()`: the lake in the store, over a port-forward, with the server's certificate verified."""
    for name, value in kube.secret("object-store", "object-store").items():
        monkeypatch.setenv(name, value)

    def lake() -> Lake:
        port = kube.port("object-store", "object-store", 7070)
        options = f"endpoint_override=localhost:{port}&scheme=https&region=us-east-1"
        return Lake(f"s3://lake?{options}&tls_ca_file_path={store_authority}")

    return lake


def test_a_run_keeps_what_it_extracts_and_transforms_in_the_store(published: str, open_lake: OpenLake) -> None:
    layers = {path.partition("/")[0] for path in open_lake().list("")}
    assert {"bronze", "silver"} <= layers


def test_what_is_in_the_store_is_published(published: str, ask: Ask) -> None:
    [(_, _, _, _, received)] = ask("engineer", LATEST)
    assert received == DAYS * SENSORS


def test_status_shows_the_store_and_its_volume(extended: str) -> None:
    status = kube.make("status")
    assert "object-store/data-object-store-0" in status.stdout, status.stderr


def test_the_keys_are_shown_on_request_only(extended: str) -> None:
    secret = kube.secret("object-store", "object-store")["AWS_SECRET_ACCESS_KEY"]
    assert secret not in extended
    assert secret in kube.make("credentials").stdout


@pytest.mark.parametrize("path", ["lake", "lake/bronze", ""])
def test_a_request_that_no_key_has_signed_is_refused(extended: str, store_authority: Path, path: str) -> None:
    port = kube.port("object-store", "object-store", 7070)
    answer = requests.get(f"https://localhost:{port}/{path}", verify=str(store_authority), timeout=30)
    assert answer.status_code == 403


@pytest.fixture(scope="module")
def reached(extended: str, image: str) -> dict[str, bool]:
    """For each namespace, whether its pods reach the store."""
    target = kube.address("object-store", "object-store", 7070)

    def reached_from(namespace: str) -> tuple[str, bool]:
        with kube.idle_pod(namespace, image, labels={"app.kubernetes.io/name": "idle"}) as idle:
            return namespace, kube.reachable_from(idle, image, [target])[target]

    return dict(kube.side_by_side(*(partial(reached_from, name) for name in ("etl", "data-platform", "default"))))


@pytest.mark.parametrize(("namespace", "is_reached"), [("etl", True), ("data-platform", False), ("default", False)])
def test_only_etl_pods_reach_it(reached: dict[str, bool], namespace: str, is_reached: bool) -> None:
    assert reached[namespace] is is_reached


def test_a_killed_server_comes_back_with_what_it_had(published: str, open_lake: OpenLake) -> None:
    before = open_lake().list("bronze")
    (killed,) = kube.pods("object-store")
    kube.kill("object-store", killed.metadata.name)

    def is_back() -> bool:
        others = [one for one in kube.pods("object-store") if one.metadata.uid != killed.metadata.uid]
        return any(kube.is_ready(one) for one in others)

    kube.wait_for("the server is back", is_back)
    assert open_lake().list("bronze") == before != []
