"""What differs between what was installed and what is there now, whoever changed it: facts, not records."""

from __future__ import annotations

import re

from k8s.installer.cluster import helm
from k8s.installer.cluster.kubectl import Cluster

# `kubectl diff` names its files like apps.v1.Deployment.airflow.airflow-api-server.
FILE = re.compile(r"(?:.*[./])?([A-Z]\w+)\.([^.]*)\.(\S+)")
OF_NO_INTEREST = re.compile(r"[-+]\s*(?:generation|resourceVersion): ")


def of(cluster: Cluster, release: tuple[str, str]) -> list[str]:
    """A line for each object of a release that is missing or not as its manifest says; its Jobs may be gone."""
    return differences(cluster.diff("\n---\n".join(lasting(cluster, release)), "--namespace", release[0]))


def lasting(cluster: Cluster, release: tuple[str, str]) -> list[str]:
    """The manifests of a release, except for its Jobs."""
    return [one for one in helm.manifests(cluster, *release) if "\nkind: Job\n" not in f"\n{one}\n"]


def differences(diff: str) -> list[str]:
    """What `kubectl diff` found, in a line for each object."""
    found = []
    for part in re.split(r"^diff .* ", diff, flags=re.MULTILINE)[1:]:
        file, *lines = part.splitlines()
        name = FILE.fullmatch(file)
        changed = [line for line in lines[2:] if line[:1] in ("-", "+") and not OF_NO_INTEREST.match(line)]
        if name and changed:
            is_missing = any(line.startswith("@@ -0,0 ") for line in lines)
            found.append(f"{name[1]} {name[3]} {'is missing' if is_missing else _first_change(changed)}")
    return found


def _first_change(changed: list[str]) -> str:
    """`has replicas: 0 instead of replicas: 1`, of the lines that one side or the other has."""
    is_, should = (next((line[1:].strip() for line in changed if line[0] == side), "") for side in "-+")
    if not is_:
        return f"lacks {should}"
    return f"has {is_}" + (f" instead of {should}" if should else " too much")
