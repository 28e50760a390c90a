"""What people see of an answer to any question."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from etl.cli.console import answers, runs
from etl.core.intervals import DataInterval
from etl.pipeline.backfill import Plan, PlannedInterval
from etl.pipeline.steps import Extract, Publish
from etl.sql.questions import Answer


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"core_id": "a", "days": 1.0}, {"core_id": "a", "days": 2.0}], "2 rows, 1 different cores."),
        ([{"launch_id": "a"}, {"launch_id": "b"}], "2 rows, 2 different launches."),
        ([{"year": 2020}, {"year": 2021}], "2 rows."),
    ],
)
def test_an_answer_is_counted(rows: list[dict[str, Any]], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    answers.show_answer(Answer("any", "Any question?", rows))
    assert said in capsys.readouterr().out


def watermark(sink: str) -> dict[str, Any]:
    return {"dataset": "sensor_readings", "destination": sink, "next_start_date": date(2026, 6, 21)}


def test_a_status_names_destinations_only_if_something_is_in_the_lake(capsys: pytest.CaptureFixture[str]) -> None:
    began = datetime(2026, 6, 21, tzinfo=UTC)
    run = dict.fromkeys(("run_id", "source", "status", "rows_published", "quarantined", "error"), "–") | {
        "destination": "warehouse",
        "interval_start": None,
        "started_at": began,
        "ended_at": began,
    }
    runs.show_status([watermark("warehouse")], [], [run], [])
    assert "destination" not in capsys.readouterr().out
    runs.show_status([watermark("warehouse"), watermark("lake")], [], [run | {"destination": "lake"}], [])
    told = capsys.readouterr().out
    assert told.count("destination") == 2
    assert re.search(r"sensor_readings +warehouse .*\n *sensor_readings +lake ", told)


def test_a_long_plan_is_shown_by_what_is_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    first = date(2020, 1, 1)
    states = [("published", ()), ("to do", (Extract(), Publish("lake"))), ("published", ())]
    planned = [
        PlannedInterval(DataInterval(first + timedelta(day), first + timedelta(day + 1)), state, steps)
        for day, (state, steps) in enumerate(one for one in states for _ in range(100))
    ]
    runs.show_plan(Plan("sensors", tuple(planned)))
    shown = capsys.readouterr().out
    assert "100 of 300 intervals to do" in shown
    assert re.search(r"2020-04-10 +2020-07-19 +100 +to do +extract → stage → audit → publish into the lake", shown)
    assert shown.count("published") == 2
