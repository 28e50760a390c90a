"""What a newcomer types, word for word, in an empty folder."""

import json
import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import AtHome
from tests.cli.typed import really
from tests.conftest import Simulate


# In processes of their own, from a cold start: what the other tests leave out.
def test_the_first_run_shows_the_answers_the_second_finds_nothing_new(tmp_path: Path) -> None:
    first = really(tmp_path, "run", "spacex", "--or-simulate", "--report", "report.html")
    assert first.returncode == 0, first.stderr
    assert "does not answer: this run reads the built-in simulator" in first.stdout
    assert re.search(r"525\s+740\s+0\s+951", first.stdout)
    assert re.search(r"\b13\s+5e9e28a7f3591817f23b2663\s+B1058", first.stdout)
    assert "25 rows, 9 different cores." in first.stdout
    assert (tmp_path / "report.html").as_uri() in first.stdout
    assert "13" in (tmp_path / "report.html").read_text()

    second = really(tmp_path, "run", "spacex", "--or-simulate")
    assert "No changes" in second.stdout
    assert second.returncode == 0

    into_lake = really(tmp_path, "publish", "spacex", "--destination", "lake")
    assert ": published" in into_lake.stdout, into_lake.stderr
    lake_answers = really(tmp_path, "ask", "--on", "lake").stdout
    assert really(tmp_path, "ask").stdout == lake_answers

    status = really(tmp_path, "status").stdout
    assert status.count("published") >= 1
    assert "next_start_date" in status
    by_hand = really(tmp_path, "psql", "-At", "-c", "select max(reuses) from gold.core_usage")
    assert by_hand.stdout == "13\n"


def test_simulated_facts_never_replace_real_data(at_home: AtHome, simulate: Simulate) -> None:
    live = at_home("run", "spacex", "--or-simulate", ETL_SPACEX__BASE_URL=simulate())
    assert "this run reads the live API" in live.stdout
    offline = at_home("run", "spacex", "--or-simulate")
    assert offline.returncode == os.EX_TEMPFAIL
    assert "the simulator must not replace" in offline.stderr


def test_an_api_that_says_nothing_for_three_seconds_is_simulated(at_home: AtHome) -> None:
    with silent_server() as url:
        run = at_home("run", "spacex", "--or-simulate", ETL_SPACEX__BASE_URL=url)
    assert run.returncode == 0, run.stderr
    assert f"{url} does not answer: this run reads the built-in simulator" in run.stdout


def test_each_step_can_be_run_by_itself(at_home: AtHome, simulate: Simulate) -> None:
    live = {"ETL_SPACEX__BASE_URL": simulate(), "ETL_LOG__FORMAT": "json"}
    assert "205 launches" in at_home("check", "spacex", **live).stdout
    run_id = at_home("extract", "spacex", **live).stdout
    assert at_home("transform", "spacex", **live).stdout == run_id
    published = at_home("publish", "spacex", **live)
    assert f"extraction {run_id.strip()}: published" in published.stdout
    lines = [json.loads(line) for line in published.stderr.splitlines()]
    assert [line["step"] for line in lines if line["event"] == "step done"] == ["stage", "audit", "publish"]


def test_a_pod_extracts_and_transforms_in_one_go(at_home: AtHome, simulate: Simulate) -> None:
    live = {"ETL_SPACEX__BASE_URL": simulate()}
    named = "20240517T120000Z-1a2b3c"
    days = ("--from", "2020-01-01", "--to", "2021-01-01")
    assert "answers for [2020-01-01, 2021-01-01)" in at_home("check", "spacex", *days, **live).stdout
    assert at_home("extract", "spacex", "--transform", "--extraction", named, *days, **live).stdout == f"{named}\n"
    published = at_home("publish", "spacex", *days, **live)
    assert f"extraction {named}: published" in published.stdout


@contextmanager
def silent_server() -> Iterator[str]:
    """Accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    kept.append(listening.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        for connection in kept:
            connection.close()
