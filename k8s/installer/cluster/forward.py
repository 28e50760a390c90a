"""Local ports that lead to a Service in the cluster."""

from __future__ import annotations

import re
import select
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests

from etl.core.errors import TransientError
from k8s.installer.cluster import shell
from k8s.installer.cluster.kubectl import Cluster

TIMEOUT_S = 20


@contextmanager
def to(cluster: Cluster, namespace: str, service: str, port: int, local: int = 0) -> Iterator[int]:
    """The local port, open while the block runs; 0 takes any free one. Raises: TransientError, ConfigError."""
    with start(cluster, namespace, service, port, local) as process:
        try:
            yield local_port(process, f"{namespace}/{service}")
        finally:
            process.terminate()


def session() -> requests.Session:
    """For requests to a forwarded port: a proxy of the environment's must not see them."""
    made = requests.Session()
    made.trust_env = False
    return made


def start(cluster: Cluster, namespace: str, service: str, port: int, local: int = 0) -> subprocess.Popen[str]:
    """A kubectl that forwards. It ends when the pod behind the Service does; Ctrl-C does not reach it."""
    ports = f"{local}:{port}" if local else f":{port}"
    command = cluster.command(
        "port-forward", f"service/{service}", ports, "--namespace", namespace, "--address=127.0.0.1"
    )
    shell.find(command[0])
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )


def local_port(process: subprocess.Popen[str], name: str) -> int:
    """The port it listens on, as soon as it does. Raises: TransientError with kubectl's own words."""
    out = process.stdout
    line = out.readline() if out is not None and select.select([out], [], [], TIMEOUT_S)[0] else ""
    if found := re.search(r"127\.0\.0\.1:(\d+)", line):
        return int(found[1])
    process.kill()
    words = " ".join(process.communicate()[1].split()) or "no answer"
    raise TransientError(f"{name} cannot be reached: {words}", hint="`make status` shows what is not ready.")


def knock(port: int) -> None:
    """Open and close a connection: only then does kubectl notice that its pod is gone."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        pass


def free_port(wanted: int) -> int:
    """The wanted port, or 0 (any) if it is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted
