"""Argo CD's controller and repository server as processes of this machine, on the cluster that kubectl points at.

They are what compares and applies; its API server, web interface and images are not needed for it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.e2e import kube

# A folder with the program `argocd`, and of its repository the folder `manifests` and hack/git-verify-wrapper.sh.
HOME = "TESTS_ARGOCD"
REFRESH = "argocd.argoproj.io/refresh"
PROJECT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "default", "namespace": "argocd"},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


def missing() -> str:
    """What a test with Argo CD needs and this machine lacks; empty if it has all."""
    home = os.environ.get(HOME)
    if not home or not (Path(home) / "argocd").is_file():
        return f"needs {HOME}, a folder with Argo CD"
    return "" if shutil.which("redis-server") else "needs redis-server"


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """Argo CD with its published configuration; `folder` is for its logs and keys, and for what it has cloned."""
    manifests = Path(os.environ[HOME]) / "manifests"
    kinds = ("--kustomize", str(manifests / "crds"))
    with ExitStack() as stack:
        stack.callback(kube.kubectl, "delete", *kinds, "--ignore-not-found")
        stack.callback(kube.kubectl, "delete", "namespace", "argocd", "--ignore-not-found")
        kube.kubectl("delete", "namespace", "argocd", "--ignore-not-found")  # what an interrupted test run left
        kube.kubectl("create", "namespace", "argocd")
        kube.kubectl("apply", "--server-side", *kinds)
        kube.kubectl("apply", "--namespace=argocd", "--kustomize", str(manifests / "base" / "config"))
        (folder / "project.json").write_text(json.dumps(PROJECT))
        kube.kubectl("apply", f"--filename={folder / 'project.json'}")
        redis, repository, *metrics = map(str, _free_ports(4))
        store = ("--port", redis, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder))
        _start(stack, folder, "redis-server", *store)
        address = ("--redis", f"127.0.0.1:{redis}", "--metrics-port")
        listen = ("--address", "127.0.0.1", "--port", repository)
        _start(stack, folder, "argocd-repo-server", *listen, *address, metrics[0])
        _start(
            stack,
            folder,
            "argocd-application-controller",
            *("--namespace", "argocd", "--repo-server", f"127.0.0.1:{repository}", *address, metrics[1]),
        )
        yield


def _start(stack: ExitStack, folder: Path, name: str, *arguments: str) -> None:
    """One program plays every part of Argo CD, by its name; `redis-server` is itself."""
    program = name if name == "redis-server" else str(Path(os.environ[HOME]) / "argocd")
    environment = {
        **os.environ,
        "PATH": f"{os.environ[HOME]}:{os.environ['PATH']}",
        "ARGOCD_BINARY_NAME": name,
        "ARGOCD_FAKE_IN_CLUSTER": "true",  # "its" cluster is that of kubectl
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_TLS_DATA_PATH": str(folder),
        "ARGOCD_SSH_DATA_PATH": str(folder),
        "TMPDIR": str(folder),
    }
    log = stack.enter_context((folder / f"{name}.log").open("w"))
    process = stack.enter_context(
        subprocess.Popen([program, *arguments], env=environment, stdout=log, stderr=subprocess.STDOUT)
    )
    stack.callback(process.kill)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listening = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in listening]


def applications() -> dict[str, Any]:
    """Every Application by name."""
    listed = json.loads(kube.kubectl("get", "applications", "--namespace=argocd", "--output=json"))["items"]
    return {one["metadata"]["name"]: one for one in listed}


def refreshed() -> dict[str, Any]:
    """Refresh all Applications against the repository and the cluster; return them by name."""
    kube.kubectl("annotate", "applications", "--all", "--namespace=argocd", "--overwrite", f"{REFRESH}=hard")

    def all_compared() -> dict[str, Any] | None:
        found = applications()
        return None if any(REFRESH in one["metadata"]["annotations"] for one in found.values()) else found

    return kube.wait_for("a comparison of every Application", all_compared)


def unsettled() -> dict[str, str]:
    """Which Applications are not what the repository says, or not healthy; with the reason that Argo CD gives."""
    return {name: why for name, one in applications().items() if (why := _why_unsettled(one.get("status", {})))}


def _why_unsettled(status: dict[str, Any]) -> str:
    sync, health = (status.get(part, {}).get("status", "Unknown") for part in ("sync", "health"))
    operation = status.get("operationState", {})
    if (sync, health, operation.get("phase")) == ("Synced", "Healthy", "Succeeded"):
        return ""
    conditions = [condition["message"] for condition in status.get("conditions", ())]
    parts = [f"{one['kind']} {one['name']}" for one in status.get("resources", ()) if one.get("status") == "OutOfSync"]
    return " · ".join([sync, health, operation.get("message", ""), *conditions, *parts])
