"""Grafana as its users find it: all dashboards are there, and every data source answers."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.e2e import kube
from tests.monitoring import dashboards

SERVICE = "kube-prometheus-stack-grafana"


class Grafana(requests.Session):
    """A session of the administrator whom `make credentials` shows."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        admin = kube.secret("monitoring", "grafana-admin")
        self.auth = (admin["admin-user"], admin["admin-password"])

    def ask(self, path: str) -> Any:
        """The answer of a request that must succeed."""
        answer = self.get(f"{self.url}/api/{path}", timeout=60)
        assert answer.ok, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def grafana(up: str) -> Grafana:
    services = kube.core().list_namespaced_service("monitoring").items
    if SERVICE not in {service.metadata.name for service in services}:
        pytest.skip("the charts of this cluster have no Grafana")
    return Grafana(f"http://127.0.0.1:{kube.port('monitoring', SERVICE, 80)}")


def test_every_dashboard_is_there(grafana: Grafana) -> None:
    def found() -> bool:
        return {entry["uid"] for entry in grafana.ask("search?type=dash-db")} >= set(dashboards.committed())

    kube.wait_for("the dashboards", found)


@pytest.mark.parametrize("uid", ["prometheus", "warehouse"])
def test_a_data_source_answers(grafana: Grafana, uid: str) -> None:
    assert grafana.ask(f"datasources/uid/{uid}/health")["status"] == "OK"


def test_the_first_page_is_the_overview(grafana: Grafana) -> None:
    assert grafana.ask("dashboards/home")["dashboard"]["title"] == "Platform overview"
