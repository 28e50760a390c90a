"""An export is what `make up` installs: rendered by Helm from either, every release is the same."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from etl.core.errors import ConfigError, UsageError
from k8s.installer import paths
from k8s.installer.cluster import contexts
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.export.pins import named
from k8s.installer.install import images, manifests, plan, releases, secrets
from k8s.installer.install.options import Options
from k8s.installer.verbs.export import export
from k8s.installer.versions import versions
from tests.installer import registry

REPOSITORY = "https://git.example.org/team/deploy.git"
ENDPOINTS = {"endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 6443}]}
SERVICE = {"spec": {"clusterIPs": ["10.96.0.1"], "ports": [{"port": 443}]}}
EVERYTHING = Options(
    simulate=True,
    object_store=True,
    spark=True,
    enrichment=True,
    values="prod",
    warehouse="cnpg",
    image_registry="r.example.org/team",
    task_logs="s3://logs/airflow",
    task_logs_role="arn:aws:iam::123456789012:role/airflow",
    host="data.example.org",
    ingress_class="traefik",
    ingress_certificate="letsencrypt",
    ingress_from="traefik",
)
# What the published charts do with values is their own matter: here, each shows what it was given.
SHOWS_VALUES = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: values}\ndata: {values: {{ .Values | toJson | quote }}}"
)
KINDS = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: prometheuses}\n"


class Answering(Cluster):
    """Has an API server and Secrets; whatever else is asked of it is a change, and fails."""

    def __init__(self, values: secrets.Values) -> None:
        super().__init__("recorded")
        self.values = values

    def list(self, kinds: str, namespace: str | None = None, *_: str) -> list[dict[str, Any]]:
        if kinds == "endpointslices":
            return [ENDPOINTS]
        if kinds == "deployments":  # none of an operator
            return []
        assert kinds == "secrets"
        return [_secret(name, entries) for name, entries in self.values.items() if name[0] == namespace]

    def find(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        return SERVICE if (kind, name) == ("service", "kubernetes") else None

    def kubectl(self, *arguments: str, **_: Any) -> str:
        if arguments[:2] == ("get", "--raw"):  # no Cluster yet
            return ""
        raise AssertionError(f"kubectl {arguments}")


def _secret(name: tuple[str, str], entries: dict[str, str]) -> dict[str, Any]:
    data = {entry: base64.b64encode(value.encode()).decode() for entry, value in entries.items()}
    return {"metadata": {"namespace": name[0], "name": name[1]}, "data": data}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Charts under the published names and versions, as if they had been downloaded."""
    cache = tmp_path_factory.mktemp("cache")
    for name, chart in versions().charts.items():
        source = cache / name
        (source / "templates").mkdir(parents=True)
        (source / "crds").mkdir()
        (source / "Chart.yaml").write_text(f"apiVersion: v2\nname: {name}\nversion: {chart.version}\n")
        (source / "templates" / "values.yaml").write_text(SHOWS_VALUES)
        (source / "crds" / "kinds.yaml").write_text(KINDS)
        package = ["helm", "package", str(source), "--destination", str(cache / "charts")]
        subprocess.run(package, check=True, capture_output=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "CACHE", cache)
        yield cache / "charts"


@pytest.fixture(scope="module")
def cluster(published: Path) -> Iterator[Answering]:
    """A cluster with all Secrets."""
    store = secrets.complete({}, with_object_store=True, with_enrichment=True)
    answering = Answering(secrets.with_archive(store, datetime.now(UTC)).values)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contexts, "chosen", lambda _option: answering.context)
        patch.setattr("k8s.installer.verbs.export.Cluster", lambda _context: answering)
        yield answering


