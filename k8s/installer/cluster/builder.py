"""docker or buildah: builds images, pushes them, packs them into archives, and asks registries for digests."""

from __future__ import annotations

from pathlib import Path

from etl.core.errors import PlatformError
from k8s.installer import paths
from k8s.installer.cluster import shell
from k8s.installer.errors import FailedError

LAST_LINES = 15


def build(tool: str, image: str, dockerfile: str, verb: str) -> None:
    """Build it. Raises: FailedError with the builder's last lines; `make {verb}` shows them all."""
    script = paths.ROOT / ".ci" / "image"
    try:
        shell.run([str(script), tool, image, dockerfile], cwd=str(paths.ROOT))
    except shell.ToolError as error:
        last = "\n".join(error.output.strip().splitlines()[-LAST_LINES:])
        raise FailedError(
            f"The image could not be built. {last}", hint=f"`make {verb} IMAGE_TOOL={tool}` shows the whole output."
        ) from error


def is_built(tool: str, image: str) -> bool:
    """Whether this machine has the image."""
    query = [tool, "image", "inspect", image] if tool == "docker" else [tool, "inspect", "--type", "image", image]
    try:
        shell.run(query)
    except PlatformError:
        return False
    return True


def push(tool: str, image: str) -> None:
    """Push it to the registry in its name."""
    shell.run([tool, "push", image])


def digest(tool: str, image: str) -> str:
    """The digest of an image in its registry, for all architectures; with skopeo, which shares buildah's logins.

    Raises: ConfigError, AccessError, TransientError.
    """
    if tool == "docker":  # without `print`, buildx shows all it knows
        query = ["docker", "buildx", "imagetools", "inspect", "--format={{print .Manifest.Digest}}", image]
    else:
        query = ["skopeo", "inspect", "--no-tags", "--format={{.Digest}}", f"docker://{image}"]
    return shell.run(query).strip()


def save(tool: str, image: str, archive: Path) -> None:
    """Pack it into an archive that any node can load."""
    if tool == "docker":
        shell.run(["docker", "save", "--output", str(archive), image])
    else:
        shell.run(["buildah", "push", "--quiet", image, f"docker-archive:{archive}:{image}"])
    archive.chmod(0o644)
