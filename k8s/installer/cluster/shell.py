"""Runs other programs, without a shell; turns their complaints into one line and a hint."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Collection, Sequence

from etl.core.errors import AccessError, ConfigError, PlatformError, TransientError
from k8s.installer.errors import FailedError

INSTALL = {
    "kubectl": "Install it: https://kubernetes.io/docs/tasks/tools/",
    "helm": "Install it: https://helm.sh/docs/intro/install/",
    "kind": "Install it: https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
    "docker": "Install Docker, or set IMAGE_TOOL=buildah.",
    "buildah": "Install it (apt install buildah), or set IMAGE_TOOL=docker.",
    "skopeo": "Install it (apt install skopeo), or set IMAGE_TOOL=docker.",
}

# A pattern in the output of programs, and the error that it stands for. The first match counts.
Known = tuple[str, type[PlatformError], str, str]
NO_DAEMON: Known = (
    r"Cannot connect to the Docker daemon|docker daemon is not running",
    ConfigError,
    "Docker is installed, but its engine is not running.",
    "Start Docker, or set IMAGE_TOOL=buildah.",
)
KNOWN: tuple[Known, ...] = (
    (
        r"another operation \(install/upgrade/rollback\) is in progress",
        TransientError,
        "Someone else is installing this release right now.",
        "Wait until they have finished, then run `make up` again.",
    ),
    (
        r"context .* does not exist|no context exists with the name|context was not found",
        ConfigError,
        "There is no such context in your kubeconfig.",
        "`kubectl config get-contexts` lists the contexts; choose one with CLUSTER=….",
    ),
    (
        r"connection refused|no such host|i/o timeout|TLS handshake timeout|network is unreachable"
        r"|Unable to connect to the server|cluster unreachable|connection to the server .* was refused",
        TransientError,
        "The cluster does not answer.",
        "Is it running? Check with `kubectl cluster-info`. `make up CLUSTER=kind` creates a new one.",
    ),
    (
        r"You must be logged in to the server|Unauthorized|Please enter Username|^(?:error: )?EOF$",
        AccessError,
        "The cluster does not accept your credentials.",
        "Log in to it again, then check with `kubectl auth whoami`.",
    ),
    (
        r"(?i)\bforbidden\b: User",
        AccessError,
        "You lack a permission in this cluster.",
        "Use a context with the rights of a cluster administrator.",
    ),
    (
        r"field is immutable|updates to statefulset spec for fields other than",
        ConfigError,
        "A setting has changed that Kubernetes cannot change in place.",
        "Undo the change, or run `make down` (it keeps the data) and then `make up`.",
    ),
    (
        r"failed to parse .*\.yaml|execution error at|template: |values don't meet the specifications",
        ConfigError,
        "A chart cannot be rendered with its values.",
        "Fix the file under charts/, then run `make up` again.",
    ),
    NO_DAEMON,
    (
        r"looks like .* is not a valid chart repository|failed to download|could not (?:find|download) .*chart|"
        r"failed to fetch https?://",
        TransientError,
        "A chart could not be downloaded.",
        "Check the internet connection, or name a folder that has the charts: CHARTS=….",
    ),
)

TALK_TO_REGISTRIES = ("docker", "buildah", "skopeo")  # the others talk to the cluster
OF_REGISTRIES: tuple[Known, ...] = (
    NO_DAEMON,
    (
        r"unknown command: docker buildx|'buildx' is not a docker command|unknown flag: --format",
        ConfigError,
        "Docker lacks its plugin buildx.",
        "Install it: https://docs.docker.com/go/buildx/, or set IMAGE_TOOL=buildah.",
    ),
    (
        r"toomanyrequests|429 Too Many Requests",
        TransientError,
        "The registry has answered too many requests.",
        "Log in to it (docker login, buildah login), which raises its limit, or try again later.",
    ),
    (
        r"manifest unknown|name unknown|repository name not known|: not found$",
        ConfigError,
        "The registry does not have this image.",
        "Is its name right? Ours are pushed with: .venv/bin/python -m k8s.installer push",
    ),
    (
        r"(?i)unauthorized|authorization failed|denied:|access denied|no basic auth|403 forbidden",
        AccessError,
        "The registry refuses this: it lacks the image, or wants a login.",
        "Check the image's name, and log in: docker login, or buildah login.",
    ),
    (
        r"connection refused|no such host|i/o timeout|TLS handshake|network is unreachable|deadline exceeded|EOF$",
        TransientError,
        "The registry does not answer.",
        "Can this machine reach it? Then try again.",
    ),
)


class ToolError(FailedError):
    """A program failed in a way that is not known here; `output` is all it printed."""

    def __init__(self, message: str, *, hint: str, output: str) -> None:
        super().__init__(message, hint=hint)
        self.output = output


def find(program: str) -> str:
    """The path of a program. Raises: ConfigError, with where to get it."""
    path = shutil.which(program)
    if path is None:
        raise ConfigError(
            f"{program} is not installed on this machine.", hint=INSTALL.get(program, f"Install {program}.")
        )
    return path


def run(
    command: Sequence[str], *, stdin: str | None = None, cwd: str | None = None, fine: Collection[int] = (0,)
) -> str:
    """Run to the end and return what it printed. Secrets go through `stdin`, never through `command`.

    Ctrl-C does not reach kubectl and helm: what they have begun to change, they finish.
    Raises, unless its exit code is `fine`: what its output stands for, or ToolError with the last line that it printed.
    """
    done = subprocess.run(
        [find(command[0]), *command[1:]],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        encoding="utf-8",
        cwd=cwd,
        check=False,
        start_new_session=command[0] in ("kubectl", "helm"),
    )
    if done.returncode in fine:
        return done.stdout
    raise translated(command, done.stderr or done.stdout)


def translated(command: Sequence[str], output: str) -> PlatformError:
    """The error that a program's output stands for; the message ends in the program's own words."""
    for pattern, kind, message, hint in OF_REGISTRIES if command[0] in TALK_TO_REGISTRIES else KNOWN:
        if re.search(pattern, output, re.MULTILINE):
            return kind(f"{message} {_own_words(output)}", hint=hint)
    first = 3 if command[1:2] in (["--context"], ["--kube-context"]) else 1
    name = " ".join([command[0], *command[first : first + 1]])
    hint = "`make status` shows what is installed; running the same command again resumes where it stopped."
    return ToolError(f"{name} failed: {_own_words(output)}", hint=hint, output=output)


def _own_words(output: str) -> str:
    """The last line with content, without its prefixes."""
    noise = re.compile(r"WARNING|[WIE]\d{4} ")
    lines = [line.strip() for line in output.splitlines() if line.strip() and not noise.match(line)]
    if not lines:
        return "(it printed nothing)"
    words = re.sub(
        r"^(Error( from server)?( \(\w+\))?|error|ERROR|UPGRADE FAILED|INSTALLATION FAILED): *", "", lines[-1]
    )
    words = re.sub(r"^(UPGRADE|INSTALLATION) FAILED: *", "", words)
    if skopeo := re.fullmatch(r'time="\S+" level=\w+ msg="(.*)"', words):
        words = skopeo[1].replace('\\"', '"')
    return words if len(words) < 400 else f"{words[:400]} …"