@pytest.fixture(scope="module")
def folder(cluster: Answering, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a platform with every part."""
    target = tmp_path_factory.mktemp("deploy") / "prod"
    export(target, REPOSITORY, EVERYTHING, tags=True)
    return target


def rendered(name: str, namespace: str, chart: Path, *files: Path, values: dict[str, Any] | None = None) -> str:
    command = ["helm", "template", name, str(chart), "--namespace", namespace, *(f"--values={file}" for file in files)]
    if values is not None:
        command.append("--values=-")
    return subprocess.run(command, input=json.dumps(values), capture_output=True, text=True, check=True).stdout


def charts_of(folder: Path, published: Path) -> dict[str, Path]:
    """The chart that helmfile.yaml names for each release, where it is on this machine."""
    found = {}
    for one in yaml.safe_load((folder / "helmfile.yaml").read_text())["releases"]:
        is_ours = one["chart"].startswith("./")
        archive = f"{one['chart'].rpartition('/')[2]}-{one.get('version')}.tgz"
        found[one["name"]] = folder / one["chart"] if is_ours else published / archive
    return found


def test_every_release_renders_the_same_from_the_export_and_from_make_up(
    cluster: Answering, folder: Path, published: Path
) -> None:
    planned = plan.Plan(cluster, EVERYTHING)
    inputs = planned.inputs({"secrets": planned.store(is_new=False)})
    charts = charts_of(folder, published)
    for release in releases.wanted(EVERYTHING):
        values = release.values(inputs)
        if release.name == "warehouse":  # whose Job `make up` runs by itself
            values["etl"]["job"] = True
        files = releases.value_files(release, "prod")
        where = (release.name, release.namespace)
        exported = [folder / file for file in _values_of(folder)[release.name]]
        assert rendered(*where, charts[release.name], *exported) == rendered(
            *where, _chart(release.chart, published), *files, values=values
        )


def _values_of(folder: Path) -> dict[str, list[str]]:
    listed = yaml.safe_load((folder / "helmfile.yaml").read_text())["releases"]
    return {one["name"]: one["values"] for one in listed}


def _chart(name: str, published: Path) -> Path:
    ours = paths.CHARTS / name
    return ours if ours.is_dir() else published / f"{name}-{versions().charts[name].version}.tgz"


def test_the_manifests_are_those_that_make_up_applies(cluster: Answering, folder: Path) -> None:
    planned = plan.Plan(cluster, EVERYTHING)
    store = planned.store(is_new=False)
    applied = list(yaml.safe_load_all(manifests.render(manifests.kubernetes_api(cluster), planned.wanted())))
    applied += [*planned.settings(), *planned.mounted(), planned.dags_map(store)]
    applied += secrets.authorities(store, planned.authority(store))
    files = [file for file in sorted((folder / "manifests").iterdir()) if "operator-kinds" not in file.name]
    exported = [one for file in files for one in yaml.safe_load_all(file.read_text()) if one]
    assert sorted(map(json.dumps, exported)) == sorted(json.dumps(one) for one in applied if one)


def test_namespaces_and_kinds_are_the_first_files(folder: Path) -> None:
    names = sorted(file.name for file in (folder / "manifests").iterdir())
    assert names[:2] == ["00-namespaces.yaml", "00-operator-kinds.yaml"]
    assert KINDS in (folder / "manifests" / "00-operator-kinds.yaml").read_text()


def test_no_secret_is_in_any_file(cluster: Answering, folder: Path) -> None:
    public = {"postgres", "admin", "etl", "http://enrichment.enrichment.svc:8090"}
    places = {"URL", "ENDPOINT", "FOLDER", "FORMER"}  # of the archive
    words = {
        value
        for entries in cluster.values.values()
        for name, value in entries.items()
        if not name.endswith(".crt") and name not in places
    }
    written = [file.read_text() for file in folder.rglob("*") if file.is_file()]
    assert len(words - public) > 10
    assert not [word for word in words - public if any(word in text for text in written)]
    assert not [text for text in written if "\nkind: Secret\n" in text]


def applications(folder: Path) -> dict[str, Any]:
    """Argo CD's Applications by the names of their files."""
    return {file.stem: yaml.safe_load(file.read_text()) for file in (folder / "applications").iterdir()}


def test_argo_cd_finds_every_path_of_the_folder(folder: Path) -> None:
    root = yaml.safe_load((folder / "argocd.yaml").read_text())
    for one in (root, *applications(folder).values()):
        for source in one["spec"]["sources"]:
            if source["repoURL"] == REPOSITORY and "path" in source:
                assert (folder.parent / source["path"]).is_dir()
            for file in source.get("helm", {}).get("valueFiles", ()):
                assert (folder.parent / file.removeprefix("$here/")).is_file()


def test_argo_cds_waves_follow_the_needs_of_helmfile(folder: Path) -> None:
    annotations = {name: one["metadata"]["annotations"] for name, one in applications(folder).items()}
    wave = {name: int(one["argocd.argoproj.io/sync-wave"]) for name, one in annotations.items()}
    assert wave["manifests"] == 0
    releases = yaml.safe_load((folder / "helmfile.yaml").read_text())["releases"]
    assert wave.keys() - {"manifests"} == {one["name"] for one in releases}
    for one in releases:
        assert all(wave[need.partition("/")[2]] < wave[one["name"]] for need in one["needs"]), one["name"]


def test_argo_cd_waits_for_no_volume_that_only_a_later_pod_uses(folder: Path, published: Path) -> None:
    """With binding at the first use, the default of many clusters, it would wait for ever."""
    texts = [file.read_text() for file in (folder / "manifests").iterdir()]
    for name, chart in charts_of(folder, published).items():
        texts.append(rendered(name, "x", chart, *(folder / file for file in _values_of(folder)[name])))
    objects = [one for text in texts for one in yaml.safe_load_all(text) if one]
    lasting = {"Deployment", "StatefulSet"}
    used = {
        volume["persistentVolumeClaim"]["claimName"]
        for one in objects
        if one["kind"] in lasting
        for volume in one["spec"]["template"]["spec"].get("volumes", ())
        if "persistentVolumeClaim" in volume
    }
    claims = [one["metadata"] for one in objects if one["kind"] == "PersistentVolumeClaim"]
    unused = [one for one in claims if one["name"] not in used]
    assert {one["name"] for one in unused} == {"lake", "backups"}
    assert all(one["annotations"]["argocd.argoproj.io/ignore-healthcheck"] == "true" for one in unused)


def test_a_cluster_without_secrets_is_refused_with_the_way_out(
    cluster: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "values", {})
    with pytest.raises(ConfigError, match="lacks Secrets: warehouse-superuser") as caught:
        export(tmp_path / "deploy", "", EVERYTHING, tags=True)
    assert "python -m k8s.installer secrets" in str(caught.value.hint)
    assert not (tmp_path / "deploy").exists()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="is not empty"):
        export(tmp_path, "", Options(), tags=True)


