"""A lake in an object store, from the command line: extract to publish, look, compact, expire."""

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from etl.simulate import server
from etl.sources.sensors import simulator as sensors
from etl.sources.spacex import simulator as spacex
from tests.cli.conftest import AtHome
from tests.cli.typed import etl
from tests.object_store import KEYS, object_store, s3

__all__ = ["object_store", "s3"]

Etl = Callable[..., CompletedProcess[str]]
SMALL = {"ETL_SENSORS__ROWS": "2", "ETL_SENSORS__COLUMNS": "2"}


@pytest.fixture
def on_s3(s3: str, at_home: AtHome) -> Iterator[Etl]:
    """`etl …` in an empty folder, with its lake on S3 and both APIs simulated."""
    with server.serve(spacex.make_app()) as rockets, server.serve(sensors.make_app(with_limits=False)) as weather:
        apis = {"ETL_SPACEX__BASE_URL": rockets.url, "ETL_SENSORS__BASE_URL": weather.url}
        yield partial(at_home, ETL_LAKE__URL=s3, **KEYS, **SMALL, **apis)


def done(call: CompletedProcess[str]) -> str:
    assert call.returncode == 0, call.stderr
    return call.stdout


def test_a_lake_on_s3_from_the_first_run_to_the_last_file(on_s3: Etl, tmp_path: Path) -> None:
    done(on_s3("run", "spacex", "--destination", "both"))
    for day in (1, 2, 3):
        days = ("--from", f"2024-03-0{day}", "--to", f"2024-03-0{day + 3}")
        assert "published" in done(on_s3("run", "sensors", *days, "--destination", "both"))
    assert not (tmp_path / ".data" / "lake").exists()

    listed = done(on_s3("lake", "ls"))
    assert len(re.findall(r"sensors .* transformed", listed)) == 3
    assert re.search(r"spacex .* everything .* transformed +8 +525 +740 +22", listed)
    assert re.search(r"bronze +4 +20 +\d", listed)

    answers = done(on_s3("ask", "--on", "lake"))
    assert re.search(r"\b13\s+5e9e28a7f3591817f23b2663", answers)
    assert "hottest" in answers

    assert "nothing to delete" in done(on_s3("lake", "expire", "--older-than", "0d", "--plan"))
    assert re.search(r"2024-03-01 +2024-03-06 .* 3 ", done(on_s3("lake", "compact", "sensors", "--plan")))
    assert "[2024-03-01, 2024-03-06): 3 extractions merged into" in done(on_s3("lake", "compact", "sensors"))
    assert "Nothing to compact" in done(on_s3("lake", "compact", "sensors"))
    assert done(on_s3("ask", "--on", "lake")) == answers

    planned = done(on_s3("lake", "expire", "--older-than", "0d", "--plan"))
    assert "3 extractions, " in planned
    assert "has the newest whole state" in planned
    gone = done(on_s3("lake", "expire", "--older-than", "0d"))
    assert gone.count("Deleted ") == 3
    assert done(on_s3("ask", "--on", "lake")) == answers
    assert re.search(r"sensors .* compacted +– +– +20 +2 ", done(on_s3("lake", "ls", "sensors")))

    tables = done(on_s3("lake", "ls", "sensors"))
    assert re.search(r"silver\.sensor_readings +\S+ +20 +1 .* 1 ", tables)
    assert re.search(r"gold\.sensor_extremes +\S+ +\d+ +1 .* 1 ", tables)
    assert "the lake holds what the catalogue says" in done(on_s3("lake", "check"))
    assert "There is nothing to repair" in done(on_s3("lake", "repair"))


def test_an_empty_lake_says_so_and_has_nothing_to_do(on_s3: Etl) -> None:
    assert "holds no extractions" in done(on_s3("lake", "ls"))
    assert "No extractions are older than 90d" in done(on_s3("lake", "expire", "--older-than", "90d"))
    assert "Nothing to compact" in done(on_s3("lake", "compact", "sensors"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("expire", "--older-than", "soon"), "hint: Write it like 90d, 12w or 36h."),
        (("expire",), "Missing option '--older-than'"),
        (("expire", "--older-than", "9d", "--layer", "tin"), "'tin' is not one of 'bronze'"),
        (("compact", "spacex"), "hint: `etl lake expire` deletes older ones."),
        (("ls", "venus"), "hint: Known sources: spacex"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    call = etl(tmp_path, "lake", *arguments)
    assert call.returncode == os.EX_USAGE
    assert said in call.stderr
    assert not (tmp_path / ".data").exists()


def test_no_message_repeats_a_secret(s3: str, tmp_path: Path) -> None:
    secret = s3.replace("s3://a-lake", "s3://AKIAKEY:verysecret@no-such-bucket")
    for command in (("lake", "ls"), ("lake", "expire", "--older-than", "1d"), ("--debug", "lake", "ls")):
        call = etl(tmp_path, *command, ETL_LAKE__URL=secret)
        assert call.returncode == os.EX_CONFIG
        assert "no bucket: 'no-such-bucket' does not exist" in call.stderr
        assert not any(word in call.stdout + call.stderr for word in ("AKIAKEY", "verysecret"))
