"""What an engineer types once the pipeline runs: backfill, quarantine, report, a look at a terminal."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.simulate import server
from etl.simulate.faults import Fault
from etl.sources.sensors import simulator as sensors
from tests.cli.conftest import AtHome
from tests.conftest import Simulate

YEARS = ("--from", "2020-01-01", "--to", "2023-01-01", "--every", "1year")


def test_a_backfill_prints_its_plan_does_it_and_has_nothing_left(at_home: AtHome, simulate: Simulate) -> None:
    live = {"ETL_SPACEX__BASE_URL": simulate()}
    plan = at_home("backfill", "spacex", *YEARS, "--plan", **live).stdout
    assert "3 of 3 intervals to do" in plan
    assert plan.count("extract → transform → stage → audit → publish into the warehouse") == 3

    done = at_home("backfill", "spacex", *YEARS, "--parallel", "3", **live)
    assert done.returncode == 0, done.stderr
    assert "[2021-01-01, 2022-01-01): published in the warehouse, " in done.stdout

    assert "0 of 3 intervals to do" in at_home("backfill", "spacex", *YEARS, "--plan", **live).stdout
    status = at_home("status").stdout
    assert "[2020-01-01, 2021-01-01)" in status
    assert "2022-10-" in status or "2023-01-01" in status


def test_after_one_interval_has_failed_a_backfill_begins_no_other(at_home: AtHome, simulate: Simulate) -> None:
    down = {"ETL_SPACEX__BASE_URL": simulate(Fault("unavailable", times=None)), "ETL_HTTP__ATTEMPTS": "1"}
    failed = at_home("backfill", "spacex", *YEARS, **down)
    assert failed.returncode == 75
    assert failed.stderr.count("step failed") == 1


def test_a_lost_warehouse_is_rebuilt_without_the_api(
    at_home: AtHome, simulate: Simulate, lose_the_warehouse: Callable[[], None]
) -> None:
    live = {"ETL_SPACEX__BASE_URL": simulate()}
    before = at_home("run", "spacex", **live)
    assert before.returncode == 0, before.stderr
    answers = at_home("ask").stdout
    lose_the_warehouse()

    down = {"ETL_SPACEX__BASE_URL": "http://127.0.0.1:9"}
    plan = at_home("rebuild", "spacex", "--plan", **down)
    assert "1 extraction to publish, 1 from bronze and 0 from silver; it has 0 already." in plan.stdout
    done = at_home("rebuild", "spacex", **down)
    assert done.returncode == 0, done.stderr
    assert at_home("ask", **down).stdout == answers
    assert "0 extractions to publish" in at_home("rebuild", "spacex", **down).stdout


def test_a_refused_record_is_listed_fixed_and_replayed(at_home: AtHome, simulate: Simulate, tmp_path: Path) -> None:
    live = {"ETL_SPACEX__BASE_URL": simulate(Fault("string_cores", times=2, path="/v5/launches/query"))}
    run = at_home("run", "spacex", **live)  # the check meets the fault first, then page 1
    assert run.returncode == 0, run.stderr
    assert "cores: Input should be a valid" in at_home("quarantine", "list").stdout
    [kept] = [json.loads(line) for line in at_home("quarantine", "list", "--json").stdout.splitlines()]

    assert "Still refused" in at_home("quarantine", "replay", "spacex").stdout
    kept["record"]["cores"] = []
    (tmp_path / "corrected.jsonl").write_text(json.dumps(kept))
    replay = at_home("quarantine", "replay", "spacex", "--from-file", "corrected.jsonl")
    assert "1 of 1 records published" in replay.stdout
    assert "nothing in quarantine" in at_home("quarantine", "replay", "spacex").stdout
    count = at_home("psql", "-At", "-c", "select count(*) from silver.spacex_launches")
    assert count.stdout == "205\n"


@pytest.mark.thorough
def test_each_destination_is_asked_for_the_days_that_it_lacks(at_home: AtHome) -> None:
    with server.serve(sensors.make_app(with_limits=False)) as weather:
        small = {"ETL_SENSORS__ROWS": "1", "ETL_SENSORS__COLUMNS": "1", "ETL_SENSORS__DAYS": "20"}
        live = small | {"ETL_SENSORS__BASE_URL": weather.url}
        until = ("--to", "2024-03-21")
        into_lake = at_home("run", "sensors", *until, "--destination", "lake", **live)
        assert "hottest" in into_lake.stdout, into_lake.stderr
        for destination, first in (("warehouse", "2024-03-01"), ("lake", "2024-03-16")):
            check = at_home("check", "sensors", *until, "--destination", destination, **live)
            assert f"[{first}, 2024-03-21)" in check.stdout, check.stderr
    assert "Nothing has been published yet" in at_home("ask").stderr
    assert "hottest" in at_home("ask", "--on", "lake").stdout
    assert re.search(r"sensor_readings +lake +2024-03-20 +2024-03-21", at_home("status").stdout)


@pytest.mark.thorough
def test_a_run_into_both_reads_once_what_one_of_them_lacks(at_home: AtHome) -> None:
    with server.serve(sensors.make_app(with_limits=False)) as weather:
        small = {"ETL_SENSORS__ROWS": "1", "ETL_SENSORS__COLUMNS": "1", "ETL_SENSORS__DAYS": "20"}
        live = small | {"ETL_SENSORS__BASE_URL": weather.url}
        assert at_home("run", "sensors", "--to", "2024-03-11", **live).returncode == 0
        both = ("--to", "2024-03-21", "--destination", "both")
        assert "[2024-03-01, 2024-03-21)" in at_home("check", "sensors", *both, **live).stdout
        ran = at_home("run", "sensors", *both, **live)
    assert ran.returncode == 0, ran.stderr
    assert "hottest" in at_home("ask", "--on", "lake").stdout
    assert at_home("lake", "ls").stdout.count("transformed") == 2
    for destination in ("lake", "warehouse"):
        assert re.search(rf"sensor_readings +{destination} +2024-03-20 +2024-03-21", at_home("status").stdout)


@pytest.mark.thorough
def test_the_lake_is_compacted_of_one_source_or_of_all(at_home: AtHome, simulate: Simulate) -> None:
    assert at_home("run", "spacex", "--destination", "lake", ETL_SPACEX__BASE_URL=simulate()).returncode == 0
    every = at_home("lake", "compact")
    assert every.returncode == 0, every.stderr
    assert "sensors" in every.stdout
    assert "spacex" not in every.stderr  # whose newest extraction holds everything, and that is not an error
    assert at_home("lake", "compact", "spacex").returncode == os.EX_USAGE


def test_there_is_no_report_of_the_lake(at_home: AtHome) -> None:
    refused = at_home("run", "spacex", "--destination", "lake", "--report", "report.html")
    assert refused.returncode == os.EX_USAGE
    assert "There is no report of the lake" in refused.stderr


def test_a_report_before_the_first_run_says_what_to_run(at_home: AtHome) -> None:
    report = at_home("report")
    assert report.returncode == os.EX_CONFIG
    assert "There is nothing to report yet" in report.stderr
    assert "Nothing has run yet" in at_home("status").stdout


def test_each_source_that_has_published_something_gets_its_page(at_home: AtHome, tmp_path: Path) -> None:
    small = {"ETL_SENSORS__ROWS": "2", "ETL_SENSORS__COLUMNS": "2", "ETL_SENSORS__DAYS": "20"}
    with server.serve(sensors.make_app(with_limits=False)) as weather:
        live = small | {"ETL_SENSORS__BASE_URL": weather.url, "ETL_HTTP__CACHE": ""}
        run = at_home("run", "sensors", "--report", "weather.html", **live)
    assert (tmp_path / "weather.html").as_uri() in run.stdout, run.stderr
    assert "4 sensors · 80 readings" in (tmp_path / "weather.html").read_text()

    pages = {name: (tmp_path / ".data" / f"{name}.html").as_uri() for name in ("report", "report-sensors")}
    only = at_home("report").stdout
    assert pages["report-sensors"] in only
    assert pages["report"] not in only
    at_home("run", "spacex", "--or-simulate")
    both = at_home("report").stdout
    assert all(page in both for page in pages.values())
    assert pages["report"] in at_home("report", "spacex").stdout

    one = at_home("report", "--to", "one.html")
    assert "warning: --to without SOURCE writes the page of spacex only" in one.stderr
    assert "Boosters that fly again" in (tmp_path / "one.html").read_text()


@pytest.mark.thorough
def test_a_terminal_shows_a_bar_for_each_step(tmp_path: Path, simulate: Simulate) -> None:
    seen = _on_a_terminal(tmp_path, simulate(), "run", "spacex")
    for step in ("check", "extract", "transform", "stage", "audit", "publish"):
        assert step.encode() in seen
    assert b"{" not in seen  # no JSON lines between the bars


@pytest.mark.thorough
def test_a_terminal_shows_how_many_intervals_of_a_backfill_are_left_and_for_how_long(
    tmp_path: Path, simulate: Simulate
) -> None:
    live, years = simulate(), ("backfill", "spacex", "--from", "2020-01-01", "--every", "1year", "--to")
    first = _on_a_terminal(tmp_path, live, *years, "2022-01-01")
    assert b"1/2" in first
    assert b"2/2" in first
    assert re.search(rb"about \d+ s left", first)
    rest = _on_a_terminal(tmp_path, live, *years, "2023-01-01")
    assert b"1/1" in rest
    assert b"/3" not in rest  # what was published before is no work
    assert b"left" not in _on_a_terminal(tmp_path, live, *years, "2023-01-01")


def _on_a_terminal(folder: Path, live: str, *arguments: str) -> bytes:
    """What a command writes to stderr, if that is a terminal."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "etl", *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("PG")}
        | {"ETL_SPACEX__BASE_URL": live, "TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    while True:
        try:
            seen += (part := os.read(controller, 4096))
        except OSError:  # Linux: the other side is closed
            break
        if not part:
            break
    os.close(controller)
    assert process.wait() == 0
    return seen


def test_a_terminated_command_ends_immediately_and_says_so_by_its_code(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "etl", "simulate", "spacex", "--port", "0"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "Simulating spacex" in process.stdout.readline()
    process.terminate()
    assert process.wait(timeout=60) == 143
    process.stdout.close()
