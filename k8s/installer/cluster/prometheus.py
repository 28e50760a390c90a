"""The rules as Prometheus evaluates them right now.

Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import requests

from etl.core.errors import TransientError
from k8s.installer.cluster import forward
from k8s.installer.cluster.kubectl import MONITORING, Cluster

SERVICE, PORT = "kube-prometheus-stack-prometheus", 9090
TIMEOUT_S = 30
STATES = ("firing", "pending", "broken", "inactive")  # the worst first
NOT_A_SUBJECT = {"alertname", "severity"}


@dataclass(frozen=True)
class Alert:
    """An alert that fires or is pending: what it is about, and the value of its expression."""

    state: str
    about: str
    value: str
    summary: str


@dataclass(frozen=True)
class Rule:
    """An alerting rule; `state` is that of its worst alert, `error` why it cannot be evaluated."""

    name: str
    severity: str
    state: str
    error: str
    alerts: tuple[Alert, ...]


def rules(cluster: Cluster) -> dict[str, Any]:
    """All rules, as Prometheus describes them. Raises: TransientError if it does not answer."""
    try:
        with forward.to(cluster, MONITORING, SERVICE, PORT) as port, forward.session() as session:
            answer = session.get(f"http://127.0.0.1:{port}/api/v1/rules", timeout=TIMEOUT_S)
            answer.raise_for_status()
            return dict(answer.json()["data"])
    except (requests.RequestException, ValueError, LookupError, TypeError) as error:
        hint = "`make status` shows what is not ready."
        raise TransientError(f"Prometheus does not answer: {error}", hint=hint) from error


def alerting(answer: dict[str, Any]) -> list[Rule]:
    """The alerting rules, the worst first."""
    found = [_rule(rule) for rule in _rules(answer) if rule["type"] == "alerting"]
    return sorted(found, key=lambda rule: (STATES.index(rule.state), rule.name))


def broken_records(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Recording rules that cannot be evaluated, and why."""
    broken = [rule for rule in _rules(answer) if rule["type"] == "recording" and rule.get("lastError")]
    return [(rule["name"], rule["lastError"]) for rule in broken]


def _rules(answer: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (rule for group in answer["groups"] for rule in group["rules"])


def _rule(rule: dict[str, Any]) -> Rule:
    error = rule.get("lastError", "")
    active = sorted((_alert(alert) for alert in rule["alerts"]), key=lambda alert: (alert.state, alert.about))
    state = "broken" if error else rule["state"]
    return Rule(rule["name"], rule["labels"].get("severity", ""), state, error, tuple(active))


def _alert(alert: dict[str, Any]) -> Alert:
    about = [f"{name}={value}" for name, value in sorted(alert["labels"].items()) if name not in NOT_A_SUBJECT]
    value = f"{float(alert['value']):.6g}"  # Prometheus writes 1e+00 for 1
    return Alert(alert["state"], ", ".join(about), value, alert["annotations"].get("summary", ""))
