"""Who is told of alerts: what a person put into Secret monitoring/alerts. Without it Alertmanager tells nobody."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from etl.core.errors import ConfigError
from k8s.platform.cluster import MONITORING, Cluster

SECRET = "alerts"  # noqa: S105  # its name
FOLDER = f"/etc/alertmanager/secrets/{SECRET}"
TITLE = "[{{ .Status | toUpper }}] {{ .GroupLabels.alertname }}"
TEXT = (
    "{{ range .Alerts }}*{{ .Annotations.summary }}*\n{{ .Annotations.description }}\n"
    "Runbook: {{ .Annotations.runbook_url }}\n{{ end }}"
)
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "slack-url": (
        "slack_configs",
        {"api_url_file": f"{FOLDER}/slack-url", "send_resolved": True, "title": TITLE, "text": TEXT},
    ),
    "webhook-url": ("webhook_configs", {"url_file": f"{FOLDER}/webhook-url", "send_resolved": True}),
}


@dataclass(frozen=True)
class Receivers:
    """Which addresses are known, by key of the Secret, and the ports they answer at; the addresses stay there."""

    keys: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


def read(cluster: Cluster) -> Receivers:
    """What the Secret holds. Raises: ConfigError if a key is none of ours or a value is no address."""
    secret = cluster.find("secret", SECRET, MONITORING)
    if secret is None:
        return Receivers()
    ports = set()
    for key, value in secret.get("data", {}).items():
        address = urlsplit(base64.b64decode(value).decode().strip())
        if key not in KINDS or address.scheme not in ("http", "https") or not address.hostname:
            raise ConfigError(
                f"Secret {MONITORING}/{SECRET}: `{key}` is none of {', '.join(KINDS)}, or its value is no address.",
                hint=f"kubectl -n {MONITORING} delete secret {SECRET}, then make it anew as README.md tells.",
            )
        ports.add(address.port or (443 if address.scheme == "https" else 80))
    return Receivers(tuple(sorted(secret.get("data", {}))), tuple(sorted(ports)))


def values(receivers: Receivers) -> dict[str, Any]:
    """Values of the stack: a receiver `people` that is told of everything but mere information."""
    if not receivers.keys:
        return {}
    people: dict[str, Any] = {"name": "people"}
    for key in receivers.keys:
        kind, settings = KINDS[key]
        people[kind] = [settings]
    return {
        "alertmanager": {
            "config": {"route": {"receiver": "people"}, "receivers": [{"name": "null"}, people]},
            "alertmanagerSpec": {"secrets": [SECRET]},
        }
    }
