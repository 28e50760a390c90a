"""The images of the pipeline: named after the content of their sources, so that the same sources are built once."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.core.errors import ConfigError, PlatformError
from k8s.platform import paths, shell
from k8s.platform.cluster import ETL, Cluster, Object
from k8s.platform.options import Options
from k8s.platform.steps import Running
from k8s.platform.versions import versions

NODES_ARE_LATE_S = 120
SOURCES = ("etl", "sql", "pyproject.toml")  # what the Dockerfiles copy, but for words (README, LICENSE)
LEFT_OUT = ("sql/dashboards", "sql/metrics", "sql/platform")  # told to Postgres by others; .dockerignore has them, too


@dataclass(frozen=True)
class Image:
    """An image without its tag, what builds it, and how `make` calls that."""

    repository: str
    dockerfile: str
    verb: str

    @property
    def note(self) -> str:
        """An annotation of namespace etl: what was brought last, and when."""
        return f"data-platform/{self.verb}"


SLIM = Image("data-platform-etl", "etl/Dockerfile", "image")
SPARK = Image("data-platform-etl-spark", "etl/spark.Dockerfile", "image-spark")


def tag(root: Path = paths.ROOT) -> str:
    """12 hex digits of what an image is made of."""
    digest = hashlib.sha256(versions().images["python"].encode())
    for path in sorted(_sources(root)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:12]


def _sources(root: Path) -> Iterator[Path]:
    for name in SOURCES:
        top = root / name
        for path in [top] if top.is_file() else top.rglob("*"):
            is_left_out = path.parent.relative_to(root).as_posix() in LEFT_OUT or "__pycache__" in path.parts
            if path.is_file() and not is_left_out:
                yield path


def name(options: Options, which: Image = SLIM) -> str:
    """The image's full name, in the registry if there is one."""
    prefix = f"{options.image_registry.rstrip('/')}/" if options.image_registry else ""
    return f"{prefix}{which.repository}:{tag()}"


def loader(context: str, options: Options) -> list[str] | None:
    """The command that brings an archive to the nodes; None where they share the machine's images.

    Raises: ConfigError if nothing is known about this cluster.
    """
    if options.image_load:
        return shlex.split(options.image_load)
    if context.startswith("kind-"):
        return ["kind", "load", "image-archive", "--name", context.removeprefix("kind-")]
    if context.startswith("k3d-"):
        return ["k3d", "image", "import", "--cluster", context.removeprefix("k3d-")]
    if context == "minikube":
        return ["minikube", "image", "load"]
    if context in ("docker-desktop", "orbstack", "rancher-desktop"):
        if options.image_tool == "docker":
            return None
        raise ConfigError(
            f"{context} takes its images from Docker, not from {options.image_tool}.", hint="Leave IMAGE_TOOL out."
        )
    raise ConfigError(
        f"How the nodes of '{context}' get an image is not known.",
        hint="Give IMAGE_REGISTRY=registry/path to push there, or IMAGE_LOAD=command that takes an archive.",
    )


def provide(cluster: Cluster, options: Options, which: Image, running: Running) -> str:
    """Build the image and bring it to the nodes, unless that was done already."""
    image = name(options, which)
    note = _noted(cluster.find("namespace", ETL), which)
    if is_there(cluster.list("nodes"), note, image, options):
        return f"{image} is there"
    if not _is_built(image, options.image_tool):
        running.note(f"building {image}")
        build(image, which, options.image_tool)
    if options.image_registry:
        running.note(f"pushing {image}")
        shell.run([options.image_tool, "push", image])
        _remember(cluster, which, image)
        return f"{image} pushed"
    command = loader(cluster.context, options)
    if command is None:
        return f"{image} built"
    running.note(f"loading {image}")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "image.tar"
        _save(image, options.image_tool, archive)
        shell.run([*command, str(archive)], cwd=str(paths.ROOT))
    _remember(cluster, which, image)
    return f"{image} loaded"


def build(image: str, which: Image, tool: str) -> None:
    """Build it. Raises: PlatformError with the builder's last lines."""
    script = paths.ROOT / ".ci" / "image"
    try:
        shell.run([str(script), tool, image, which.dockerfile], cwd=str(paths.ROOT))
    except shell.ToolError as error:
        last = "\n".join(error.output.strip().splitlines()[-15:])
        raise PlatformError(
            f"The image could not be built. {last}", hint=f"`make {which.verb} IMAGE_TOOL={tool}` shows all of it."
        ) from error


def is_there(nodes: list[Object], note: str, image: str, options: Options) -> bool:
    """Whether every node lists it. A node says so a moment late, and a registry never: then our own note counts."""
    noted, _, instant = note.partition(" ")
    if noted != image:
        return has_image(nodes, image)
    is_fresh = time.time() - float(instant) < NODES_ARE_LATE_S
    return is_fresh or bool(options.image_registry) or has_image(nodes, image)


def _noted(etl: Object | None, which: Image) -> str:
    note: str = (etl or {"metadata": {}})["metadata"].get("annotations", {}).get(which.note, "")
    return note


def _remember(cluster: Cluster, which: Image, image: str) -> None:
    cluster.kubectl("annotate", "namespace", ETL, "--overwrite", f"{which.note}={image} {time.time():.0f}")


def has_image(nodes: list[Object], image: str) -> bool:
    """Whether every node lists the image."""

    def names(node: Object) -> set[str]:
        entries = node["status"].get("images") or []
        listed = {name for entry in entries for name in entry.get("names") or []}  # one that was replaced has none
        return {name.removeprefix("docker.io/").removeprefix("library/").removeprefix("localhost/") for name in listed}

    return bool(nodes) and all(image in names(node) for node in nodes)


def _is_built(image: str, tool: str) -> bool:
    query = [tool, "image", "inspect", image] if tool == "docker" else [tool, "inspect", "--type", "image", image]
    try:
        shell.run(query)
    except PlatformError:
        return False
    return True


def _save(image: str, tool: str, archive: Path) -> None:
    if tool == "docker":
        shell.run(["docker", "save", "--output", str(archive), image])
    else:
        shell.run(["buildah", "push", "--quiet", image, f"docker-archive:{archive}:{image}"])
    archive.chmod(0o644)
