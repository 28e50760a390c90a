"""`make alerts`: each rule as Prometheus sees it just now, with state, value and runbook."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

from etl.core.errors import TransientError
from k8s.platform import console, forward, installed, monitoring, paths
from k8s.platform.cluster import MONITORING, Cluster

SERVICE, PORT = "kube-prometheus-stack-prometheus", 9090
TIMEOUT_S = 30
MARKS = {"firing": "✗", "pending": "…", "broken": "!", "inactive": "✓"}
NOT_A_REASON = {"alertname", "severity"}


@dataclass(frozen=True)
class Alert:
    """One for which a rule fires or is about to: what it is about, and the value that its expression has."""

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


def alerts(cluster_option: str) -> None:
    """Print every alerting rule, those that fire first, and each recording rule that cannot be evaluated."""
    cluster = installed.find(cluster_option)
    answer = ask(cluster, "/api/v1/rules")
    rules = alerting(answer)
    folder = monitoring.RUNBOOKS.relative_to(paths.ROOT).as_posix()
    console.say(f"  {'state':<9} {'alert':<34} {'severity':<9} {'value':>10}  runbook")
    for rule in rules:
        mark, state = MARKS[rule.state], "ok" if rule.state == "inactive" else rule.state
        value = rule.alerts[0].value if rule.alerts else "–"
        console.say(f"{mark} {state:<9} {rule.name:<34} {rule.severity:<9} {value:>10}  {folder}/{rule.name}.md")
        for alert in rule.alerts:
            about = f" ({alert.about})" if alert.about else ""
            console.say(f"    {alert.state} at {alert.value}: {alert.summary}{about}")
        if rule.error:
            console.say(f"    cannot be evaluated: {rule.error}")
    for name, error in broken_records(answer):
        console.say(f"! broken    {name}: {error}")
    firing = sum(rule.state == "firing" for rule in rules)
    console.say(f"\n{len(rules)} alerts, {firing} firing. Next: read the runbook · make ui (Grafana shows the history)")


def alerting(answer: dict[str, Any]) -> list[Rule]:
    """The alerting rules of Prometheus' answer, the worst first.

    Source: https://prometheus.io/docs/prometheus/latest/querying/api/#rules
    """
    found = [_rule(rule) for rule in _rules(answer) if rule["type"] == "alerting"]
    order = list(MARKS)
    return sorted(found, key=lambda rule: (order.index(rule.state), rule.name))


def broken_records(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Recording rules that cannot be evaluated, and why."""
    broken = [rule for rule in _rules(answer) if rule["type"] == "recording" and rule.get("lastError")]
    return [(rule["name"], rule["lastError"]) for rule in broken]


def ask(cluster: Cluster, path: str) -> dict[str, Any]:
    """The data of one answer of Prometheus' HTTP API. Raises: TransientError if there is none."""
    try:
        with (
            forward.to(cluster, MONITORING, SERVICE, PORT) as port,
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=TIMEOUT_S) as answer,
        ):
            return dict(json.loads(answer.read())["data"])
    except (OSError, HTTPException, ValueError, LookupError) as error:
        raise TransientError(
            f"Prometheus does not answer: {error}", hint="`make status` shows what is not ready."
        ) from error


def _rules(answer: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return (rule for group in answer["groups"] for rule in group["rules"])


def _rule(rule: dict[str, Any]) -> Rule:
    error = rule.get("lastError", "")
    active = sorted((_alert(alert) for alert in rule["alerts"]), key=lambda alert: (alert.state, alert.about))
    state = "broken" if error else rule["state"]
    return Rule(rule["name"], rule["labels"].get("severity", ""), state, error, tuple(active))


def _alert(alert: dict[str, Any]) -> Alert:
    about = [f"{name}={value}" for name, value in sorted(alert["labels"].items()) if name not in NOT_A_REASON]
    return Alert(alert["state"], ", ".join(about), _short(alert["value"]), alert["annotations"].get("summary", ""))


def _short(value: str) -> str:
    """Prometheus writes 1e+00 for 1."""
    return f"{float(value):.6g}"
