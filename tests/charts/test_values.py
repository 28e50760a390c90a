"""Every value of every chart does something, says what, and is refused when it is wrong."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.charts.rendering import (
    CHARTS,
    NEEDED,
    HelmError,
    Manifest,
    Path_,
    Values,
    at,
    defaults,
    leaves,
    merged,
    render,
    schema,
    schema_at,
)
from tests.conftest import ROOT

LEAVES = [(chart, path) for chart in CHARTS for path, _ in leaves(defaults(chart))]
MAPS = [
    (chart, path)
    for chart in CHARTS
    for path in sorted({path[:depth] for path, _ in leaves(defaults(chart)) for depth in range(len(path))})
]
# What has an effect only beside something else.
BESIDE: dict[tuple[str, Path_], Values] = {
    ("warehouse", ("external", "port")): {"external": {"host": "db.example.org"}},
    **{
        (chart, path): {"cnpg": {"enabled": True, "archive": {"url": "s3://backups"}}}
        for chart, path in LEAVES
        if path[0] == "cnpg" and path != ("cnpg", "enabled")
    },
    ("enrichment", ("autoscaling", "minReplicas")): {"autoscaling": {"enabled": True}},
    ("enrichment", ("autoscaling", "maxReplicas")): {"autoscaling": {"enabled": True}},
    ("enrichment", ("autoscaling", "targetCPU")): {"autoscaling": {"enabled": True}},
}
# Maps whose keys are not ours to list.
FREE = {("warehouse", ("settings",)), ("monitoring", ("rules",)), ("monitoring", ("dashboards",))}

every_leaf = pytest.mark.parametrize(
    ("chart", "path"), LEAVES, ids=lambda part: part if isinstance(part, str) else ".".join(part)
)
every_map = pytest.mark.parametrize(
    ("chart", "path"), MAPS, ids=lambda part: part if isinstance(part, str) else ".".join(part) or "top"
)
every_chart = pytest.mark.parametrize("chart", CHARTS)


@every_leaf
def test_a_value_that_is_changed_changes_what_is_rendered(chart: str, path: Path_) -> None:
    if len(schema_at(chart, path).get("enum", "many")) == 1:
        pytest.skip("there is only one choice so far")
    beside = BESIDE.get((chart, path), {})
    before = _usual(chart, json.dumps(beside))
    others = list(_others(chart, path))
    assert others, "the schema needs an example of another value"
    for other in others:
        assert render(chart, merged(beside, at(path, other))) != before, f"{'.'.join(path)}: {other}"


@every_leaf
def test_a_value_of_the_wrong_type_is_refused(chart: str, path: Path_) -> None:
    is_map = isinstance(_default(chart, path), dict)
    assert not _accepts(chart, at(path, "nonsense" if is_map else {"no": "such"}))


@every_map
def test_a_misspelt_value_is_refused(chart: str, path: Path_) -> None:
    assert _accepts(chart, at((*path, "misspelt"), "value")) is ((chart, path) in FREE)


@every_chart
def test_helm_itself_refuses_what_the_schema_refuses(chart: str) -> None:
    with pytest.raises(HelmError, match="additional properties 'misspelt' not allowed"):
        render(chart, {"misspelt": 1})


@every_chart
def test_every_chart_with_values_has_a_strict_schema(chart: str) -> None:
    assert schema(chart)["additionalProperties"] is False
    assert _accepts(chart, {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"image": "postgres"},
        {"image": "postgres:latest"},
        {"etl": {"image": ""}},
        {"superuser": {"secret": ""}},
        {"tls": {"secret": "Not A Name"}},
        {"storage": {"size": "20GB"}},
        {"storage": {"size": 20}},
        {"resources": {"limits": {"memory": "1000000000"}}},
        {"resources": {"limits": {"memory": None}}},
        {"resources": {"requests": {"cpu": "lots"}}},
        {"external": {"port": 0}},
        {"external": {"port": "5432"}},
        {"external": {"host": "https://db.example.org"}},
        {"imagePullPolicy": "Sometimes"},
        {"maxUnavailable": -1},
        {"etl": {"retries": 1000}},
        {"settings": {"ssl": "off"}},
        {"settings": {"password_encryption": "md5"}},
        {"settings": {"hba_file": "/tmp/pg_hba.conf"}},
        {"settings": {"jit": "off'\nssl = 'off"}},
    ],
    ids=str,
)
def test_the_warehouse_refuses(wrong: Values) -> None:
    with pytest.raises(HelmError, match="don't meet the specifications of the schema"):
        render("warehouse", wrong)


@every_leaf
def test_every_value_has_a_comment_that_says_what_it_is(chart: str, path: Path_) -> None:
    told = _commented(ROOT / "charts" / chart / "values.yaml")
    assert any(path[: depth + 1] in told for depth in range(len(path))), ".".join(path)


@every_chart
def test_templates_ask_for_no_value_that_does_not_exist(chart: str) -> None:
    known = {path[:depth] for path, _ in leaves(defaults(chart)) for depth in range(1, len(path) + 1)}
    templates = ROOT / "charts" / chart / "templates"
    for template in (file for file in templates.rglob("*") if file.is_file()):
        for name in re.findall(r"\.Values\.([A-Za-z][\w.]*\w)", template.read_text()):
            assert tuple(name.split(".")) in known, f"{template.name}: {name}"


@pytest.mark.parametrize(("chart", "path"), [(chart, path) for chart, path in LEAVES if path[-1] == "image"])
def test_an_image_may_be_named_by_its_digest_as_well(chart: str, path: Path_) -> None:
    assert _accepts(chart, at(path, f"registry:5000/team/image:1.0@sha256:{'0' * 64}"))
    assert not _accepts(chart, at(path, "registry:5000/team/image:1.0@sha256:0"))


@pytest.mark.parametrize("file", sorted((ROOT / "charts").glob("*/values-*.yaml")), ids=lambda file: file.name)
def test_values_for_another_environment_keep_the_schema(file: Path) -> None:
    chart = file.parent.name
    assert _accepts(chart, yaml.safe_load(file.read_text()))
    assert render(chart, file=file.name) != render(chart)


def test_a_value_that_does_nothing_would_be_noticed(tmp_path: Path) -> None:
    """The test of the tests: a chart with a value that no template reads renders the same."""
    folder = tmp_path / "simulator"
    shutil.copytree(ROOT / "charts" / "simulator", folder)
    (folder / "values.schema.json").unlink()
    assert render("simulator", {"useless": 1}, folder=folder) == render("simulator", {}, folder=folder)


@cache
def _usual(chart: str, beside: str) -> list[Manifest]:
    """What a chart renders with its own values, and others (JSON) beside them."""
    return render(chart, json.loads(beside))


def _default(chart: str, path: Path_) -> Any:
    value: Any = defaults(chart)
    for key in path:
        value = value[key]
    return value


def _others(chart: str, path: Path_) -> Iterator[Any]:
    """Other values that the schema accepts: its own examples, else one that differs a little."""
    rule, default = schema_at(chart, path), _default(chart, path)
    match default:
        case _ if "examples" in rule:
            found = rule["examples"]
        case _ if "enum" in rule:
            found = rule["enum"]
        case bool():
            found = [not default]
        case int() | float():
            found = [default + 1]
        case str():
            found = [f"{default}x"]
        case list():
            found = [["other"]]
        case _:
            found = [{"other": "value"}]
    return (value for value in found if value != default and _accepts(chart, at(path, value)))


def _accepts(chart: str, values: Values) -> bool:
    whole = merged(merged(defaults(chart), NEEDED.get(chart, {})), values)
    return bool(jsonschema.Draft7Validator(schema(chart)).is_valid(whole))


def _commented(file: Path) -> set[Path_]:
    """Paths of the keys with a line `# -- …` right above them."""
    found, parents, told = set(), [], False
    for line in file.read_text().splitlines():
        if match := re.match(r"( *)([\w-]+):", line):
            depth = len(match[1]) // 2
            parents[depth:] = [match[2]]
            if told:
                found.add(tuple(parents))
        told = line.lstrip().startswith("# -- ") or (told and line.lstrip().startswith("#"))
    return found
