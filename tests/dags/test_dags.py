"""Each DAG is imported as Airflow does it, and says what the rest of the platform relies on."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator

REPOSITORY = Path(__file__).parents[2]
DAILY = ("spacex", "sensors")
NAMES = (*DAILY, "sensors_spark")
OF_PARTS = ["check", "extract", "transform", "publish"]
STEPS = {"spacex": ["check", "extract", "publish"], "sensors": OF_PARTS, "sensors_spark": OF_PARTS}


@pytest.fixture(scope="module")
def bag(folder: Path) -> DagBag:
    return DagBag(folder, include_examples=False)


@pytest.fixture(params=NAMES)
def dag(bag: DagBag, request: pytest.FixtureRequest) -> DAG:
    return bag.dags[request.param]


def test_every_dag_imports(bag: DagBag) -> None:
    assert bag.import_errors == {}
    assert set(bag.dags) == set(NAMES)


def test_only_files_that_hold_a_dag_are_read(bag: DagBag) -> None:
    assert {Path(stat.file).name for stat in bag.dagbag_stats} == {f"{name}.py" for name in NAMES}


def test_the_links_of_a_mounted_configmap_are_not_walked(folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "..2026_11_21_06_00_00.1"
    shutil.copytree(folder, data)
    (tmp_path / "..data").symlink_to(data.name)
    for file in data.iterdir():
        (tmp_path / file.name).symlink_to(Path("..data") / file.name)
    bag = DagBag(tmp_path, include_examples=False)
    assert sorted(Path(stat.file).name for stat in bag.dagbag_stats) == sorted(f"{name}.py" for name in NAMES)


def test_a_missing_image_says_who_writes_it(folder: Path, tmp_path: Path) -> None:
    for name in ("pods.py", "interval.py", "spacex.py"):
        shutil.copy(folder / name, tmp_path)
    script = "import spacex"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "platform.json does not say etl_image. `make up` writes it." in done.stderr


@pytest.mark.parametrize("name", DAILY)
def test_a_dag_runs_daily(bag: DagBag, name: str) -> None:
    assert bag.dags[name].timetable.expression.endswith(" * * *")


def test_a_dag_on_spark_runs_when_it_is_asked_for(bag: DagBag) -> None:
    assert bag.dags["sensors_spark"].schedule is None


def test_a_dag_runs_one_at_a_time_and_never_catches_up(dag: DAG) -> None:
    assert (dag.catchup, dag.max_active_runs, dag.is_paused_upon_creation) == (False, 1, False)
    assert dag.dagrun_timeout is not None


def test_two_dags_do_not_begin_together(bag: DagBag) -> None:
    assert len({bag.dags[name].timetable.expression for name in DAILY}) == len(DAILY)


def test_the_steps_of_a_dag_follow_one_another(dag: DAG) -> None:
    steps = STEPS[dag.dag_id]
    assert [task.task_id for task in dag.topological_sort()] == steps
    assert [task.upstream_task_ids for task in dag.topological_sort()] == [set(), *({step} for step in steps[:-1])]


@pytest.mark.parametrize("name", ["sensors", "sensors_spark"])
def test_sensors_are_extracted_by_several_pods(bag: DagBag, name: str) -> None:
    mapped = [task.task_id for task in bag.dags[name].tasks if isinstance(task, MappedOperator)]
    assert mapped == ["extract"]


def test_the_docstring_is_the_manual(dag: DAG) -> None:
    assert dag.doc_md is not None
    for told in ("start_date", "end_date", *dag.task_ids):
        assert f"`{told}`" in dag.doc_md or f'"{told}"' in dag.doc_md


@pytest.mark.parametrize("name", NAMES)
def test_all_that_a_dag_imports_is_in_memory_before_a_task_is_forked(folder: Path, name: str) -> None:
    """A new import at the top of a DAG costs every task its time, unless the scheduler imports it once."""
    settings = yaml.safe_load((REPOSITORY / "charts/values/airflow.yaml").read_text())["airflowLocalSettings"]
    ahead = [name.name for node in ast.walk(ast.parse(settings)) if isinstance(node, ast.Import) for name in node.names]
    script = (
        "import importlib, json, sys, time\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "known, begin = set(sys.modules), time.monotonic()\n"
        f"import {name}\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - known}\n"
        "print(json.dumps([sorted(new), time.monotonic() - begin]))\n"
    )
    command = [sys.executable, "-c", script, *ahead]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    new, seconds = json.loads(done.stdout.splitlines()[-1])
    assert set(new) <= {"airflow", "interval", "pods", name}
    assert seconds < 0.5


def test_dags_know_etl_only_as_an_image(folder: Path) -> None:
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [n.name for n in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.partition(".")[0] == "etl" for name in names), file.name
