"""`etl run nasa` runs a family of sources: whatever becomes of one, the others run, and the exit code is the worst."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from etl import sources
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.apod import simulator as apod
from etl.sources.mars import simulator as mars
from etl.sources.neo import simulator as neo
from etl.sources.neows import simulator as neows
from tests.cli.conftest import AtHome, Etl

DAYS = ("--from", "2026-06-01", "--to", "2026-06-02")
KEY = "hunter2hunter2hunter2"
FAULTS = {name: Faults() for name in sources.FAMILIES["nasa"]}


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, str]]:
    """Where each member's API is, with the faults planned for it."""
    apps = {"apod": apod.make_app, "neo": neo.make_app, "mars": mars.make_app, "neows": neows.make_app}
    with ExitStack() as stack:
        urls = {name: stack.enter_context(server.serve(make(FAULTS[name]))).url for name, make in apps.items()}
        yield {f"ETL_{name.upper()}__BASE_URL": url for name, url in urls.items()} | {"ETL_HTTP__ATTEMPTS": "1"}


@pytest.fixture(autouse=True)
def _well_again() -> Iterator[None]:
    yield
    for faults in FAULTS.values():
        faults.clear()


def last_line(out: str) -> str:
    """How each of them ended."""
    [found] = re.findall(r"^nasa: (.*)$", out, re.MULTILINE)
    return str(found)


@pytest.mark.thorough  # three sources from end to end
def test_without_a_key_three_run_and_the_fourth_is_left_out_with_the_reason(
    at_home: AtHome, served: dict[str, str]
) -> None:
    ran = at_home("run", "nasa", *DAYS, **served)
    assert ran.returncode == 0, ran.stderr
    assert last_line(ran.stdout) == "apod published · neo published · mars published · neows left out"
    [said] = re.findall(r"^neows is left out: (.*)$", ran.stdout, re.MULTILINE)
    assert said.startswith("api.nasa.gov needs a key, and ETL_NASA__API_KEY is not set. Get a free key at https://")
    assert "neows" not in at_home("status").stdout
    assert "NeoWs" not in at_home("ask").stdout


def test_with_a_key_all_four_run_and_one_that_fails_keeps_no_other_from_it(
    at_home: AtHome, served: dict[str, str]
) -> None:
    FAULTS["mars"].add(parse_fault("unavailable*"))
    FAULTS["neo"].add(parse_fault("empty*"))
    ran = at_home("run", "nasa", *DAYS, ETL_NASA__API_KEY=KEY, **served)
    assert last_line(ran.stdout) == "apod published · neo failed · mars failed · neows published"
    assert "mars failed: " in ran.stdout
    assert ran.returncode == os.EX_PROTOCOL, "neo's is worse, as waiting does not help"
    error, hint = ran.stderr.splitlines()[-2:]
    assert error.startswith("error: ")
    assert error.removeprefix("error: ") in ran.stdout
    assert hint.startswith("hint: ")
    assert KEY not in ran.stdout + ran.stderr


def test_a_family_is_not_a_source_for_other_commands(etl: Etl) -> None:
    for command in (
        ("check",),
        ("extract",),
        ("report",),
        ("lake", "compact"),
        ("simulate",),
        ("quarantine", "replay"),
    ):
        ended = etl(*command, "nasa")
        assert ended.code == os.EX_USAGE, command
        assert ended.error == (
            "There is no source 'nasa'. It is a family, which only `etl run` takes whole: apod, neo, mars, neows."
        )
        assert ended.hint.startswith("Name one of them. Known sources: spacex, ")


def test_members_of_families_are_sources() -> None:
    assert {name for members in sources.FAMILIES.values() for name in members} <= set(sources.NAMES)
    assert not set(sources.FAMILIES) & set(sources.NAMES)


# A source that needs a key


def test_without_a_key_every_command_that_asks_the_api_says_where_to_get_one(at_home: AtHome) -> None:
    for command in (("check",), ("extract",), ("run",), ("backfill",)):
        ended = at_home(*command, "neows", *DAYS)
        assert ended.returncode == os.EX_CONFIG, command
        assert ended.stderr.splitlines()[-2:] == [
            "error: api.nasa.gov needs a key, and ETL_NASA__API_KEY is not set.",
            "hint: Get a free key at https://api.nasa.gov, set ETL_NASA__API_KEY to it, and run the same command "
            "again; DEMO_KEY will do for 30 requests an hour and 50 a day.",
        ]
    assert at_home("status").stdout.startswith("Nothing has run yet")


def test_the_command_that_the_hint_proposes_works(at_home: AtHome, served: dict[str, str]) -> None:
    ran = at_home("run", "neows", *DAYS, ETL_NASA__API_KEY="DEMO_KEY", **served)
    assert ran.returncode == 0, ran.stderr
    assert "Which ten passes were the closest, as NeoWs lists them?" in ran.stdout
    assert "disagree" not in ran.stdout, "that takes JPL's answers as well"
    asked = at_home("ask", "where_neows_disagrees")
    assert asked.returncode == os.EX_CONFIG
    assert "where_neows_disagrees is about neo, which has not been published yet." in asked.stderr
    assert "hint: Run `etl run neo` first." in asked.stderr
    in_lake = at_home("ask", "where_neows_disagrees", "--on", "lake").stderr
    assert "is about neo, which has not been published into the lake." in in_lake
    assert "hint: Run `etl run neo --destination lake` first." in in_lake

    assert at_home("publish", "neows", "--destination", "lake").returncode == 0
    assert at_home("run", "neo", *DAYS, "--destination", "both", **served).returncode == 0
    answers = [at_home("ask", "where_neows_disagrees", *on).stdout for on in ((), ("--on", "lake"))]
    assert answers[0] == answers[1]
    assert "Where do NeoWs and JPL disagree" in answers[0]


def test_a_simulator_in_this_process_needs_no_key(at_home: AtHome) -> None:
    ran = at_home("run", "neows", "--or-simulate", *DAYS)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(
        "api.nasa.gov needs a key, and ETL_NASA__API_KEY is not set: this run reads the built-in simulator"
    )
