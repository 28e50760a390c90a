"""Our charts as helm renders them, and the plain manifests as `make up` fills them in."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from k8s.installer.install import manifests as plain
from tests.conftest import ROOT

Manifest = dict[str, Any]
Values = Mapping[str, Any]
Path_ = tuple[str, ...]

CHARTS = tuple(sorted(file.parent.name for file in (ROOT / "charts").glob("*/Chart.yaml")))
NAMESPACES = {"warehouse": "data-platform"}  # of the others, the chart's own name
# What a chart has no default for, or shows nothing of itself without.
NEEDED: dict[str, Values] = {
    "simulator": {"image": "data-platform-etl:test"},
    "enrichment": {"image": "data-platform-enrichment:test"},
    "monitoring": {
        "rules": {"needed": "groups: [{name: needed, rules: [{alert: Needed, expr: up == 0}]}]"},
        "dashboards": {"needed": '{"title": "Needed", "links": [{"url": "${RUNBOOKS}/Needed.md"}]}'},
    },
}
OUTSIDE = {"external": {"host": "db.example.org", "port": 6432}}
CNPG = {"enabled": True, "archive": {"url": "s3://backups/warehouse", "secret": "warehouse-archive"}}
KUBERNETES_API = [{"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [{"protocol": "TCP", "port": 6443}]}]

# What is rendered and then looked at by every rule: a chart, a file of values beside it, values.
CASES: dict[str, tuple[str, str, Values]] = {
    "warehouse": ("warehouse", "", {}),
    "warehouse in production": ("warehouse", "values-prod.yaml", {}),
    "warehouse outside": ("warehouse", "", OUTSIDE),
    "warehouse outside, authority unknown": ("warehouse", "", OUTSIDE | {"tls": {"caConfigMap": ""}}),
    "warehouse, no budget": ("warehouse", "", {"maxUnavailable": None, "imagePullSecrets": ["registry"]}),
    "warehouse of CloudNativePG": ("warehouse", "", {"cnpg": CNPG}),
    "warehouse of CloudNativePG in production": ("warehouse", "values-prod.yaml", {"cnpg": CNPG}),
    "simulator": ("simulator", "", {}),
    "object-store": ("object-store", "", {}),
    "monitoring": ("monitoring", "", {}),
    "enrichment": ("enrichment", "", {}),
    "enrichment, autoscaled": ("enrichment", "", {"autoscaling": {"enabled": True}}),
}
PLAIN = ("manifests", "manifests for a warehouse outside", "manifests for CloudNativePG")
SOURCES = (*CASES, *PLAIN)


class HelmError(Exception):
    """What helm said when it refused."""


def render(chart: str, values: Values | None = None, *, file: str = "", folder: Path | None = None) -> list[Manifest]:
    """The objects of a chart, tests included. Raises: HelmError."""
    folder = folder or ROOT / "charts" / chart
    command = ["helm", "template", chart, str(folder), "--namespace", NAMESPACES.get(chart, chart)]
    files = [f"--values={folder / file}"] if file else []
    given = json.dumps(merged(NEEDED.get(chart, {}), values or {}))
    done = subprocess.run([*command, *files, "--values=-"], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise HelmError(done.stderr)
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


@cache
def rendered(source: str) -> tuple[Manifest, ...]:
    """The objects of one of SOURCES."""
    if source in CASES:
        chart, file, values = CASES[source]
        return tuple(render(chart, values, file=file))
    wanted = plain.Wanted(
        simulate=True,
        object_store=True,
        enrichment=True,
        spark=True,
        logs=True,
        alert_ports=(443,),
        is_warehouse_external=source == PLAIN[1],
        cnpg=source == PLAIN[2],
        archive_ports=(443,),
        task_logs_out=True,
        ingress_from="traefik",
    )
    text = plain.render(KUBERNETES_API, wanted)
    return tuple(manifest for manifest in yaml.safe_load_all(text) if manifest)


def merged(base: Values, over: Values) -> dict[str, Any]:
    """Both maps, the second one winning, as helm merges values."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def of_kind(manifests: tuple[Manifest, ...] | list[Manifest], *kinds: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def called(manifest: Manifest) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def pods(manifests: tuple[Manifest, ...] | list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Every pod that these objects make: whose it is, and its metadata and spec."""
    for manifest in manifests:
        if manifest["kind"] == "Pod":
            yield called(manifest), manifest
        elif manifest["kind"] == "CronJob":
            yield called(manifest), manifest["spec"]["jobTemplate"]["spec"]["template"]
        elif "template" in (manifest.get("spec") or {}):
            yield called(manifest), manifest["spec"]["template"]


def containers(manifests: tuple[Manifest, ...] | list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Every container of these pods, those that run first included."""
    for owner, pod in pods(manifests):
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]:
            yield f"{owner}, container {container['name']}", container


def leaves(values: Values, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every value that is not itself a map of values."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def at(path: Path_, value: Any) -> dict[str, Any]:
    """`value` as the only one in a tree of values."""
    for key in reversed(path):
        value = {key: value}
    return dict(value)


@cache
def defaults(chart: str) -> Values:
    found: Values = yaml.safe_load((ROOT / "charts" / chart / "values.yaml").read_text())
    return found


@cache
def schema(chart: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "charts" / chart / "values.schema.json").read_text())
    return found


def schema_at(chart: str, path: Path_) -> dict[str, Any]:
    """What the schema says about the value at that path."""
    node = schema(chart)
    for key in path:
        inner = node.get("additionalProperties")
        node = node.get("properties", {}).get(key) or (inner if isinstance(inner, dict) else {})
    return node
