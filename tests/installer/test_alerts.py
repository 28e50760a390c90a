"""`make alerts`, from an answer of Prometheus."""

from __future__ import annotations

from typing import Any

import pytest

from k8s.installer.cluster import contexts, prometheus
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.verbs import alerts, status


def rule(name: str, state: str = "inactive", *active: dict[str, Any], error: str = "") -> dict[str, Any]:
    labels = {"severity": "warning"}
    return {"type": "alerting", "name": name, "state": state, "labels": labels, "alerts": active, "lastError": error}


def alert(state: str, value: str, **labels: str) -> dict[str, Any]:
    annotations = {"summary": f"Something is off with {labels['source']}."}
    return {
        "state": state,
        "value": value,
        "labels": {"alertname": "X", "severity": "warning", **labels},
        "annotations": annotations,
    }


ANSWER = {
    "groups": [
        {
            "name": "etl",
            "rules": [
                {"type": "recording", "name": "a:b:c", "lastError": "many-to-many matching not allowed"},
                {"type": "recording", "name": "d:e:f", "lastError": ""},
                rule("EtlWell"),
                rule("EtlBroken", error="vector cannot contain metrics with the same labelset"),
                rule("EtlSoon", "pending", alert("pending", "1.2e+01", source="spacex")),
            ],
        },
        {
            "name": "warehouse",
            "rules": [
                rule(
                    "EtlOff",
                    "firing",
                    alert("pending", "1e+00", source="nasa"),
                    alert("firing", "9.30000000e+04", source="spacex"),
                )
            ],
        },
    ]
}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setattr(contexts, "installed", lambda _: Cluster("recorded"))
    monkeypatch.setattr(prometheus, "rules", lambda _: ANSWER)
    alerts.alerts("")
    return capsys.readouterr().out.splitlines()


def test_what_fires_comes_first_and_every_alert_names_its_runbook(said: list[str]) -> None:
    rows = [line.split() for line in said[1:] if ".md" in line]
    assert [(row[1], row[2]) for row in rows] == [
        ("firing", "EtlOff"),
        ("pending", "EtlSoon"),
        ("broken", "EtlBroken"),
        ("ok", "EtlWell"),
    ]
    assert [row[-1] for row in rows] == [f"monitoring/runbooks/{row[2]}.md" for row in rows]


def test_each_of_a_rules_alerts_is_shown_with_value_and_labels(said: list[str]) -> None:
    assert "    firing at 93000: Something is off with spacex. (source=spacex)" in said
    assert "    pending at 1: Something is off with nasa. (source=nasa)" in said
    assert said[-1].startswith("4 alerts, 1 firing.")


def test_a_rule_that_cannot_be_evaluated_says_why(said: list[str]) -> None:
    assert "    cannot be evaluated: vector cannot contain metrics with the same labelset" in said
    assert "! broken    a:b:c: many-to-many matching not allowed" in said
    assert not [line for line in said if "d:e:f" in line]


def test_status_names_what_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "rules", lambda _: ANSWER)
    assert status.firing(Cluster("recorded")) == ["warning: EtlOff"]
    monkeypatch.setattr(prometheus, "rules", lambda _: {"groups": []})
    assert status.firing(Cluster("recorded")) == [status.NOTHING_FIRES]
