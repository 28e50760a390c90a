"""Prometheus and Alertmanager over their HTTP APIs. Source: https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import requests

from etl.core.errors import TransientError
from tests.e2e import kube

Series = tuple[dict[str, str], float]


class Prometheus:
    """What the platform's Prometheus knows."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()

    def get(self, path: str, **parameters: Any) -> Any:
        """The data of an answer that must be a success."""
        answer = self._session.get(f"{self._url}/api/v1/{path}", params=parameters, timeout=60)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def ask(self, expression: str) -> list[Series]:
        """An instant query: labels and value of each series."""
        found = self.get("query", query=expression)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def targets(self) -> list[dict[str, Any]]:
        """All that is scraped."""
        return list(self.get("targets", state="active")["activeTargets"])

    def rules(self) -> list[dict[str, Any]]:
        """Every rule that is loaded."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def series(self, metrics: Iterable[str]) -> list[dict[str, str]]:
        """The labels of each series of these names that there is, or was within the last hour."""
        wanted = {"match[]": f'{{__name__=~"{"|".join(sorted(metrics))}"}}', "start": str(time.time() - 3600)}
        answer = self._session.post(f"{self._url}/api/v1/series", data=wanted, timeout=60)
        assert answer.ok, answer.text
        return list(answer.json()["data"])


class Alertmanager:
    """What Alertmanager was told. Each look has a port-forward of its own, as a new receiver restarts it."""

    def active(self) -> list[dict[str, Any]]:
        """Alerts that are not resolved, inhibited ones included."""
        return kube.wait_for("Alertmanager", self._look)["alerts"]

    def find(self, name: str, **labels: str) -> dict[str, Any] | None:
        """An active alert of that name with these labels."""
        wanted = {"alertname": name, **labels}
        return next((alert for alert in self.active() if wanted.items() <= alert["labels"].items()), None)

    def _look(self) -> dict[str, list[dict[str, Any]]] | None:
        try:
            with kube.forward("monitoring", "kube-prometheus-stack-alertmanager", 9093) as port:
                answer = requests.get(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=30)
                return {"alerts": answer.json()} if answer.ok else None
        except (requests.ConnectionError, requests.Timeout, TransientError):
            return None