OURS = Options(image_registry="r.example.org/team", image_tool="buildah", warehouse="cnpg", object_store=True)


def test_without_a_registry_there_are_no_digests(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in no registry") as caught:
        export(tmp_path / "deploy", "", Options())
    assert "--tags" in caught.value.hint


def test_an_export_by_tags_has_no_digests_to_keep(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no images\.yaml"):
        export(tmp_path / "deploy", "", OURS, like=folder)


def test_an_export_that_fails_leaves_nothing_behind(
    cluster: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "helm").symlink_to(str(shutil.which("helm")))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ConfigError, match="skopeo is not installed"):
        export(tmp_path / "deploy", "", OURS)
    assert not (tmp_path / "deploy").exists()


@pytest.mark.thorough
@pytest.mark.skipif(bool(registry.MISSING), reason=f"needs {' and '.join(registry.MISSING)}")
def test_a_tag_that_moves_changes_only_an_export_that_looks_again(
    cluster: Answering, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each registry that an image names is one on this machine."""
    first, again, promoted = (tmp_path / name for name in ("first", "again", "promoted"))
    theirs = (versions().images[name] for name in ("airflow", "postgres", "postgres-cnpg", "versitygw"))
    with registry.running(tmp_path) as local:
        hosts = ("docker.io", "ghcr.io", "r.example.org")
        registry.redirect(tmp_path, {host: f"{local.address}/{host}" for host in hosts})
        monkeypatch.setenv("HOME", str(tmp_path))
        digests = {image: local.push(_in_full(image), "first") for image in (images.name(OURS), *theirs)}
        export(first, "", OURS)
        moved = local.push("docker.io/library/postgres:17", "second")
        export(again, "", OURS)
        export(promoted, "", OURS, like=first)
    assert yaml.safe_load((first / "images.yaml").read_text()) == digests
    assert yaml.safe_load((again / "images.yaml").read_text()) == digests | {"postgres:17": moved}
    assert _texts(promoted) == _texts(first)
    objects = [text for path, text in _texts(first).items() if path.startswith("manifests/")]
    for name, chart in charts_of(first, published).items():
        objects.append(rendered(name, "default", chart, *(first / file for file in _values_of(first)[name])))
    used = set().union(*(named(text, ["data-platform-etl"]) for text in objects))
    assert used == {f"{image}@{digest}" for image, digest in digests.items()}


def _in_full(image: str) -> str:
    """With the registry that a name without one means."""
    first = image.partition("/")[0] if "/" in image else ""
    return image if "." in first else f"docker.io/{image}" if first else f"docker.io/library/{image}"


def _texts(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}
