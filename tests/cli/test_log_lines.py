"""What pods say on stderr: each line is JSON and says what it is about."""

import json
import os
from typing import Any

import pytest

from etl import sources
from etl.simulate.faults import Fault
from tests.cli.conftest import Etl, libpq
from tests.conftest import Simulate

Line = dict[str, Any]
DATASETS = {dataset.name for dataset in sources.load("spacex").datasets}
GOLD = {table.name for table in sources.load("spacex").gold}


def told(err: str) -> list[Line]:
    return [json.loads(line) for line in err.splitlines()]


def of(lines: list[Line], event: str) -> dict[str, Line]:
    """Lines of an event, by dataset."""
    return {line["dataset"]: line for line in lines if line["event"] == event}


def done(lines: list[Line]) -> dict[str, Line]:
    """The last line of each step."""
    return {line["step"]: line for line in lines if line["event"] == "step done"}


@pytest.fixture
def pods(etl: Etl, simulate: Simulate, database: str) -> dict[str, tuple[list[Line], str]]:
    """By command, the lines and the printed result of the three pods of a run."""
    trouble = (Fault("cut", path="/v4/cores"), Fault("malformed", path="/v4/payloads", field="name"))
    settings = libpq(database) | {"ETL_SPACEX__BASE_URL": simulate(*trouble), "ETL_LOG__FORMAT": "json"}
    said = {}
    for command, *options in (["check"], ["extract", "--transform"], ["publish"]):
        ended = etl(command, "spacex", *options, **settings)
        assert ended.code == 0, ended.err
        said[command] = told(ended.err), ended.out.strip()
    return said


def test_every_line_of_a_run_says_what_it_is_about(pods: dict[str, tuple[list[Line], str]]) -> None:
    for command, (lines, _) in pods.items():
        assert lines
        for line in lines:
            assert {"event", "level", "timestamp"} <= line.keys()
            assert (line["command"], line["source"]) == (command, "spacex")
            assert ("step" in line) is (line["event"] not in ("published", "run ended")), line
            assert ("run_id" in line) is (command == "publish"), line

    extracted, extraction_id = pods["extract"]
    assert {line["extraction_id"] for line in extracted} == {extraction_id}
    published, _ = pods["publish"]
    assert len({line["run_id"] for line in published}) == 1
    in_steps = [line for line in published if "step" in line]
    assert {line["extraction_id"] for line in in_steps} == {extraction_id}, "one can follow a run from pod to pod"


def test_every_line_about_a_dataset_names_it(pods: dict[str, tuple[list[Line], str]]) -> None:
    (check, _), (extract, _), (publish, _) = pods.values()
    about_none = {"step done", "run ended"}
    assert all(("dataset" in line) is (line["event"] not in about_none) for line in check + extract + publish)
    assert of(extract, "asking again").keys() == {"spacex_cores"}
    assert of(extract, "extracted").keys() == DATASETS - {"spacex_launch_cores"}
    assert of(extract, "extracted")["spacex_launches"]["records"] == 205
    assert of(extract, "records are refused")["spacex_payloads"]["reason"] == "string_type"
    assert of(extract, "transformed").keys() == of(publish, "staged").keys() == DATASETS
    assert of(publish, "published").keys() == DATASETS | GOLD


def test_a_steps_last_line_has_its_numbers(pods: dict[str, tuple[list[Line], str]]) -> None:
    (check, _), (extract, _), (publish, _) = pods.values()
    steps = done(check) | done(extract) | done(publish)
    assert list(steps) == ["check", "extract", "transform", "stage", "audit", "publish"]
    assert all(line["seconds"] >= 0 for line in steps.values())
    assert steps["extract"]["records"] == steps["transform"]["records"] > 205
    assert steps["extract"]["bytes"] > 100_000
    assert steps["transform"]["refused"] == 1
    assert steps["stage"]["rows"] == steps["transform"]["rows"]
    assert steps["audit"]["audits"] > len(DATASETS)
    assert (steps["publish"]["tables"], steps["publish"]["rows"] > steps["stage"]["rows"]) == (10, True)
    assert publish[-1]["event"] == "run ended"
    assert publish[-1]["status"] == "published"


def test_a_step_that_fails_says_so_in_a_line_before_the_words_for_people(etl: Etl, simulate: Simulate) -> None:
    url = simulate(Fault("server_error", times=None))
    ended = etl("check", "spacex", ETL_SPACEX__BASE_URL=url, ETL_LOG__FORMAT="json")
    assert ended.code == os.EX_TEMPFAIL
    *lines, error, hint = ended.err.splitlines()
    last = json.loads(lines[-1])
    assert (last["event"], last["step"], last["source"]) == ("step failed", "check", "spacex")
    assert last["error"] == "SourceUnavailableError"
    assert error == f"error: {last['reason']}"
    assert hint.startswith("hint: ")
