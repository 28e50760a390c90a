"""What kubectl printed about a real cluster, trimmed."""

import json
from pathlib import Path
from typing import Any

import pytest

from k8s.installer.install.preflight import Facts
from k8s.installer.install.readiness import Snapshot

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture
def facts() -> Facts:
    """An empty cluster of one node."""
    recorded = json.loads((RECORDED / "cluster.json").read_text())
    return Facts("bare", recorded["version"], recorded["objects"])


@pytest.fixture
def snapshot() -> Snapshot:
    """Namespace data-platform when all was well."""
    items: list[dict[str, Any]] = json.loads((RECORDED / "data-platform.json").read_text())
    return Snapshot("data-platform", items)


@pytest.fixture
def helm_secrets() -> list[dict[str, Any]]:
    """The Secrets in which Helm keeps its releases, without their data."""
    items: list[dict[str, Any]] = json.loads((RECORDED / "helm-secrets.json").read_text())
    return items
