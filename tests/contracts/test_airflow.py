"""What Airflow's values and DAGs name is what `make up` makes; what both sides repeat is the same."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from etl import cli, sources
from k8s.installer.install import dags, secrets
from tests.conftest import ROOT

VALUES = yaml.safe_load((ROOT / "charts/values/airflow.yaml").read_text())
VERSIONS = tomllib.loads((ROOT / "charts/versions.toml").read_text())
PODS = (ROOT / "dags/pods.py").read_text()
TOLD = {"etl_image": "data-platform-etl:0123456789ab", "spark_image": "", "lake_claim": "lake"}
ON_SPARK = "_spark"
STEPS = ("EtlStep", "SparkStep")


def _secret_references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if "secretKeyRef" in node:
            yield node["secretKeyRef"]["name"], node["secretKeyRef"]["key"]
        for child in node.values():
            yield from _secret_references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _secret_references(child)


def test_dags_are_tested_with_the_airflow_that_is_installed() -> None:
    version = VERSIONS["images"]["airflow"].rpartition(":")[2]
    for file in ("dags/requirements.in", "dags/requirements.txt"):
        assert re.search(rf"^apache-airflow=={re.escape(version)}\b", (ROOT / file).read_text(), re.MULTILINE), file


def test_every_secret_that_the_values_name_is_made_with_that_key() -> None:
    store = secrets.derive(
        secrets.Store({(secrets.DATA_PLATFORM, "warehouse-logins"): dict.fromkeys(secrets.LOGINS, "x")}),
        "h",
        5432,
    )
    keys = {name: set(made) for (namespace, name), made in secrets.GENERATED.items() if namespace == "airflow"}
    keys |= {name: set(made) for (namespace, name), made in store.values.items() if namespace == "airflow"}
    named = {
        (VALUES["data"]["metadataSecretName"], "connection"),
        (VALUES["fernetKeySecretName"], "fernet-key"),
        (VALUES["jwtSecretName"], "jwt-secret"),
        (VALUES["apiSecretKeySecretName"], "api-secret-key"),
        *_secret_references(VALUES),
    }
    assert named == {(name, key) for name, key in named if key in keys.get(name, ())}


def test_the_dags_read_what_make_up_writes() -> None:
    assert json.loads(dags.content(TOLD)["platform.json"]) == TOLD
    assert '"platform.json"' in PODS
    assert set(re.findall(r'platform\("(\w+)"\)', PODS)) == set(TOLD)


def test_dags_on_spark_are_there_with_its_image_only() -> None:
    on_spark = {file.name for file in (ROOT / "dags").glob(f"*{ON_SPARK}.py")}
    assert on_spark
    assert not on_spark & set(dags.content(TOLD))
    assert on_spark <= set(dags.content(TOLD | {"spark_image": "data-platform-etl-spark:0123456789ab"}))


def test_the_configmap_of_the_dags_holds_every_module_and_what_to_ignore() -> None:
    imported = {
        name
        for file in (ROOT / "dags").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    ours = {f"{name}.py" for name in imported if (ROOT / "dags" / f"{name}.py").is_file()}
    assert ours | {".airflowignore"} <= set(dags.content(TOLD))
    volumes = {volume["configMap"]["name"] for volume in VALUES["volumes"]}
    assert dags.NAME in volumes


def _calls_of_etl(dag: str) -> Iterator[tuple[str, ast.List]]:
    """Each task that a DAG declares, and the arguments of its pod, or of each of its pods if it is mapped."""
    for node in ast.walk(ast.parse((ROOT / "dags" / f"{dag}.py").read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in STEPS:
                yield _named(keywords, "task_id").value, _named(keywords, "arguments")
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Attribute(value=ast.Name(id="EtlStep"), attr="partial"), keywords=same),
                    attr="expand",
                ),
                keywords=keywords,
            ):
                mapped = _named(keywords, "arguments")
                assert isinstance(mapped, ast.ListComp), f"teach this test to read {ast.unparse(mapped)}"
                yield _named(same, "task_id").value, mapped.elt


def _named(keywords: list[ast.keyword], name: str) -> Any:
    (value,) = [keyword.value for keyword in keywords if keyword.arg == name]
    return value


@pytest.mark.parametrize("source", sources.NAMES)
def test_every_source_has_a_dag_and_every_call_of_etl_in_it_exists(source: str) -> None:
    _look_at_calls(source, source)


@pytest.mark.parametrize(
    "source", [file.stem.removesuffix(ON_SPARK) for file in (ROOT / "dags").glob(f"*{ON_SPARK}.py")]
)
def test_every_call_of_etl_in_a_dag_on_spark_exists(source: str) -> None:
    _look_at_calls(f"{source}{ON_SPARK}", source)


def _look_at_calls(dag: str, source: str) -> None:
    calls = dict(_calls_of_etl(dag))
    assert {"check", "extract", "publish"} <= set(calls)
    for task, arguments in calls.items():
        words = [word.value for word in arguments.elts if isinstance(word, ast.Constant)]
        command = cli.etl.commands[words[0]]
        options = {option for parameter in command.params for option in parameter.opts}
        assert (words[0], words[1]) == (task, source)
        assert {word for word in words[2:] if word.startswith("--")} <= options
        if any(isinstance(word, ast.Starred) for word in arguments.elts):
            assert {"--from", "--to"} <= options


def test_every_dag_is_of_a_source() -> None:
    dags_here = {file.stem.removesuffix(ON_SPARK) for file in (ROOT / "dags").glob("*.py")} - {"interval", "pods"}
    assert dags_here == set(sources.NAMES)
