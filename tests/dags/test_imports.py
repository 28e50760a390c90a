"""The arrows between the modules of dags/. import-linter sees packages only, and Airflow reads these as plain files."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.dags.folder import DAG_FILES, HELPERS, REPOSITORY

OURS = {file.removesuffix(".py") for file in DAG_FILES | HELPERS}
ROOTS = {"airflow", "kubernetes", "urllib3"}
MAY_IMPORT = {
    "factory": {"consent", "extraction", "interval", "lineage", "manual", "pipeline", "pods"},
    "manual": {"pipeline"},
    "pipeline": {"consent", "extraction", "interval"},
    "pods": {"lineage", "pod_operator"},
    "consent": set(),
    "extraction": set(),
    "interval": set(),
    "lineage": set(),
    "months": set(),
    "pod_operator": set(),
}
A_DAG_MAY = {"factory", "pipeline"}
OF_NO_SOURCE = {
    "lake_maintenance": {"factory", "lineage", "pods"},
    "backfill": {"factory", "interval", "lineage", "months", "pods"},
}


def imported(module: str) -> set[str]:
    """The top-level names that a module imports, also inside functions."""
    nodes = list(ast.walk(ast.parse((REPOSITORY / "dags" / f"{module}.py").read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("module", sorted(OURS))
def test_a_module_imports_airflow_kubernetes_and_what_is_below_it(module: str) -> None:
    found = imported(module)
    assert found - OURS <= ROOTS | sys.stdlib_module_names, "`etl` is an image with arguments, and no library"
    assert found & OURS <= (MAY_IMPORT | OF_NO_SOURCE).get(module, A_DAG_MAY)


@pytest.mark.parametrize("file", sorted(DAG_FILES))
def test_a_dag_declares_and_defines_nothing(file: str) -> None:
    tree = ast.parse((REPOSITORY / "dags" / file).read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For)]


def test_every_module_has_its_place() -> None:
    assert {f"{name}.py" for name in MAY_IMPORT} == HELPERS
