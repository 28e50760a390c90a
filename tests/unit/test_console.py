"""What people see of an answer, whatever it is about."""

from typing import Any

import pytest

from etl import console
from etl.warehouse.questions import Answer


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"core_id": "a", "days": 1.0}, {"core_id": "a", "days": 2.0}], "2 rows, 1 different cores."),
        ([{"launch_id": "a"}, {"launch_id": "b"}], "2 rows, 2 different launches."),
        ([{"year": 2020}, {"year": 2021}], "2 rows."),
    ],
)
def test_an_answer_is_counted(rows: list[dict[str, Any]], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.show_answer(Answer("any", "Any question?", rows))
    assert said in capsys.readouterr().out
