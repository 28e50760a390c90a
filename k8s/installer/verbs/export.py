"""`export`: the platform as a folder of files, for teams whose clusters only a GitOps tool changes."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

import yaml

from etl.core.errors import ConfigError, PlatformError, UsageError
from k8s.installer import console
from k8s.installer.cluster import builder, contexts, lease, shell
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.export import content, readme, tools
from k8s.installer.export.pins import Pins
from k8s.installer.install import images, plan, preflight, secrets
from k8s.installer.install.options import Options

IMAGES = "images.yaml"  # of an export: the digest of each image


def push_images(options: Options) -> None:
    """Build what is not built yet, and push it. Raises: UsageError without a registry."""
    if not options.image_registry:
        raise UsageError("There is no registry to push to.", hint="Set IMAGE_REGISTRY=registry.example.org/team.")
    for kind in _images(options):
        image = images.name(options, kind)
        if not builder.is_built(options.image_tool, image):
            builder.build(options.image_tool, image, kind.dockerfile, kind.verb)
        builder.push(options.image_tool, image)
        console.say(f"{image} pushed")


def create_secrets(options: Options) -> None:
    """Namespaces with their policies, and Secrets; those that exist are kept. Raises: AccessError."""
    cluster = Cluster(contexts.chosen(options.cluster))
    preflight.require_agreement(cluster.context, options)
    planned = plan.Plan(cluster, options)
    plan.create_namespaces(cluster)
    with lease.held(cluster):
        cluster.apply(planned.policies())
        store = planned.store()
        cluster.apply(secrets.manifest(store, planned.authority(store)))
    console.say(f"Secrets generated: {', '.join(store.made) or 'none, all are there'}.")


def export(folder: Path, repository: str, options: Options, *, like: Path | None = None, tags: bool = False) -> None:
    """Write the folder, all of it or nothing; it must not exist or be empty. Nothing in the cluster is changed.

    Images are named by the digests of the export `like`, then by those of their registries; with `tags`, by tags only.
    Raises: UsageError, ConfigError for a cluster without Secrets or an image without a digest, and what registries say.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is not empty.", hint="Give a folder that does not exist; compare it with the last.")
    pins = None if tags else Pins(_known(like), partial(builder.digest, options.image_tool))
    if pins and not options.image_registry:
        raise UsageError(
            "The images of the pipeline are in no registry, so they have no digests.",
            hint="Set IMAGE_REGISTRY=registry.example.org/team and `push` them, or export with --tags.",
        )
    cluster = Cluster(contexts.chosen(options.cluster))
    planned = plan.Plan(cluster, options)
    store = planned.store(is_new=False)
    if store.made:
        raise ConfigError(
            f"The cluster lacks Secrets: {', '.join(store.made)}.",
            hint="Create them with the same options: .venv/bin/python -m k8s.installer secrets",
        )
    with tempfile.TemporaryDirectory() as work:
        written = Path(work) / "export"
        releases = content.write(planned, store, written, pins)
        shutil.copytree(written, folder, dirs_exist_ok=True)
    ours = [images.name(options, kind) for kind in _images(options)]
    (folder / "README.md").write_text(readme.page(releases, ours), encoding="utf-8")
    files = {"helmfile.yaml": tools.helmfile(releases)}
    if repository:
        path = _path(folder)
        files["argocd.yaml"] = tools.root(repository, path)
        for name, application in tools.applications(releases, repository, path).items():
            files[f"{tools.APPLICATIONS}/{name}.yaml"] = application
        (folder / tools.APPLICATIONS).mkdir()
    if pins:
        files[IMAGES] = dict(sorted(pins.digests.items()))
    for name, document in files.items():
        (folder / name).write_text(tools.HEADER + content.as_yaml(document), encoding="utf-8")
    pinned = f", {len(pins.digests)} images by their digests" if pins else ""
    console.say(f"{folder} contains {len(releases)} releases{pinned}; {folder / 'README.md'} says how to apply them.")


def _known(like: Path | None) -> dict[str, str]:
    """The digests that another export names."""
    if like is None:
        return {}
    file = like / IMAGES
    if not file.is_file():
        raise UsageError(f"{like} has no {IMAGES}.", hint="Give the folder of another export, written without --tags.")
    digests: dict[str, str] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return digests


def _images(options: Options) -> list[images.Image]:
    optional = {images.SPARK: options.spark, images.ENRICHMENT: options.enrichment}
    return [images.SLIM, *(kind for kind, is_wanted in optional.items() if is_wanted)]


def _path(folder: Path) -> str:
    """Where the folder is in its Git repository, with a slash at its end; its name where it is in none yet."""
    try:
        return shell.run(["git", "-C", str(folder), "rev-parse", "--show-prefix"]).strip()
    except PlatformError:
        return f"{folder.resolve().name}/"
