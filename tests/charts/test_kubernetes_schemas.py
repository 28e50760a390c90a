"""What we send to Kubernetes is what each of its supported versions understands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
from kubernetes_validate import utils

from tests.charts.rendering import SOURCES, Manifest, called, rendered

# Not Kubernetes' own kinds; promtool reads the rules (tests/monitoring), the operator itself its clusters (tests/e2e).
OPERATORS = ("monitoring.coreos.com/", "postgresql.cnpg.io/")
VERSIONS = ("1.30", "1.31", "1.32", "1.33", "1.34", "1.35")


@pytest.fixture(scope="module", autouse=True)
def _schemas_are_read_once() -> Iterator[None]:
    """The library reads 2 MB of definitions for every object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", cache(utils.schema_contents))
        yield


def _complaint(manifest: Manifest, version: str) -> str | None:
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        where = ".".join(str(part) for part in error.absolute_path)
        return f"{called(manifest)}: {where}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError:
        return f"{called(manifest)}: Kubernetes {version} has no {manifest['apiVersion']} {manifest['kind']}"
    return None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("source", SOURCES)
def test_kubernetes_understands_every_field(source: str, version: str) -> None:
    assert f"{version}.0" in utils.all_versions(), "the library would take an older schema in silence"
    own = [manifest for manifest in rendered(source) if not manifest["apiVersion"].startswith(OPERATORS)]
    assert [complaint for manifest in own if (complaint := _complaint(manifest, version))] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "replicas"), "one"),
        (("spec", "replica"), 1),
        (("spec", "template", "spec", "containers", 0, "securityContext", "readonlyRootFilesystem"), True),
        (("apiVersion",), "apps/v1beta1"),
    ],
    ids=str,
)
def test_a_field_that_kubernetes_does_not_know_would_be_noticed(path: tuple[Any, ...], value: Any) -> None:
    manifest = json.loads(json.dumps(next(m for m in rendered("warehouse") if m["kind"] == "StatefulSet")))
    place = manifest
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert _complaint(manifest, VERSIONS[-1])
