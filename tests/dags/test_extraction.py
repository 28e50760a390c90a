"""How the tasks of a run call `etl`: for which days, and for which extraction."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import extraction
import pipeline
import pytest

from etl.core.ids import is_id
from tests.dags.folder import REPOSITORY
from tests.dags.parsed import DAGS, OF_SOURCES, SHOW, TASKS, UPKEEP, number_of_parts
from tests.dags.runs import NEEDED, STARTED, XComs, arguments, begun, context, rendered

INTERVAL = {"start_date": "2006-03-01", "end_date": "2024-05-17"}
DAYS = ["--from=2006-03-01", "--to=2024-05-17"]
NAME = "20261121T060000Z-1e2400"
THE_EXTRACTION = [extraction.OPTION, NAME]

# `etl` is installed in an environment of its own, beside this one: .venv and .venv-airflow.
ETL_PYTHON = str(Path(sys.prefix.removesuffix("-airflow"), "bin", "python"))
UNDERSTAND = """
import json, sys
import click
from etl.cli.main import etl

def understood(name, *words, group=etl, parent=None):
    command = group.get_command(parent or click.Context(etl), name)
    known = command.make_context(name, list(words), parent=parent)
    if isinstance(command, click.Group):
        return [name, *understood(*words, group=command, parent=known)]
    return [name, known.params.get("source_name")]

