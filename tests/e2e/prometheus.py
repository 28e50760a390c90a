"""Prometheus and Alertmanager over their HTTP APIs. Source: https://prometheus.io/docs/prometheus/latest/querying/api/"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

from etl.core.errors import TransientError
from tests.e2e import kube

OFTEN = "5s"  # the interval of scrapes and evaluations while tests wait for them
EXPORTERS = ("statsd-exporter", "postgres-exporter")  # jobs; the names of their ServiceMonitors begin so

Series = tuple[dict[str, str], float]
Specification = dict[str, Any]


class Prometheus:
    """What the platform's Prometheus knows."""

    def __init__(self) -> None:
        self._session = kube.session()

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        local = kube.port("monitoring", "kube-prometheus-stack-prometheus", 9090)
        answer = self._session.request(method, f"http://127.0.0.1:{local}/api/v1/{path}", timeout=60, **arguments)
        assert answer.ok, answer.text
        return answer.json()["data"]

    def get(self, path: str, **parameters: Any) -> Any:
        """The data of an answer that must be a success."""
        return self._request("GET", path, params=parameters)

    def ask(self, expression: str) -> list[Series]:
        """An instant query: labels and value of each series."""
        found = self.get("query", query=expression)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def targets(self) -> list[dict[str, Any]]:
        """Everything that is scraped."""
        return list(self.get("targets", state="active")["activeTargets"])

    def rules(self) -> list[dict[str, Any]]:
        """Every rule that is loaded."""
        return [rule for group in self.get("rules")["groups"] for rule in group["rules"]]

    def series(self, metrics: Iterable[str]) -> list[dict[str, str]]:
        """The labels of each series with one of these names that exists, or did within the last hour."""
        wanted = {"match[]": f'{{__name__=~"{"|".join(sorted(metrics))}"}}', "start": str(time.time() - 3600)}
        return list(self._request("POST", "series", data=wanted))


class Alertmanager:
    """What Alertmanager knows."""

    def active(self) -> list[dict[str, Any]]:
        """Alerts that are not resolved, inhibited ones included."""
        return kube.wait_for("Alertmanager", self._look)["alerts"]

    def find(self, name: str, **labels: str) -> dict[str, Any] | None:
        """An active alert of that name with these labels."""
        wanted = {"alertname": name, **labels}
        return next((alert for alert in self.active() if wanted.items() <= alert["labels"].items()), None)

    def _look(self) -> dict[str, list[dict[str, Any]]] | None:
        try:
            local = kube.port("monitoring", "kube-prometheus-stack-alertmanager", 9093)
            answer = requests.get(f"http://127.0.0.1:{local}/api/v2/alerts", timeout=30)
        except (requests.ConnectionError, requests.Timeout, TransientError):  # a new receiver may restart it
            return None
        return {"alerts": answer.json()} if answer.ok else None


@contextmanager
def frequent(prometheus: Prometheus) -> Iterator[None]:
    """Have our exporters scraped and all our rules evaluated every few seconds, as long as the block lasts."""

    def often(specification: Specification) -> None:
        for endpoint in specification["endpoints"]:
            endpoint |= {"interval": OFTEN, "scrapeTimeout": OFTEN}

    def at_once(specification: Specification) -> None:
        for group in specification["groups"]:
            group["interval"] = OFTEN

    def is_frequent() -> bool:
        intervals = {
            target["scrapeInterval"] for target in prometheus.targets() if target["labels"]["job"] in EXPORTERS
        }
        groups = prometheus.get("rules")["groups"]
        return intervals == {OFTEN} and bool(groups) and all(group["interval"] == 5 for group in groups)

    with _changed("servicemonitors", often, EXPORTERS), _changed("prometheusrules", at_once):
        _wait_for_reload("frequent scrapes and evaluations", is_frequent)
        yield


@contextmanager
def immediate(prometheus: Prometheus) -> Iterator[None]:
    """Have every alert fire as soon as its expression holds, without its `for`, as long as the block lasts."""

    def immediately(specification: Specification) -> None:
        for group in specification["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    rule["for"] = "0s"

    def is_immediate() -> bool:
        alerts = [rule for rule in prometheus.rules() if rule["type"] == "alerting"]
        return bool(alerts) and not any(rule["duration"] for rule in alerts)

    with _changed("prometheusrules", immediately):
        _wait_for_reload("alerts without `for`", is_immediate)
        yield


@contextmanager
def _changed(kind: str, change: Callable[[Specification], None], prefixes: tuple[str, ...] = ("",)) -> Iterator[None]:
    """Change the specifications of objects whose names begin so, and restore them when the block ends."""
    listed = json.loads(kube.kubectl("get", kind, "--all-namespaces", "--output=json"))["items"]
    found = [one for one in listed if one["metadata"]["name"].startswith(prefixes)]
    assert len(found) >= len(prefixes)
    try:
        for one in found:
            changed = copy.deepcopy(one["spec"])
            change(changed)
            _replace(kind, one["metadata"], changed)
        yield
    finally:
        for one in found:
            _replace(kind, one["metadata"], one["spec"])


def _replace(kind: str, metadata: dict[str, Any], specification: Specification) -> None:
    where = (metadata["name"], f"--namespace={metadata['namespace']}")
    kube.kubectl("patch", kind, *where, "--type=merge", f"--patch={json.dumps({'spec': specification})}")


def _wait_for_reload(what: str, is_loaded: Callable[[], bool]) -> None:
    """Wait until Prometheus works by its new configuration.

    The kubelet renews mounted files about once a minute, but immediately when a pod is annotated.
    """

    def nudged() -> bool:
        for one in kube.pods("monitoring", "app.kubernetes.io/name=prometheus"):
            annotated = {"metadata": {"annotations": {"looked-at": f"{time.time():.0f}"}}}
            kube.core().patch_namespaced_pod(one.metadata.name, "monitoring", annotated)
        return is_loaded()

    kube.wait_for(what, nudged)
