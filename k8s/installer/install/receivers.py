"""Where alerts are sent: to the URLs in Secret monitoring/alerts, which people create. Without it, nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from etl.core.errors import ConfigError
from k8s.installer.cluster.kubectl import MONITORING, Cluster, decoded

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
    """Which keys the Secret has, and the ports of their URLs; the URLs themselves stay in it."""

    keys: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


def read(cluster: Cluster) -> Receivers:
    """What the Secret contains. Raises: ConfigError if a key is unknown or a value is not a URL."""
    entries = decoded(cluster.find("secret", SECRET, MONITORING) or {})
    ports = set()
    for key, value in entries.items():
        url = urlsplit(value.strip())
        if key not in KINDS or url.scheme not in ("http", "https") or not url.hostname:
            raise ConfigError(
                f"Secret {MONITORING}/{SECRET}: `{key}` is not one of {', '.join(KINDS)}, or its value is not a URL.",
                hint=f"kubectl -n {MONITORING} delete secret {SECRET}, then create it again as README.md describes.",
            )
        ports.add(url.port or (443 if url.scheme == "https" else 80))
    return Receivers(tuple(sorted(entries)), tuple(sorted(ports)))


def values(receivers: Receivers) -> dict[str, Any]:
    """Values of the stack: a receiver `people` for every alert."""
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
