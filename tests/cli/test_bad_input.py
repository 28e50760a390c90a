"""Whatever goes wrong ends in a line that says what, a line that says what to do, and the exit code of its kind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from werkzeug.wrappers import Request, Response

from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.simulate.faults import Fault
from etl.sources.spacex.snapshot import load
from etl.state import migrations
from tests.cli.conftest import Ended, Etl, environment, libpq
from tests.conftest import Simulate

TABLES = {
    "silver": ["launches", "launch_cores", "cores", "rockets", "launchpads", "landpads", "payloads"],
    "gold": ["core_usage", "core_reuses", "launch_statistics"],
}


def refused(ended: Ended, code: int, said: str, hint: str) -> None:
    """It ended as every error must: two last lines, the exit code, and no traceback."""
    assert ended.code == code, ended.err
    assert re.search(said, ended.error), ended.error
    assert re.search(hint, ended.hint), ended.hint
    assert "Traceback" not in ended.err
    assert ended.error.endswith((".", "?")), "a sentence"
    assert ended.err.count("error: ") == 1


def label(value: object) -> str | None:
    """A short name for a test from what it is about."""
    match value:
        case list():
            return " ".join(map(str, value))
        case dict():
            return " ".join(f"{name}={text}" for name, text in value.items())
        case Fault():
            return f"{value.name}@{value.path}"
    return ""


# The command line

ID = "20240517T120000Z-1a2b3c"
USAGE = [
    (["extract", "nasa"], r"^There is no source 'nasa'\.", "spacex"),
    (["run"], "Missing argument 'SOURCE'", "etl run --help"),
    (["explode"], "No such command 'explode'", "etl --help"),
    (["run", "spacex", "--frm", "2020-01-01"], "No such option.*--frm", "etl run --help"),
    (["run", "spacex", "extra"], "unexpected extra argument", "etl run --help"),
    (
        ["extract", "spacex", "--from", "2024-05-17", "--to", "2006-03-01"],
        "ends on 2006-03-01, not after",
        "later --to",
    ),
    (["extract", "spacex", "--from", "2024-05-17", "--to", "2024-05-17"], "ends on 2024-05-17, not after", "exclusive"),
    (["extract", "spacex", "--from", "9000-01-01"], "The interval ends on .*, not after its start", "earlier --from"),
    (["check", "spacex", "--from", "2024-05-17", "--to", "2006-03-01"], "ends on 2006-03-01, not after", "exclusive"),
    (["extract", "spacex", "--to", "2024-05-17"], "--to was given without --from", "Give both"),
    (
        ["extract", "spacex", "--from", "tomorrow"],
        "'tomorrow' is not a valid date; use YYYY-MM-DD",
        "etl extract --help",
    ),
    (["extract", "spacex", "--from", "2024-02-30"], "'2024-02-30' is not a valid date", "etl extract --help"),
    (["extract", "spacex", "--from", "17.05.2024"], "is not a valid date", "etl extract --help"),
    (["extract", "spacex", "--from", "10000-01-01"], "is not a valid date", "etl extract --help"),
    (["extract", "spacex", "--from", "two\nlines"], "'two lines' is not a valid date", "etl extract --help"),
    (["transform", "spacex", "--extraction", "../../etc"], "is not a valid extraction ID", "20240517T120000Z-1a2b3c"),
    (["transform", "spacex", "--extraction", "20241399T120000Z-1a2b3c"], "is not a valid extraction ID", "lake ls"),
    (["ask", "why"], r"^There is no question 'why'\.", "most_reused_core"),
    (["ask", "--on", "paper"], "'paper' is not one of", "etl ask --help"),
    (["backfill", "spacex", "--from", "2020-01-01"], "Missing option '--to'", "etl backfill --help"),
    (
        ["backfill", "spacex", "--from", "2020-01-01", "--to", "2021-01-01", "--parallel", "0"],
        "0 is not in the range",
        "etl",
    ),
    (["status", "--runs", "-1"], "-1 is not in the range", "etl status --help"),
    (
        ["simulate", "spacex", "--fault", "earthquake"],
        "unknown fault 'earthquake'; known faults: rate_limit",
        "etl simulate",
    ),
    (["simulate", "spacex", "--port", "70000"], "70000 is not in the range", "etl simulate --help"),
    (["quarantine", "replay", "spacex", "--from-file", "nothing.jsonl"], "nothing.jsonl.*No such file", "--help"),
]


@pytest.mark.parametrize(
    ("arguments", "said", "hint"), USAGE, ids=lambda value: " ".join(value) if type(value) is list else ""
)
def test_a_command_that_makes_no_sense_is_refused(
    etl: Etl, tmp_path: Path, arguments: list[str], said: str, hint: str
) -> None:
    refused(etl(*arguments), 64, said, hint)
    assert list(tmp_path.iterdir()) == [], "it left something behind"


ALL = (
    "ask backfill check extract lake migrate pictures provision psql publish quarantine rebuild report run settings "
    "simulate status transform"
)


def test_help_lists_every_command(etl: Etl, really: Etl) -> None:
    ended = really("--help")  # nothing that is imported warns
    assert (ended.code, ended.err) == (0, "")
    commands = re.findall(r"^  (\w+)  ", ended.out.split("Commands:")[1], re.MULTILINE)
    assert commands == ALL.split()
    assert etl("-h").out == ended.out


def test_no_command_at_all_shows_the_help(etl: Etl) -> None:
    ended = etl()
    assert ended.code == 64
    assert "Commands:" in ended.out + ended.err


def test_debug_shows_the_traceback_and_then_the_same_two_lines(really: Etl) -> None:
    ended = really("--debug", "ask", "why")
    assert "Traceback (most recent call last)" in ended.err
    assert ended.code == 64
    assert ended.error.startswith("There is no question")
    assert ended.hint


# Settings

SETTINGS = [
    ({"ETL_NASA__APIKEY": "x"}, r"^Unknown setting: ETL_NASA__APIKEY\.", "etl settings"),
    ({"ETL_HTPP__ATTEMPTS": "3"}, r"^Unknown setting: ETL_HTPP__ATTEMPTS\.", "etl settings"),
    ({"ETL_HTTP__ATTEMPTS": "many"}, "ETL_HTTP__ATTEMPTS: Input should be a valid integer", "etl settings"),
    ({"ETL_SPACEX__BASE_URL": "http://[::1"}, "ETL_SPACEX__BASE_URL: Invalid IPv6 URL", "etl settings"),
    (
        {"ETL_LAKE__URL": "ftp://host/lake"},
        "ETL_LAKE__URL=ftp://host/lake is not a valid location for a lake",
        "s3://bucket",
    ),
    (
        {"ETL_HTTP__READ_TIMEOUT_S": "inf", "ETL_LAKE__URL": ""},
        "LAKE__URL: .*; ETL_HTTP__READ_TIMEOUT_S",
        "etl settings",
    ),
]


@pytest.mark.parametrize(
    ("settings", "said", "hint"), SETTINGS, ids=lambda value: next(iter(value)) if type(value) is dict else ""
)
def test_a_wrong_setting_is_refused(etl: Etl, settings: dict[str, str], said: str, hint: str) -> None:
    refused(etl("extract", "spacex", **settings), 78, said, hint)


def test_settings_can_be_listed_even_if_one_is_wrong(etl: Etl) -> None:
    ended = etl("settings", ETL_HTTP__ATTEMPTS="many", ETL_NASA__APIKEY="x")
    assert ended.code == 0
    assert "ETL_SPACEX__BASE_URL" in ended.out


# The API

SHAPES = [
    (Fault("html", times=None), 76, "answered text/html where JSON was expected", "browser"),
    (Fault("empty", times=None), 76, "returned an empty list; it has hundreds", "nothing was published"),
    (Fault("empty", times=None, path="/v4/rockets"), 76, "/v4/rockets returned an empty list", "nothing was published"),
    (Fault("repeat_page", times=None), 76, "repeats itself: page 2 brings nothing new", "documentation"),
    (Fault("truncated", times=None), 75, "answered broken JSON: ", "run the same command again"),
    (Fault("cut", times=None), 75, "broke off in the middle", "run the same command again"),
    (Fault("server_error", times=None), 75, r"answered 500 \(Internal Server Error\)", "run the same command again"),
    (Fault("rate_limit", times=None, retry_after=600), 75, "answered 429", "wait 600 s; then run the same command"),
    (Fault("slow", times=None, delay=5), 75, r"answers too slowly: not done after 0\.3 s", "run the same"),
    (Fault("duplicate", path="/v5/launches"), 75, "206 launches received, 205 announced", "starts from the first page"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "code", "said", "hint"), SHAPES, ids=lambda value: value.name if type(value) is Fault else ""
)
def test_an_api_that_misbehaves_ends_the_extraction(
    etl: Etl, simulate: Simulate, tmp_path: Path, fault: Fault, code: int, said: str, hint: str
) -> None:
    url = simulate(fault)
    ended = etl(
        "extract", "spacex", ETL_SPACEX__BASE_URL=url, ETL_HTTP__READ_TIMEOUT_S="0.3" if fault.name == "slow" else "30"
    )
    refused(ended, code, said, hint)
    assert ended.out == ""
    manifests = [path.parts[-4] for path in tmp_path.rglob("manifest.json")]
    assert len(manifests) < 6, "a run that failed must not look whole"


@pytest.mark.parametrize(
    ("status", "code", "said", "hint"),
    [
        (401, 77, r"answered 401 \(no\)", "credentials"),
        (404, 69, r"answered 404 \(no\)", "base URL"),
        (422, 76, r"answered 422 \(no\)", "no longer accepts our request"),
    ],
)
def test_an_api_that_refuses_ends_the_check(etl: Etl, status: int, code: int, said: str, hint: str) -> None:
    with server.serve(Request.application(lambda _: Response("no", status, mimetype="text/plain"))) as api:
        refused(etl("check", "spacex", ETL_SPACEX__BASE_URL=api.url), code, said, hint)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:9", "127.0.0.1:9 does not answer: Connection refused"),
        ("http://no-such-host.invalid", "does not answer"),
    ],
)
def test_an_api_that_is_not_there_is_a_transient_failure(etl: Etl, url: str, said: str) -> None:
    refused(etl("check", "spacex", ETL_SPACEX__BASE_URL=url), 75, said, "run the same command again")


RECORDS = [
    (Fault("nan", path="/v5/launches"), "1 of 205 records of spacex_launches.*flight_number: Input should be"),
    (Fault("bad_date", path="/v5/launches"), "the first says date_utc: Input should be a valid datetime"),
    (Fault("string_cores", path="/v5/launches"), "the first says cores: Input should be a valid list"),
]


@pytest.mark.parametrize(("fault", "said"), RECORDS, ids=label)
def test_records_that_break_their_contract_end_the_transformation(
    etl: Etl, simulate: Simulate, fault: Fault, said: str
) -> None:
    settings = {"ETL_SPACEX__BASE_URL": simulate(fault), "ETL_QUARANTINE__MAX_SHARE": "0"}
    assert etl("extract", "spacex", **settings).code == 0
    ended = etl("transform", "spacex", **settings)
    refused(ended, 76, said, r"^Read them in (/\S+\.jsonl); nothing was published\.$")
    file = Path(ended.hint.split()[3].rstrip(";"))
    assert json.loads(file.read_text().splitlines()[0])["reason"] in ended.error


# The lake


@pytest.mark.parametrize("lake", ["file", "file/lake", "/proc/lake", "/dev/null/lake"])
def test_a_lake_that_cannot_be_written_is_a_matter_of_access(
    etl: Etl, simulate: Simulate, tmp_path: Path, lake: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = etl("extract", "spacex", ETL_SPACEX__BASE_URL=simulate(), ETL_LAKE__URL=lake)
    refused(ended, 77, f"^The lake at {lake} cannot be read or written: ", "ETL_LAKE__URL")


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["transform", "spacex"], "no complete extraction of the whole state of spacex", "`etl extract spacex` first"),
        (["publish", "spacex"], "no transformed extraction of the whole state", "Run `etl transform spacex` first"),
        (["publish", "spacex", "--from", "2020-01-01", "--to", "2020-02-01"], r"of \[2020-01-01, 2020-02-01\)", "tr"),
        (["transform", "spacex", "--extraction", ID], f"complete extraction {ID}", "ex"),
        (["ask", "--on", "lake"], "Nothing has been published into .*lake yet", "Run `etl run spacex --destination la"),
        (["ask", "which_score_disagrees"], "is about neo, which has not been published yet", "Run `etl run neo` first"),
        (["ask", "most_reused_core", "--on", "lake"], "spacex, which has not been published into the lake", "lake` f"),
    ],
)  # fmt: skip
def test_an_empty_lake_says_what_to_run_first(etl: Etl, arguments: list[str], said: str, hint: str) -> None:
    refused(etl(*arguments), 78, said, hint)


# The simulator


def test_a_port_in_use_is_reported(etl: Etl) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(
            etl("simulate", "spacex", "--port", str(port)), 78, f"Port {port} on 127.0.0.1 is not available", "--port"
        )


# Interrupting


def test_an_interrupt_ends_with_130_and_one_line(simulate: Simulate, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "etl", "extract", "spacex"],
        cwd=tmp_path,
        env=environment({"ETL_SPACEX__BASE_URL": simulate(Fault("slow", times=None, delay=20))}),
        stderr=subprocess.PIPE,
        text=True,
    )
    while not list(tmp_path.rglob("progress.json")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [line for line in err.splitlines() if line] == [
        "error: Interrupted.",
        "hint: Run the same command again: it resumes where it stopped.",
    ]


# The warehouse


@pytest.mark.parametrize(
    ("settings", "code", "said", "hint"),
    [
        ({"PGPORT": "1"}, 75, "Postgres cannot be reached, or closed the connection", "run the same command again"),
        ({"PGPORT": "many"}, 78, 'Postgres cannot be found: .*"many"', "PGHOST, PGPORT"),
        ({"PGHOST": "no-such-host.invalid"}, 78, "Postgres cannot be found: could not translate host name", "PGHOST"),
        (
            {"PGHOST": "", "PGSERVICE": "nowhere"},
            78,
            "Postgres cannot be found: definition of service",
            "libpq's other variables",
        ),
        ({"PGSSLMODE": "perhaps"}, 78, "Postgres cannot be found: invalid sslmode value", "libpq's other"),
        ({"PGDATABASE": "nowhere"}, 78, "There is no such database", "PGDATABASE"),
        ({"PGUSER": "nobody_here"}, 78, "Postgres has no such role", "PGUSER"),
    ],
    ids=label,
)
def test_a_warehouse_that_cannot_be_found_is_reported(
    etl: Etl, database: str, settings: dict[str, str], code: int, said: str, hint: str
) -> None:
    refused(etl("status", **libpq(database, **settings)), code, said, hint)


@pytest.mark.parametrize("command", [["run", "spacex"], ["status"], ["ask"], ["report"], ["quarantine", "list"]])
def test_a_database_without_migrations_is_reported(
    etl: Etl, new_database: Callable[..., str], simulate: Simulate, command: list[str]
) -> None:
    settings = libpq(new_database(migrated=False), ETL_SPACEX__BASE_URL=simulate())
    refused(
        etl(*command, **settings),
        78,
        f"The warehouse has no migrations, this code needs version {migrations.newest()}",
        "etl migrate",
    )


def test_a_warehouse_of_a_newer_release_is_left_alone(etl: Etl, database: str) -> None:
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute("update ops.schema_version set version_num = '9999'")
    connection.close()
    for command in ("status", "migrate"):
        refused(etl(command, **libpq(database)), 78, "has version 9999, this code knows only", "newer release")


def test_an_embedded_warehouse_in_an_impossible_place_is_reported(etl: Etl, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused(etl("status", ETL_WAREHOUSE__EMBEDDED="file/postgres"), 78, "The embedded Postgres cannot use", "EMBEDDED")


@pytest.fixture
def guarded(postgres: str, database: str) -> Iterator[dict[str, str]]:
    """The same warehouse for a user who needs a password, over TCP-less sockets, by a line of pg_hba.conf."""
    owner = psycopg2.connect(postgres)
    owner.autocommit = True
    user = f"loader_{os.getpid()}"
    with owner.cursor() as cursor:
        cursor.execute(f"create role {user} login password 'right' in role etl_loader")
        cursor.execute("select current_setting('hba_file')")
        (file,) = cursor.fetchone() or ("",)
        hba = Path(file)
        before = hba.read_text()
        hba.write_text(f"local all {user} scram-sha-256\n{before}")
        cursor.execute("select pg_reload_conf()")
        yield libpq(database, PGUSER=user)
        hba.write_text(hba.read_text().replace(f"local all {user} scram-sha-256\n", ""))
        cursor.execute("select pg_reload_conf()")
        cursor.execute(f"drop role {user}")
    owner.close()


def test_a_wrong_or_missing_password_is_a_matter_of_access(etl: Etl, guarded: dict[str, str]) -> None:
    refused(etl("status", **guarded), 77, "Postgres refuses the login: .*no password supplied", "PGPASSWORD")
    wrong = etl("status", **guarded, PGPASSWORD="wrong-one")
    refused(wrong, 77, "Postgres refuses the login: .*password authentication failed", "PGPASSWORD")
    assert "wrong-one" not in wrong.err
    assert etl("status", **guarded, PGPASSWORD="right").code == 0


def test_a_user_without_privileges_is_a_matter_of_access(
    etl: Etl, postgres: str, database: str, simulate: Simulate
) -> None:
    owner = psycopg2.connect(postgres)
    owner.autocommit = True
    user = f"reader_{os.getpid()}"
    with owner.cursor() as cursor:
        cursor.execute(f"create role {user} login in role engineer")
        try:
            ended = etl("run", "spacex", **libpq(database, PGUSER=user), ETL_SPACEX__BASE_URL=simulate())
        finally:
            cursor.execute(f"drop role {user}")
    owner.close()
    refused(ended, 77, "Postgres refuses: permission denied", "etl_loader")


# A good publish stays as it is, whatever comes after it


def contents(dsn: str) -> dict[str, Any]:
    names = [f"silver.spacex_{table}" for table in TABLES["silver"]] + [f"gold.{table}" for table in TABLES["gold"]]
    with Warehouse(dsn) as session:
        return {name: session.execute(f"select t::text from {name} as t order by 1") for name in names}


LAUNCHES = load()["launches"]
TWICE = {"launches": [*LAUNCHES, LAUNCHES[7]]}
LOST = {"launches": LAUNCHES[1:]}
UNDATED = {
    "launches": [launch | {"date_utc": None} if launch["id"] == LAUNCHES[0]["id"] else launch for launch in LAUNCHES]
}

HARM: list[tuple[str, list[Fault], dict[str, Any], int, str]] = [
    ("duplicate ids", [], TWICE, 65, "Audit spacex_launches.keys_unique found 1 row that must not exist"),
    ("lost launch", [], LOST, 65, "Audit spacex_launches.no_row_lost found 1 row "),
    ("html half-way", [Fault("html", path="/v4/payloads")], {}, 76, "answered text/html"),
    ("error half-way", [Fault("server_error", times=None, path="/v4/landpads")], {}, 75, "answered 500"),
    ("too much refused", [Fault("changed_field", times=None)], {}, 76, "^205 of 205 records of spacex_launches break"),
]


def test_nothing_is_half_published_whatever_goes_wrong(etl: Etl, simulate: Simulate, database: str) -> None:
    settings = libpq(database)
    good = etl("run", "spacex", ETL_SPACEX__BASE_URL=simulate(), **settings)
    assert good.code == 0, good.err
    assert "Traceback" not in good.err
    published = contents(database)
    assert len(published["silver.spacex_launches"]) == 205
    for name, faults, snapshot, code, said in HARM:
        ended = etl("run", "spacex", ETL_SPACEX__BASE_URL=simulate(*faults, snapshot=snapshot), **settings)
        refused(ended, code, said, ".")
        assert contents(database) == published, f"{name} changed what is published"
    shown = etl("status", **settings)
    assert shown.code == 0
    assert shown.out.count("failed") == len(HARM)
    assert etl("run", "spacex", ETL_SPACEX__BASE_URL=simulate(), **settings).out.count("unchanged") == 1


def test_a_few_refused_records_are_quarantined_and_change_nothing_else(
    etl: Etl, simulate: Simulate, database: str
) -> None:
    settings = libpq(database)
    assert etl("run", "spacex", ETL_SPACEX__BASE_URL=simulate(), **settings).code == 0
    published = contents(database)
    faults = [Fault(name, path="/v5/launches") for name in ("nan", "bad_date", "string_cores")]
    ended = etl("run", "spacex", ETL_SPACEX__BASE_URL=simulate(*faults), ETL_SPACEX__PAGE_SIZE="50", **settings)
    assert ended.code == 0, ended.err
    assert contents(database) == published
    listed = [json.loads(line) for line in etl("quarantine", "list", "--json", **settings).out.splitlines()]
    assert len(listed) == 2
    assert listed[0]["reason"].startswith("date_utc: ")
    ended = etl("quarantine", "replay", "spacex", "--from-file", "-", stdin='{"quarantine_id": 1}', **settings)
    refused(ended, 64, "^Line 1 is not a corrected record: it lacks record", "quarantine list --json")
    assert contents(database) == published


def test_a_report_that_cannot_be_written_or_has_no_content_is_refused(etl: Etl, database: str, tmp_path: Path) -> None:
    refused(etl("report", **libpq(database)), 78, "There is nothing to report yet", "etl run spacex")


def test_pictures_that_are_not_there_or_have_no_place_are_refused(etl: Etl, database: str, tmp_path: Path) -> None:
    refused(
        etl("pictures", "pool", **libpq(database)), 78, "No picture that may be reused is published", "picture_facts"
    )
    (tmp_path / "file").write_text("")
    refused(etl("pictures", str(tmp_path / "file"), **libpq(database)), 64, "is a file", "etl pictures --help")
    for both_or_neither in ((), ("pool", "--send")):
        refused(etl("pictures", *both_or_neither), 64, "folder or give --send", "etl pictures --help")
    assert "nothing is sent" in etl("pictures", "--send").out
    nobody = {"ETL_ENRICHMENT__PAGE_URL": "http://127.0.0.1:9", "ETL_HTTP__ATTEMPTS": "1"}
    refused(etl("pictures", "--send", **libpq(database), **nobody), 75, "does not answer", "same command again")
