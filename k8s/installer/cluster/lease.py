"""One installer at a time: a Lease in the cluster, which expires when its installer dies."""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from etl.core.errors import PlatformError, TransientError
from k8s.installer.cluster import shell
from k8s.installer.cluster.kubectl import DATA_PLATFORM, Cluster, Object

NAME = "installer"
VALID_S = 30
TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@contextmanager
def held(cluster: Cluster) -> Iterator[None]:
    """Hold the Lease while the block runs. Raises: TransientError, naming the current holder."""
    holder = f"{_here()}{os.getpid()})"
    _take(cluster, holder)
    over = threading.Event()
    renewing = threading.Thread(target=_renew, args=(cluster, holder, over), daemon=True)
    renewing.start()
    try:
        yield
    finally:
        over.set()
        renewing.join()
        with suppress(PlatformError):  # it expires anyway
            cluster.kubectl("delete", "lease", NAME, "--namespace", DATA_PLATFORM, "--ignore-not-found", "--wait=false")


def is_free(lease: Object, now: datetime) -> bool:
    """Whether its holder is dead, or has let it expire."""
    if is_dead(lease["spec"].get("holderIdentity", "")):
        return True
    renewed = lease["spec"].get("renewTime")
    return renewed is None or datetime.strptime(renewed, TIME).replace(tzinfo=UTC) + timedelta(seconds=VALID_S) < now


def _here() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()} (process "


def is_dead(holder: str) -> bool:
    """Whether the holder was a process on this machine that has ended."""
    if not holder.startswith(_here()):
        return False
    try:
        os.kill(int(holder.removeprefix(_here()).removesuffix(")")), 0)
    except (ProcessLookupError, ValueError):
        return True
    except PermissionError:
        return False
    return False


def _take(cluster: Cluster, holder: str) -> None:
    existing = cluster.find("lease", NAME, DATA_PLATFORM)
    if existing is not None and not is_free(existing, datetime.now(UTC)):
        raise TransientError(
            f"{existing['spec'].get('holderIdentity')} is installing here right now.",
            hint=f"Run `make up` again when it has finished; the lock of a dead installer expires after {VALID_S} s.",
        )
    lease = _lease(holder)
    try:
        if existing is None:
            cluster.kubectl("create", "--filename=-", stdin=json.dumps(lease))
        else:  # fails if someone else was quicker
            lease["metadata"]["resourceVersion"] = existing["metadata"]["resourceVersion"]
            cluster.kubectl("replace", "--filename=-", stdin=json.dumps(lease))
    except shell.ToolError as error:
        if "AlreadyExists" in error.output or "Conflict" in error.output:
            message = "Someone else has just started to install."
            raise TransientError(message, hint="Run `make up` again later.") from error
        raise


def _renew(cluster: Cluster, holder: str, over: threading.Event) -> None:
    while not over.wait(VALID_S / 3):
        with suppress(PlatformError):  # the next attempt may succeed
            cluster.kubectl("replace", "--filename=-", stdin=json.dumps(_lease(holder)))


def _lease(holder: str) -> Object:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": NAME, "namespace": DATA_PLATFORM},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": VALID_S,
            "renewTime": datetime.now(UTC).strftime(TIME),
        },
    }
