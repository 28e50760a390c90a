"""The service that describes pictures: what it says, what may reach it, what it may reach; and the mosaic page."""

from __future__ import annotations

import hashlib
from functools import partial

import pytest
import requests
from kubernetes import client

from enrichment.client import Client, RefusedError
from enrichment.facts.measure import facts_of
from enrichment.subjects.record import Subject, Text
from tests.e2e import kube
from tests.e2e.airflow import Airflow
from tests.e2e.conftest import Ask
from tests.e2e.prometheus import Prometheus
from tests.enrichment.pictures import encoded, galaxy

pytestmark = pytest.mark.thorough

PICTURE = encoded(galaxy(seed=77))


def key_of_pods() -> str:
    return kube.secret("etl", "enrichment")["ETL_ENRICHMENT__KEY"]


def service() -> str:
    return f"http://localhost:{kube.port('enrichment', 'enrichment', 8090)}"


def mosaic(path: str) -> requests.Response:
    return kube.session().get(f"http://localhost:{kube.port('enrichment', 'mosaic', 8765)}{path}", timeout=60)


def test_a_picture_is_described_as_in_this_process_and_by_a_model(extended: str) -> None:
    with Client(service(), key_of_pods()) as asking:
        [described] = asking.describe_all([PICTURE], [Text(title="The galaxy M31")])
    assert not isinstance(described, RefusedError)
    assert described.facts == facts_of(PICTURE)
    assert described.subject_by_text
    assert described.subject_by_text.subject is Subject.GALAXY
    assert described.subject_by_image.model_version


def test_a_request_with_an_unknown_key_is_refused(extended: str) -> None:
    with Client(service(), "x" * 43) as asking, pytest.raises(RefusedError) as refused:
        asking.describe(PICTURE)
    assert refused.value.status == 401


def test_the_service_knows_only_the_hash_of_the_key_and_the_key_was_never_printed(extended: str) -> None:
    [hashes] = kube.secret("enrichment", "enrichment-keys").values()
    assert hashes == f"pipeline:{hashlib.sha256(key_of_pods().encode()).hexdigest()}"
    assert key_of_pods() not in extended


@pytest.fixture(scope="module")
def reached(extended: str, image: str) -> dict[str, bool]:
    """For each namespace, whether its pods reach the service."""
    target = kube.address("enrichment", "enrichment", 8090)

    def reached_from(namespace: str) -> tuple[str, bool]:
        with kube.idle_pod(namespace, image, labels={"app.kubernetes.io/name": "idle"}) as idle:
            return namespace, kube.reachable_from(idle, image, [target])[target]

    return dict(kube.side_by_side(*(partial(reached_from, name) for name in ("etl", "data-platform", "default"))))


@pytest.mark.parametrize(("namespace", "is_reached"), [("etl", True), ("data-platform", False), ("default", False)])
def test_only_pods_of_runs_reach_it(reached: dict[str, bool], namespace: str, is_reached: bool) -> None:
    assert reached[namespace] is is_reached


@pytest.mark.parametrize("name", ["enrichment", "mosaic"])
def test_it_reaches_nothing(extended: str, image: str, name: str) -> None:
    targets = [
        kube.address("data-platform", "postgres", 5432),
        kube.address("default", "kubernetes", 443),
        kube.address("kube-system", "kube-dns", 53),
    ]
    one = kube.pod("enrichment", f"app.kubernetes.io/name={name}")
    assert kube.reachable_from(one, image, targets) == dict.fromkeys(targets, False)


def test_prometheus_counts_what_it_describes(extended: str, prometheus: Prometheus) -> None:
    def counted() -> float:
        return sum(value for _, value in prometheus.ask("enrichment_pictures_total"))

    before = counted()
    with Client(service(), key_of_pods()) as asking:
        asking.describe(encoded(galaxy(seed=int(before) + 1_000)))
    kube.wait_for("Prometheus has counted the picture", lambda: counted() > before)


def test_the_pipeline_has_pictures_of_the_day_described_and_publishes_what_they_show(
    extended: str, nasa_runs: dict[str, str], airflow: Airflow, ask: Ask
) -> None:
    airflow.switch_on("picture_facts")
    airflow.succeed("picture_facts")
    [(described, by_a_model, unlike)] = ask(
        "analyst",
        "select count(*), count(model_version), count(distinct sha256)"
        " from silver.picture_facts where status = 'described'",
    )
    assert described == by_a_model > 0
    assert 0 < unlike <= described
    [(reusable, without_credit)] = ask(
        "analyst", "select count(*), count(*) filter (where credit = '') from gold.picture_pool"
    )
    assert (reusable > 0, without_credit) == (True, 0)


def test_the_page_makes_mosaics_of_what_the_platform_holds_and_may_reuse(extended: str, ask: Ask) -> None:
    """The test before has run the DAG, whose last task has sent the pictures."""
    [(reusable, credits, pages)] = ask(
        "analyst", "select count(distinct sha256), array_agg(credit), array_agg(page_url) from gold.picture_pool"
    )
    kube.wait_for("the page has them", lambda: mosaic("/v1/mosaics").json()["pictures"] == reusable)
    cell = mosaic("/v1/mosaics/galaxy/cells/0/0?longer=20").json()
    assert cell["credit"] in credits
    assert cell["link"] in pages


def test_the_page_makes_a_mosaic_of_a_picture_that_it_has(extended: str) -> None:
    assert "<title>" in mosaic("/mosaic/").text
    built_in = mosaic("/v1/mosaics").json()["built_in"][0]["id"]
    made = mosaic(f"/v1/mosaics/{built_in}?longer=20").json()
    assert max(made["columns"], made["rows"]) == 20
    assert made["pictures_used"] > 0.8 * min(mosaic("/v1/mosaics").json()["pictures"], made["columns"] * made["rows"])
    tile = mosaic(f"/v1/mosaics/{built_in}/cells/0/0/picture.jpg?longer=20")
    assert (tile.status_code, tile.headers["Content-Type"]) == (200, "image/jpeg")


def test_a_killed_service_comes_back(extended: str) -> None:
    killed = kube.pod("enrichment", "app.kubernetes.io/name=enrichment")
    kube.kill("enrichment", killed.metadata.name)

    def is_back() -> bool:
        apps = client.AppsV1Api()
        found = kube.pods("enrichment", "app.kubernetes.io/name=enrichment")
        others = [one for one in found if one.metadata.uid != killed.metadata.uid]
        is_available = apps.read_namespaced_deployment("enrichment", "enrichment").status.available_replicas == 1
        return is_available and any(kube.is_ready(one) for one in others)

    kube.wait_for("the service is back", is_back)
    with Client(service(), key_of_pods()) as asking:
        assert asking.describe(PICTURE).facts.width
