"""The table of CONTRIBUTING says of each SQLSTATE that we know which exit code it leads to."""

from __future__ import annotations

import re

import pytest

from etl.postgres import refusals
from etl.postgres.errors import REASONS
from tests.conftest import ROOT

ROW = re.compile(r"^\| (.*?) \|.*\| (\d+) \|$", re.MULTILINE)
TABLE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("| SQLSTATE |")[2]
TOLD = {int(code): re.findall("`(.*?)`", states.partition(";")[0]) for states, code in ROW.findall(TABLE)}


@pytest.mark.parametrize("sqlstate", REASONS)
def test_a_sqlstate_is_in_the_row_of_its_exit_code(sqlstate: str) -> None:
    code = REASONS[sqlstate].error.exit_code
    if sqlstate[:2] in REASONS and REASONS[sqlstate[:2]].error.exit_code == code:
        sqlstate = sqlstate[:2]
    assert [row for row, states in TOLD.items() if sqlstate in states] == [code]


def test_no_other_sqlstate_is_there() -> None:
    assert {state for states in TOLD.values() for state in states} <= set(REASONS)


def test_a_failure_without_a_sqlstate_has_the_documented_code() -> None:
    reasons = (refusals.NO_ROLE, refusals.NOT_FOUND, refusals.NO_AGREEMENT, refusals.SETTINGS)
    assert {reason.error.exit_code for reason in reasons} == {78}
    assert refusals.CLOSED.error.exit_code == refusals.UNREACHABLE.error.exit_code == 75