print(json.dumps([understood(name, *words) for name, *words in json.load(sys.stdin)]))
"""

every_dag = pytest.mark.parametrize("dag", OF_SOURCES)
shared = pytest.mark.parametrize("dag", [dag for dag in OF_SOURCES if number_of_parts(dag) > 1])


def extraction_id(dag: str = "spacex", task: str = "extract", **options: Any) -> str:
    words = arguments(dag, task, **options)
    return words[words.index(extraction.OPTION) + 1]


@pytest.mark.parametrize("conf", [{}, INTERVAL], ids=["scheduled", "for some days"])
def test_etl_accepts_every_call(conf: dict[str, Any]) -> None:
    calls = [
        (dag, task, arguments(dag, task, conf={} if dag == UPKEEP else conf, index=index))
        for dag, task in sorted(TASKS, key=lambda each: each[0] == UPKEEP)
        for index in range(number_of_parts(dag, task))
    ]
    of_sources = [call for call in calls if call[0] != UPKEEP]
    understood = subprocess.run(
        [ETL_PYTHON, "-c", UNDERSTAND],
        cwd=REPOSITORY,
        input=json.dumps([words for _, _, words in calls]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert understood.returncode == 0, understood.stderr
    said = json.loads(understood.stdout)
    assert said[len(of_sources) :] == [["lake", "compact", None], ["lake", "expire", None]]
    of_source = [[task, NEEDED.get(dag, {}).get("source", dag.removesuffix("_spark"))] for dag, task, _ in of_sources]
    assert said[: len(of_sources)] == [["pictures", None] if task == SHOW else [task, dag] for task, dag in of_source]


def test_a_scheduled_run_asks_for_everything() -> None:
    assert arguments("spacex", "check") == ["check", "spacex"]
    assert arguments("spacex", "extract") == ["extract", "spacex", "--transform", *THE_EXTRACTION]
    assert arguments("spacex", "publish") == ["publish", "spacex", *THE_EXTRACTION]


def test_a_run_by_hand_passes_its_interval_on() -> None:
    assert arguments("spacex", "check", conf=INTERVAL) == ["check", "spacex", *DAYS]
    assert arguments("spacex", "extract", conf=INTERVAL) == [
        *("extract", "spacex", "--transform"),
        *DAYS,
        *THE_EXTRACTION,
    ]


def test_a_blank_argument_is_dropped() -> None:
    assert arguments("spacex", "check", conf={"start_date": "2024-01-01"}) == ["check", "spacex", "--from=2024-01-01"]
    blank = {"start_date": "", "end_date": None}
    assert arguments("spacex", "check", conf=blank) == ["check", "spacex"]
    assert arguments("spacex", "extract", conf=blank) == ["extract", "spacex", "--transform", *THE_EXTRACTION]


def test_without_an_end_an_interval_ends_on_the_day_of_the_run_even_if_a_task_is_cleared_later() -> None:
    conf = {"start_date": "2026-01-01"}
    later = {"cleared": 1, "started": STARTED + timedelta(days=1), "xcoms": begun("spacex", conf=conf)}
    for options in ({}, later):
        assert arguments("spacex", "extract", conf=conf, **options)[3:5] == ["--from=2026-01-01", "--to=2026-11-21"]


def test_an_end_alone_reaches_etl_which_says_what_is_wrong_with_it() -> None:
    for task, position in (("check", 2), ("extract", 3)):
        assert arguments("spacex", task, conf={"end_date": "2026-01-01"})[position] == "--to=2026-01-01"


def test_each_pod_that_extracts_sensors_asks_for_its_own_share_and_together_for_all() -> None:
    number = number_of_parts("sensors")
    shares = [arguments("sensors", "extract", index=index) for index in range(number)]
    same = ["extract", "sensors", "--to=2026-11-21", *THE_EXTRACTION, "--part"]
    assert shares == [[*same, f"{part}/{number}"] for part in range(1, number + 1)]
    assert arguments("sensors", "transform") == ["transform", "sensors", *THE_EXTRACTION]
    assert arguments("sensors", "publish") == ["publish", "sensors", *THE_EXTRACTION]


@shared
def test_a_mapped_task_shows_which_share_each_pod_has(dag: str) -> None:
    given = context(dag, "extract", index=1)
    task = rendered(given)
    shown = task.render_template(DAGS[dag].get_task("extract").map_index_template, given)
    assert shown == f"2/{number_of_parts(dag)}"


@shared
def test_days_that_someone_asked_for_are_those_of_every_share(dag: str) -> None:
    for index in range(number_of_parts(dag)):
        assert arguments(dag, "extract", index=index, conf=INTERVAL)[2:4] == DAYS
    assert arguments(dag, "check", conf=INTERVAL)[2:4] == DAYS
    only_start = arguments(dag, "extract", conf={"start_date": "2026-01-01"})
    assert only_start[2:4] == ["--from=2026-01-01", "--to=2026-11-21"]


@pytest.mark.parametrize("task", ["transform", "publish"])
def test_a_step_on_spark_works_on_what_was_extracted(task: str) -> None:
    words = arguments("sensors_spark", task)
    assert words[:4] == [task, "sensors", extraction.OPTION, extraction_id("sensors_spark", index=0)]
    assert words[words.index("--engine") + 1] == "spark"


@pytest.mark.parametrize("task", ["check", "extract", "publish"])
def test_on_spark_everything_that_asks_what_is_published_asks_the_lake(task: str) -> None:
    words = arguments("sensors_spark", task)
    assert words[words.index(pipeline.DESTINATION) + 1] == "lake"


@every_dag
def test_every_step_after_check_names_the_same_extraction_for_all_tries(dag: str) -> None:
    steps = [task for task in DAGS[dag].task_ids if task not in ("check", SHOW)]
    assert {extraction_id(dag, task, tries=tries) for task in steps for tries in (1, 2)} == {NAME}
    assert is_id(NAME)


@every_dag
def test_what_is_cleared_the_next_day_belongs_to_the_extraction_of_its_run(dag: str) -> None:
    cleared = {"cleared": 1, "started": STARTED + timedelta(days=1), "xcoms": begun(dag)}
    for task in DAGS[dag].task_ids:
        if task != "check":
            assert arguments(dag, task, **cleared) == arguments(dag, task)


@every_dag
def test_a_run_that_is_cleared_with_check_extracts_again_under_a_name_that_sorts_later(dag: str) -> None:
    again = extraction_id(dag, cleared=1)
    assert is_id(again)
    assert extraction_id(dag) < again < extraction_id(dag, started=STARTED + timedelta(microseconds=1))
    assert is_id(extraction_id(dag, cleared=99))


@pytest.mark.parametrize(
    ("xcoms", "expected"),
    [({("check", "run_id"): "20261120T060000Z-abcde0"}, "20261120T060000Z-abcde0"), ({}, NAME)],
    ids=["under the old key", "nowhere, as in spacex"],
)
def test_a_run_that_began_before_an_upgrade_keeps_the_name_of_its_extraction(xcoms: XComs, expected: str) -> None:
    for task in ("extract", "publish"):
        assert extraction_id("spacex", task, xcoms=xcoms) == expected
