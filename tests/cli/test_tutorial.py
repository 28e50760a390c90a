"""The tutorial on a laptop does what it says, command by command."""

import os
import re
import shlex

import pytest

from etl.runtime import simulator
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from tests.cli.conftest import AtHome
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "tutorial" / "laptop.md").read_text()
ETL = ".venv/bin/etl "


def commands(step: str) -> list[list[str]]:
    """The words after `etl` of each command in that step."""
    text = PAGE.partition(f"\n## {step}")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if ETL in line]
    assert lines, step
    return [shlex.split(line.partition(ETL)[2]) for line in lines]


@pytest.mark.thorough
def test_what_the_tutorial_types_works_and_fails_where_it_says_so(at_home: AtHome) -> None:
    assert at_home("run", "spacex", "--or-simulate").returncode == 0
    asked, *others = [at_home(*words) for step in ("2", "3", "4") for words in commands(step)]
    assert {done.returncode for done in (asked, *others)} == {0}
    assert "5e9e28a7f3591817f23b2663" in asked.stdout
    (_, _, _, fault), failing = commands("5")
    with server.serve(simulator("spacex").make_app(Faults([parse_fault(fault)]))) as api:
        assert "ETL_SPACEX__BASE_URL=http://127.0.0.1:8900/spacex ETL_HTTP__RETRY_S=5 " in PAGE
        patience = {"ETL_HTTP__RETRY_S": "5", "ETL_HTTP__ATTEMPTS": "6"}
        failed = at_home(*failing, ETL_SPACEX__BASE_URL=api.url, **patience)
    assert failed.returncode == os.EX_TEMPFAIL
    assert "asking again" in failed.stderr
    *_, error, hint = failed.stderr.splitlines()
    assert (error[:7], hint[:6]) == ("error: ", "hint: ")
    assert at_home("ask").stdout == asked.stdout
