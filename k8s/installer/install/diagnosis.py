"""What you would look up first when something does not become ready: the pod, its last events, its last log lines."""

from __future__ import annotations

from contextlib import suppress

from etl.core.errors import PlatformError
from k8s.installer import console
from k8s.installer.cluster.kubectl import Cluster, Object
from k8s.installer.errors import FailedError
from k8s.installer.install.readiness import Failure

EVENTS, LINES = 3, 12


class NotReadyError(FailedError):
    """A release will not become ready."""

    def __init__(self, release: str, failure: Failure) -> None:
        kind = "pod" if failure.is_pod else "workload"
        where = f"{kind} {failure.name} in {failure.namespace}"
        message = f"{release} will not become ready: {where}: {shortened(failure.reason)}"
        super().__init__(message, hint=f"{advice(failure)} More: {more(failure)}")
        self.failure = failure
        self.lines: list[str] = []  # what there was to see, if it is gone by now

    def undone(self, lines: list[str]) -> None:
        """The release runs as before, so its pod is gone; `lines` is what there was to see."""
        self.lines = lines
        self.hint = f"{advice(self.failure)} Until then, what ran before runs again."


ADVICE = (
    ("ImagePull", "Is the image's name right, and can the nodes reach its registry?"),
    ("InvalidImageName", "Fix the image's name in charts/values or charts/versions.toml."),
    ("Unschedulable", "Give the cluster more capacity."),
    ("PodSecurity", "Fix the security context in charts/values; the namespace admits only restricted pods."),
    ("exceeded quota", "The namespace's quota is used up: k8s/manifests/etl.yaml."),
)


def advice(failure: Failure) -> str:
    """What to do about it."""
    for words, known in ADVICE:
        if words in failure.reason:
            return known
    return "Fix the cause, then run `make up` again."


def shortened(text: str, most: int = 240) -> str:
    """The beginning of a text."""
    return text if len(text) <= most else f"{text[:most]} …"


def more(failure: Failure) -> str:
    """The command that shows more."""
    if failure.has_logs:
        container = f" -c {failure.container}" if failure.container else ""
        return f"kubectl -n {failure.namespace} logs {failure.name}{container}"
    what = f"pod {failure.name}" if failure.is_pod else "events"
    return f"kubectl -n {failure.namespace} {'describe' if failure.is_pod else 'get'} {what}"


def show(cluster: Cluster, failure: Failure, seen: list[str] | None = None) -> None:
    """Print the last events and log lines of what failed, or what was `seen` of them."""
    console.say(f"\n{failure.namespace}/{failure.name}")
    for line in seen or lines(cluster, failure):
        console.say(f"  {line}")
    console.say()


def lines(cluster: Cluster, failure: Failure) -> list[str]:
    """The last events and log lines of what failed."""
    found = []
    with suppress(PlatformError):
        events = cluster.list("events", failure.namespace)
        found = [f"event  {line}" for line in last_events(events, failure.name)]
    return found + [f"log    {line}" for line in (last_lines(cluster, failure) if failure.is_pod else [])]


def last_events(events: list[Object], name: str) -> list[str]:
    """The last few events of an object (or its pods), oldest first."""
    about = [event for event in events if event["involvedObject"].get("name", "").startswith(name)]
    about.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return [
        f"{event.get('reason', '')}: {shortened(' '.join(event.get('message', '').split()))}"
        for event in about[-EVENTS:]
    ]


def last_lines(cluster: Cluster, failure: Failure) -> list[str]:
    """The last log lines of the failed container; of its previous run if there was one."""
    which = ["--container", failure.container] if failure.container else ["--all-containers"]
    for which_run in (["--previous"], []):
        with suppress(PlatformError):
            text = cluster.kubectl(
                "logs", failure.name, "--namespace", failure.namespace, *which, *which_run, f"--tail={LINES}"
            )
            if text.strip():
                return text.rstrip().splitlines()
    return []
