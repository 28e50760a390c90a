"""One cluster: kubectl and helm bound to one context, so that nobody can switch it under a running installation."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from etl.core.errors import ConfigError
from k8s.installer.cluster import shell

Object = dict[str, Any]

DATA_PLATFORM, ETL, AIRFLOW, MONITORING = "data-platform", "etl", "airflow", "monitoring"
SIMULATOR, OBJECT_STORE, ENRICHMENT = "simulator", "object-store", "enrichment"
NAMESPACES = (DATA_PLATFORM, ETL, AIRFLOW, MONITORING, SIMULATOR, OBJECT_STORE, ENRICHMENT)
SERVER_SIDE = ("--server-side", "--force-conflicts", "--field-manager=data-platform")


class Cluster:
    """kubectl and helm on one context."""

    def __init__(self, context: str) -> None:
        self.context = context

    def command(self, *arguments: str) -> list[str]:
        """A kubectl command line, for callers that start it themselves."""
        return ["kubectl", "--context", self.context, *arguments]

    def kubectl(self, *arguments: str, stdin: str | None = None, fine: Collection[int] = (0,)) -> str:
        return shell.run(self.command(*arguments), stdin=stdin, fine=fine)

    def helm(self, *arguments: str, stdin: str | None = None) -> str:
        return shell.run(["helm", "--kube-context", self.context, *arguments], stdin=stdin)

    def list(self, kinds: str, namespace: str | None = None, *arguments: str) -> list[Object]:
        """All objects of these kinds, in one namespace or in all."""
        where = ("--all-namespaces",) if namespace is None else ("--namespace", namespace)
        answer = self.kubectl("get", kinds, *where, *arguments, "--output", "json", "--ignore-not-found")
        return list(json.loads(answer)["items"]) if answer.strip() else []

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """One object, or None."""
        where = () if namespace is None else ("--namespace", namespace)
        answer = self.kubectl("get", kind, name, *where, "--output", "json", "--ignore-not-found")
        return dict(json.loads(answer)) if answer.strip() else None

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        """A Secret, decoded. Raises: ConfigError if it does not exist."""
        found = self.find("secret", name, namespace)
        if found is None:
            raise ConfigError(f"There is no Secret {namespace}/{name}.", hint="`make up` creates it.")
        return decoded(found)

    def apply(self, manifest: str | Iterable[Object], *where: str) -> None:
        """Create or update these objects. Server-side, so that no annotation keeps a copy of a Secret."""
        text = manifest if isinstance(manifest, str) else as_list(manifest)
        self.kubectl("apply", *SERVER_SIDE, *where, "--filename=-", stdin=text)

    def diff(self, manifest: str, *where: str) -> str:
        """What `apply` would change, as `diff -u` prints it; nothing is changed."""
        return self.kubectl("diff", *SERVER_SIDE, *where, "--filename=-", stdin=manifest, fine=(0, 1))


def as_list(objects: Iterable[Object]) -> str:
    """Objects as one manifest."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


def decoded(secret: Object) -> dict[str, str]:
    """The entries of a Secret."""
    return {entry: base64.b64decode(data).decode() for entry, data in secret.get("data", {}).items()}


def key(item: Mapping[str, Any]) -> tuple[str, str]:
    """Namespace and name."""
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def is_true(item: Object, condition: str) -> Object | None:
    """The condition of this type if it is true."""
    conditions = item.get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == condition and one["status"] == "True"), None)
