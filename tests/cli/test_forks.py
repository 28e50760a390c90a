"""A fork of a process that has imported everything is as good as a process of its own."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Etl, environment, libpq
from tests.cli.forks import forks


@pytest.mark.parametrize(
    "arguments", [["ask", "why"], *(pytest.param(other, marks=pytest.mark.thorough) for other in ([], ["status"]))]
)
def test_a_fork_says_and_ends_as_a_process_of_its_own_does(
    etl: Etl, really: Etl, database: str, arguments: list[str]
) -> None:
    assert etl(*arguments, **libpq(database)) == really(*arguments, **libpq(database))


def test_nothing_of_a_command_is_left_for_the_next_one(etl: Etl) -> None:
    before = etl("settings")
    assert etl("extract", "spacex", ETL_HTTP__ATTEMPTS="many", ETL_LOG__FORMAT="json", TZ="Asia/Tokyo").code == 78
    assert etl("--debug", "ask", "why").code == 64
    assert etl("settings") == before
    assert etl("ask", "why").err.count("\n") == 2


def test_a_command_reads_what_it_is_given(etl: Etl) -> None:
    ended = etl("quarantine", "replay", "spacex", "--from-file", "-", stdin="ä")
    assert (ended.code, ended.error) != (0, "")
    assert "Traceback" not in ended.err


def test_a_command_that_hangs_is_killed_and_the_next_one_runs(etl: Etl, tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired) as hung:
        forks().run(("simulate", "spacex", "--port", "0"), tmp_path, environment({}), timeout_s=3)
    assert hung.value.cmd[:2] == ["etl", "simulate"]
    assert etl("--version").code == 0
