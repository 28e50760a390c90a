"""What a person would look up first when something does not get ready: the pod, its last events, its last words."""

from __future__ import annotations

from contextlib import suppress

from etl.core.errors import PlatformError
from k8s.platform import console
from k8s.platform.cluster import Cluster, Object
from k8s.platform.readiness import Trouble

EVENTS, LINES = 3, 12


class NotReadyError(PlatformError):
    """A release does not get ready."""

    def __init__(self, release: str, trouble: Trouble) -> None:
        kind = "pod" if trouble.is_pod else "workload"
        message = (
            f"{release} does not get ready: {kind} {trouble.name} in {trouble.namespace}: {shortened(trouble.reason)}"
        )
        super().__init__(message, hint=f"{advice(trouble)} More: {more(trouble)}")
        self.trouble = trouble


ADVICE = (
    ("ImagePull", "Is the image's name right, and do the nodes reach its registry?"),
    ("InvalidImageName", "Mend the image's name in charts/values or charts/versions.toml."),
    ("Unschedulable", "Give the cluster more room."),
    ("PodSecurity", "Mend the security context in charts/values; the namespace admits restricted pods only."),
    ("exceeded quota", "The namespace's quota is used up: k8s/manifests/etl.yaml."),
)


def advice(trouble: Trouble) -> str:
    """What to do about it, where that is known."""
    for words, known in ADVICE:
        if words in trouble.reason:
            return known
    return "Mend it, then `make up` again."


def shortened(text: str, most: int = 240) -> str:
    """Enough of a text to know what it is about."""
    return text if len(text) <= most else f"{text[:most]} …"


def more(trouble: Trouble) -> str:
    """The command that shows more."""
    if trouble.has_logs:
        container = f" -c {trouble.container}" if trouble.container else ""
        return f"kubectl -n {trouble.namespace} logs {trouble.name}{container}"
    what = f"pod {trouble.name}" if trouble.is_pod else "events"
    return f"kubectl -n {trouble.namespace} {'describe' if trouble.is_pod else 'get'} {what}"


def show(cluster: Cluster, trouble: Trouble) -> None:
    """Print the last events and log lines of what is in trouble."""
    console.say(f"\n{trouble.namespace}/{trouble.name}")
    with suppress(PlatformError):
        for line in last_events(cluster.list("events", trouble.namespace), trouble.name):
            console.say(f"  event  {line}")
    if trouble.is_pod:
        for line in last_words(cluster, trouble):
            console.say(f"  log    {line}")
    console.say()


def last_events(events: list[Object], name: str) -> list[str]:
    """The last few events about an object (or its pods), oldest first."""
    about = [event for event in events if event["involvedObject"].get("name", "").startswith(name)]
    about.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return [
        f"{event.get('reason', '')}: {shortened(' '.join(event.get('message', '').split()))}"
        for event in about[-EVENTS:]
    ]


def last_words(cluster: Cluster, trouble: Trouble) -> list[str]:
    """The last log lines of the container in trouble, of its previous life if it has one."""
    which = ["--container", trouble.container] if trouble.container else ["--all-containers"]
    for life in (["--previous"], []):
        with suppress(PlatformError):
            text = cluster.kubectl(
                "logs", trouble.name, "--namespace", trouble.namespace, *which, *life, f"--tail={LINES}"
            )
            if text.strip():
                return text.rstrip().splitlines()
    return []
