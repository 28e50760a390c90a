"""The files of an export: manifests, charts, values, and the order in which Helm takes them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from k8s.installer.cluster import helm
from k8s.installer.export.pins import Pins
from k8s.installer.install import charts, images, manifests, releases
from k8s.installer.install.plan import Plan
from k8s.installer.install.releases import STACK, WAREHOUSE, Inputs, Release
from k8s.installer.install.secrets import Store, authorities
from k8s.installer.versions import PublishedChart, versions

MANIFESTS, CHARTS, VALUES = "manifests", "charts", "values"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they are, so that a difference between two exports reads like one between files."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(*documents: Any) -> str:
    """Documents of one file."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


@dataclass(frozen=True)
class Exported:
    """A release as it is in the folder. `chart` is a path in it, or the name of a published chart."""

    name: str
    namespace: str
    chart: str
    published: PublishedChart | None
    values: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]
    has_jobs: bool  # to wait for; Airflow's Job deletes itself, and helm fails if it no longer finds it


def write(plan: Plan, store: Store, folder: Path, pins: Pins | None) -> list[Exported]:
    """Write everything but the description for a tool; returns the releases in the order of their needs.

    `pins`: name all images by digests as well.
    """
    _manifests(plan, store, folder / MANIFESTS, pins)
    wanted = plan.releases
    inputs = plan.inputs({"secrets": store})
    exported = {one.key: _release(one, wanted, inputs, folder, pins) for one in wanted}
    return [
        exported[key] for key in TopologicalSorter({key: one.needs for key, one in exported.items()}).static_order()
    ]


def _manifests(plan: Plan, store: Store, folder: Path, pins: Pins | None) -> None:
    folder.mkdir(parents=True)
    kubernetes_api = manifests.kubernetes_api(plan.cluster)
    for file in manifests.files(plan.wanted()):
        text = manifests.render(kubernetes_api, plan.wanted(), [file])
        # kubectl and Argo CD take files by name, and everything lives in a namespace.
        name = f"00-{file.name}" if file.name == "namespaces.yaml" else file.name
        (folder / name).write_text(text, encoding="utf-8")
    made = {
        "authorities": authorities(store, plan.authority(store)),
        "mounted": plan.mounted(),
        "settings": plan.settings(),
        "dags": [plan.dags_map(store)],
    }
    for stem, objects in made.items():
        (folder / f"configmaps-{stem}.yaml").write_text(as_yaml(*objects), encoding="utf-8")
    if pins:
        ours = [images.SLIM.repository, images.SPARK.repository]
        for path in folder.iterdir():
            path.write_text(pins.text(path.read_text(encoding="utf-8"), ours), encoding="utf-8")
    crds = helm.crds(charts.locate(STACK, plan.options.charts))
    (folder / "00-operator-kinds.yaml").write_text(crds, encoding="utf-8")


def _release(release: Release, wanted: Iterable[Release], inputs: Inputs, folder: Path, pins: Pins | None) -> Exported:
    values = folder / VALUES / release.name
    values.mkdir(parents=True)
    files = [Path(shutil.copy(file, values)) for file in releases.value_files(release, inputs.options.values)]
    computed = release.values(inputs)
    if release is WAREHOUSE:
        computed["etl"]["job"] = True  # `make up` runs it when the server wants it, others with the release
    locate = partial(charts.locate, release.chart, inputs.options.charts)
    if pins:
        chart = locate()
        # Without its tests, as no tool runs them.
        render = partial(helm.template, release.key, chart, files, computed, "--skip-tests")
        pins.values(release.chart, computed, helm.merged(chart, files, computed), render)
    (values / "computed.yaml").write_text(as_yaml(computed), encoding="utf-8")
    names = {one.name: one.key for one in wanted}
    is_copied = charts.is_ours(release.chart) or inputs.options.charts
    published = None if is_copied else versions().charts[release.chart]
    return Exported(
        release.name,
        release.namespace,
        release.chart if published else _copied(locate(), folder),
        published,
        tuple(file.relative_to(folder).as_posix() for file in (*files, values / "computed.yaml")),
        tuple(names[need] for need in releases.needs(release, inputs.options, wanted) if need in names),
        has_jobs=release is WAREHOUSE,
    )


def _copied(chart: Path, folder: Path) -> str:
    target = folder / CHARTS / chart.name
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if chart.is_dir() else shutil.copy)(chart, target)
    return target.relative_to(folder).as_posix()
