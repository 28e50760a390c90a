"""Kubernetes objects that are made here, not in k8s/manifests; all carry the same labels."""

from __future__ import annotations

from typing import Any

from k8s.installer.cluster.kubectl import Object

LABELS = {"app.kubernetes.io/part-of": "data-platform", "app.kubernetes.io/managed-by": "make-up"}


def config_map(namespace: str, name: str, data: dict[str, str]) -> Object:
    """A ConfigMap."""
    return labelled("ConfigMap", namespace, name, data=data)


def labelled(kind: str, namespace: str, name: str, **content: Any) -> Object:
    """An object of version v1."""
    metadata = {"namespace": namespace, "name": name, "labels": LABELS}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **content}
