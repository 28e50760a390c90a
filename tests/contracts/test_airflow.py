"""What Airflow's values and DAGs name is what `make up` makes; what both sides repeat is the same."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from etl import settings, sources
from k8s.installer.install import dags, secrets
from tests.conftest import ROOT

VALUES = yaml.safe_load((ROOT / "charts/values/airflow.yaml").read_text())
VERSIONS = tomllib.loads((ROOT / "charts/versions.toml").read_text())
PODS = (ROOT / "dags/pods.py").read_text()
TOLD = {"etl_image": "data-platform-etl:0123456789ab", "spark_image": "", "lake_claim": "lake"}
ON_SPARK = "_spark"


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


def test_a_dag_that_wants_an_apis_key_is_there_with_that_key_only() -> None:
    wanting = {file.name: dags.KEY.findall(file.read_text()) for file in (ROOT / "dags").glob("*.py")}
    named = {name for names in wanting.values() for name in names}
    assert named == set(secrets.GIVEN) <= {name for name, _, _ in settings.names()}
    without = set(dags.content(TOLD))
    assert {name for name, keys in wanting.items() if keys} == {"neows.py"}
    assert set(dags.content(TOLD, keys=secrets.GIVEN)) - without == {"neows.py"}
    assert f'secret_ref=k8s.V1SecretEnvSource(name="{secrets.API_KEYS[1]}", optional=True)' in PODS


@pytest.mark.parametrize("source", sources.NAMES)
def test_a_dag_says_that_it_wants_a_key_exactly_if_its_source_does(source: str) -> None:
    missing = sources.load(source).api.auth.missing()
    wanted = dags.KEY.findall((ROOT / "dags" / f"{source}.py").read_text())
    assert [f"{name} is not set" in missing.message for name in wanted] == [True] if missing else wanted == []


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


OF_NO_SOURCE = {"lake_maintenance", "backfill"}  # about all sources, and about any


def _dag_files() -> set[str]:
    """The names of those that hold a DAG; the others are the modules that .airflowignore lists."""
    helpers = (ROOT / "dags" / ".airflowignore").read_text().split()
    return {file.stem for file in (ROOT / "dags").glob("*.py") if file.name not in helpers}


@pytest.mark.parametrize("source", sources.NAMES)
def test_every_source_has_a_dag(source: str) -> None:
    assert f'source_dag(\n    "{source}",' in (ROOT / "dags" / f"{source}.py").read_text()


def test_every_dag_is_of_a_source_but_for_what_is_about_all() -> None:
    assert {name.removesuffix(ON_SPARK) for name in _dag_files()} == set(sources.NAMES) | OF_NO_SOURCE


def test_a_dag_is_read_by_days_exactly_if_its_source_is() -> None:
    by_days = {name for name in _dag_files() if "\n    by_days=True,\n" in (ROOT / "dags" / f"{name}.py").read_text()}
    of_sources = set(_dag_files()) - OF_NO_SOURCE
    assert by_days == {name for name in of_sources if not sources.load(name.removesuffix(ON_SPARK)).serves_everything}
