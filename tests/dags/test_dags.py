"""Each DAG is parsed as Airflow does it, and says what the rest of the platform relies on."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import ParamValidationError

from tests.dags.folder import DAG_FILES, FOLDER, HELPERS, REPOSITORY
from tests.dags.parsed import BAG, DAGS, OF_SOURCES, SHOW, UPKEEP, number_of_parts
from tests.dags.runs import manifest

ON_SPARK = "_spark"  # how the names of DAGs end that run on Spark
DAILY = tuple(name for name in OF_SOURCES if not name.endswith(ON_SPARK))
SOURCES = {file.parent.name for file in (REPOSITORY / "etl" / "sources").glob("*/contract.py")}
IN_PARTS = {"sensors": 2, "sensors_spark": 4}
WANTING = {"picture_facts"}  # what not everybody has: paused until somebody switches them on


@pytest.fixture(params=DAGS)
def dag(request: pytest.FixtureRequest) -> DAG:
    return DAGS[request.param]


@pytest.fixture(params=OF_SOURCES)
def dag_of_source(request: pytest.FixtureRequest) -> DAG:
    return DAGS[request.param]


def test_every_file_holds_the_dag_of_its_name() -> None:
    assert BAG.import_errors == {}
    assert {Path(dag.fileloc).name: name for name, dag in DAGS.items()} == {name: name[:-3] for name in DAG_FILES}


def test_every_source_has_a_dag_and_every_dag_a_source() -> None:
    assert set(DAILY) == SOURCES
    assert {name.removesuffix(ON_SPARK) for name in OF_SOURCES} == SOURCES


def test_the_dags_keep_the_names_under_which_users_have_a_history() -> None:
    assert {"spacex", "sensors", "sensors_spark"} <= set(DAGS)


def test_the_lake_is_maintained_weekly() -> None:
    dag = DAGS[UPKEEP]
    assert dag.timetable.expression.endswith(" * * 0")
    assert [task.task_id for task in dag.topological_sort()] == ["compact", "expire"]
    assert dag.get_task("expire").upstream_task_ids == {"compact"}


@pytest.mark.parametrize(("conf", "age"), [({}, "90d"), ({"older_than": "2w"}, "2w")])
def test_what_is_older_than_asked_for_expires(conf: dict[str, str], age: str) -> None:
    [container] = manifest(UPKEEP, "expire", conf=conf)["spec"]["containers"]
    assert container["args"] == ["lake", "expire", "--older-than", age]


@pytest.mark.parametrize("age", ["90", "d", "0d", "90d; rm", "-1d", ""])
def test_what_is_no_age_is_refused_before_there_is_a_run(age: str) -> None:
    with pytest.raises(ParamValidationError):
        deepcopy(DAGS[UPKEEP].params).get_param("older_than").resolve(age)


def test_only_files_that_hold_a_dag_are_read() -> None:
    assert {Path(stat.file).name for stat in BAG.dagbag_stats} == DAG_FILES
    assert {file.name for file in FOLDER.glob("*.py")} >= HELPERS


def test_the_links_of_a_mounted_configmap_are_not_walked(tmp_path: Path) -> None:
    data = tmp_path / "..2026_11_21_06_00_00.1"
    shutil.copytree(FOLDER, data)
    (tmp_path / "..data").symlink_to(data.name)
    for file in data.iterdir():
        (tmp_path / file.name).symlink_to(Path("..data") / file.name)
    bag = DagBag(tmp_path, include_examples=False)
    assert sorted(Path(stat.file).name for stat in bag.dagbag_stats) == sorted(DAG_FILES)


def test_a_missing_image_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "dags"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("platform.json"))
    for name in HELPERS:
        monkeypatch.delitem(sys.modules, name.removesuffix(".py"), raising=False)
    monkeypatch.syspath_prepend(folder)
    errors = DagBag(folder, include_examples=False).import_errors
    assert {Path(file).name for file in errors} == DAG_FILES
    for error in errors.values():
        assert "platform.json does not contain etl_image. Run `make up`, which writes it." in error


def test_the_dag_that_the_how_to_shows_is_parsed(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/how-to/add-a-source.md").read_text()
    [text] = re.findall(r"^`dags/tides\.py`\n\n```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "tides.py").write_text(text)
    bag = DagBag(tmp_path, include_examples=False)
    assert bag.import_errors == {}
    assert bag.dags["tides"].task_ids == ["check", "extract", "publish"]


@pytest.mark.parametrize("name", DAILY)
def test_a_dag_runs_daily(name: str) -> None:
    assert DAGS[name].timetable.expression.endswith(" * * *")


def test_a_dag_on_spark_runs_on_request() -> None:
    assert DAGS["sensors_spark"].schedule is None


def test_a_dag_runs_one_at_a_time_and_never_catches_up(dag: DAG) -> None:
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert dag.is_paused_upon_creation is (dag.dag_id in WANTING)
    assert dag.dagrun_timeout is not None


def test_no_two_dags_begin_together() -> None:
    assert len({DAGS[name].timetable.expression for name in DAILY}) == len(DAILY)


def test_the_steps_of_a_dag_follow_one_another(dag_of_source: DAG) -> None:
    steps = [task.task_id for task in dag_of_source.topological_sort()]
    assert steps in (
        ["check", "extract", "publish"],
        ["check", "extract", "transform", "publish"],
        ["check", "extract", "publish", SHOW],
    )
    assert [task.upstream_task_ids for task in dag_of_source.topological_sort()] == [
        set(),
        *({step} for step in steps[:-1]),
    ]


def test_spacex_transforms_while_it_extracts() -> None:
    assert set(DAGS["spacex"].task_ids) == {"check", "extract", "publish"}


def test_an_extraction_that_is_shared_leaves_transforming_to_a_later_step(dag_of_source: DAG) -> None:
    assert number_of_parts(dag_of_source.dag_id) == IN_PARTS.get(dag_of_source.dag_id, 1)
    assert "transform" in dag_of_source.task_ids or number_of_parts(dag_of_source.dag_id) == 1


def test_the_manual_names_every_task_and_parameter(dag: DAG) -> None:
    assert dag.doc_md is not None
    assert dag.doc_md.startswith("### ")
    for name in (*(set(dag.params) - {"accept_loss"}), *dag.task_ids):
        assert f"`{name}`" in dag.doc_md or f'"{name}"' in dag.doc_md


AFTER_A_FORK = """
import importlib, json, os, sys, time

for name in sys.argv[1].split():
    importlib.import_module(name)
known = set(sys.modules)
for name in sys.argv[2].split():
    if os.fork() == 0:
        begin = time.process_time()
        importlib.import_module(name)
        new = {name.partition(".")[0] for name in set(sys.modules) - known}
        print(json.dumps([name, sorted(new), time.process_time() - begin]), flush=True)
        os._exit(0)
    os.wait()
"""


def test_all_that_a_dag_imports_is_in_memory_before_a_task_is_forked() -> None:
    """A new import at the top of a DAG costs every task its time, unless the scheduler has imported it before."""
    settings = yaml.safe_load((REPOSITORY / "charts/values/airflow.yaml").read_text())["airflowLocalSettings"]
    ahead = [name.name for node in ast.walk(ast.parse(settings)) if isinstance(node, ast.Import) for name in node.names]
    command = [sys.executable, "-c", AFTER_A_FORK, " ".join(ahead), " ".join(DAGS)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=True)
    seen = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [name for name, _, _ in seen] == list(DAGS)
    for name, new, seconds in seen:
        assert set(new) <= {"airflow", name, *(helper.removesuffix(".py") for helper in HELPERS)}
        assert seconds < 0.5
