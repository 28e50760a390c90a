"""The images of the pipeline: named after the content of their sources, so that the same sources are built once."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from etl.core.errors import ConfigError
from k8s.installer import paths
from k8s.installer.cluster import builder, shell
from k8s.installer.cluster.kubectl import ETL, Cluster, Object
from k8s.installer.install.options import Options
from k8s.installer.install.steps import Running
from k8s.installer.versions import versions

NODE_REPORT_S = 120  # how long a node may take to list an image that it has
LEFT_OUT = ("sql/dashboards", "sql/metrics", "sql/platform")  # not run by the pipeline; also in .dockerignore


@dataclass(frozen=True)
class Image:
    """An image without its tag, the Dockerfile that builds it, the verb of `make` that does, and what goes into it.

    `sources` are those that the Dockerfile copies, except for prose (README, LICENSE).
    """

    repository: str
    dockerfile: str
    verb: str
    sources: tuple[str, ...] = ("etl", "sql", "pyproject.toml")

    @property
    def note(self) -> str:
        """An annotation of namespace etl: the image last brought to the nodes, and when."""
        return f"data-platform/{self.verb}"


SLIM = Image("data-platform-etl", "etl/Dockerfile", "image")
SPARK = Image("data-platform-etl-spark", "etl/spark.Dockerfile", "image-spark")
ENRICHMENT = Image("data-platform-enrichment", "enrichment/Dockerfile", "image-enrichment", ("enrichment",))


def tag(root: Path = paths.ROOT, which: Image = SLIM) -> str:
    """12 hex digits that change with any source of the image."""
    digest = hashlib.sha256(versions().images["python"].encode())
    for path in sorted(_sources(root, which)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:12]


def _sources(root: Path, which: Image) -> Iterator[Path]:
    for name in which.sources:
        top = root / name
        for path in [top] if top.is_file() else top.rglob("*"):
            is_left_out = path.parent.relative_to(root).as_posix() in LEFT_OUT or "__pycache__" in path.parts
            if path.is_file() and not is_left_out:
                yield path


def name(options: Options, which: Image = SLIM) -> str:
    """The image's full name, in the registry if there is one."""
    prefix = f"{options.image_registry.rstrip('/')}/" if options.image_registry else ""
    return f"{prefix}{which.repository}:{tag(which=which)}"


def tag_of(image: str) -> str:
    """`3.2.2` of apache/airflow:3.2.2."""
    return image.rpartition(":")[2]


def loader(context: str, options: Options) -> list[str] | None:
    """The command that loads an archive into the nodes; None where they share this machine's images.

    Raises: ConfigError if no such command is known for this cluster.
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
        f"There is no known way to load an image into the nodes of '{context}'.",
        hint="Set IMAGE_REGISTRY=registry/path to push it there, or IMAGE_LOAD=command that loads an archive.",
    )


def provide(cluster: Cluster, options: Options, which: Image, running: Running) -> str:
    """Build the image and bring it to the nodes, unless that is done already."""
    image, tool = name(options, which), options.image_tool
    note = _noted(cluster.find("namespace", ETL), which)
    if is_there(cluster.list("nodes"), note, image, options):
        return f"{image} is there"
    if not builder.is_built(tool, image):
        running.note(f"building {image}")
        builder.build(tool, image, which.dockerfile, which.verb)
    if options.image_registry:
        running.note(f"pushing {image}")
        builder.push(tool, image)
        _remember(cluster, which, image)
        return f"{image} pushed"
    command = loader(cluster.context, options)
    if command is None:
        return f"{image} built"
    running.note(f"loading {image}")
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "image.tar"
        builder.save(tool, image, archive)
        shell.run([*command, str(archive)], cwd=str(paths.ROOT))
    _remember(cluster, which, image)
    return f"{image} loaded"


def is_there(nodes: list[Object], note: str, image: str, options: Options) -> bool:
    """Whether every node has it. A node lists it late, and with a registry never: then our own note counts."""
    noted, _, instant = note.partition(" ")
    if noted != image:
        return has_image(nodes, image)
    is_fresh = time.time() - float(instant) < NODE_REPORT_S
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
        listed = {name for entry in entries for name in entry.get("names") or []}  # a replaced image has no name
        return {name.removeprefix("docker.io/").removeprefix("library/").removeprefix("localhost/") for name in listed}

    return bool(nodes) and all(image in names(node) for node in nodes)
