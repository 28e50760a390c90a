"""An API's key is sent to that API and nowhere else: every command runs with one, and all that it wrote is searched."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import click
import psycopg2
import pyarrow.parquet as pq
import pytest
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from etl.cli.main import etl
from etl.core.ids import new_id
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.neows import simulator as neows
from etl.sources.sensors import simulator as sensors
from tests.cli.conftest import environment, libpq
from tests.cli.forks import close, forks
from tests.collector import Collector, collector, free_port
from tests.conftest import MakeDatabase

KEY = "hunter2/öÜ+hunter2"
FORMS = {form.encode() for form in (KEY, quote(KEY), quote(KEY, safe=""), quote_plus(KEY), json.dumps(KEY)[1:-1])}
FORMS.add(b"hunter2")  # any part of it
DAYS = ("--from", "2024-03-01", "--to", "2024-03-04")
EVER_ON = ("--from", "2024-03-01", "--to", "2024-03-06", "--every", "2day")
EXTRACTED = new_id()
MASKED = (b"apikey=***", b"&api_key=***")  # in pages of sensors, and in the links of NeoWs


def behind_a_key(faults: Faults) -> Request:
    """The simulated archive as its paid plan is: without the key nothing; and it repeats the key wherever it can."""
    archive = sensors.make_app(faults, with_limits=False)

    @Request.application
    def application(request: Request) -> Response:
        given = request.args.get("apikey")
        if given != KEY:
            reason = {"error": True, "reason": f"The API key {given} is not known."}
            return Response(json.dumps(reason), 401, content_type="application/json")
        body, status, headers = run_wsgi_app(archive, request.environ)
        content = b"".join(body)
        asked = json.dumps({"asked": request.url, "key": KEY})[1:-1].encode()
        content = content.replace(b'"generationtime_ms"', asked + b',"generationtime_ms"')
        headers.remove("Content-Length")
        headers["Link"] = f'<{request.path}?apikey={quote_plus(KEY)}>; rel="self"'
        return Response(content, status, headers)

    return application


def neows_behind_a_key(faults: Faults) -> Request:
    """The simulated NeoWs as it is: without the key nothing, and its links carry it, also those of a refused object."""
    feed = neows.make_app(faults)

    @Request.application
    def application(request: Request) -> Response:
        given = request.args.get("api_key")
        if given != KEY:
            reason = {"error": {"code": "API_KEY_INVALID", "message": f"An invalid api_key ({given}) was supplied."}}
            return Response(json.dumps(reason), 403, content_type="application/json")
        body, status, headers = run_wsgi_app(feed, request.environ)
        content = b"".join(body).replace(b'"is_sentry_object":false', b'"is_sentry_object":"no"', 1)
        headers.remove("Content-Length")
        return Response(content, status, headers)

    return application


@dataclass
class Place:
    """A folder and a database, and what commands in them printed."""

    folder: Path
    dsn: str
    settings: dict[str, str]
    printed: list[bytes] = field(default_factory=list)

    def run(self, *words: str, code: int | None = 0, **settings: str) -> str:
        done = forks().run(words, self.folder, environment(self.settings | settings), timeout_s=120)
        self.printed += [done.stdout.encode(), done.stderr.encode()]
        assert code is None or done.returncode == code, (words, done.stdout, done.stderr)
        return done.stdout

    def simulate(self) -> None:
        command = [sys.executable, "-m", "etl", "simulate", "sensors", "neows", "--port", "0"]
        with subprocess.Popen(
            command, cwd=self.folder, env=environment(self.settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            self.printed += [process.stdout.readline() for _ in ("sensors", "neows")]
            process.terminate()
            self.printed += process.communicate(timeout=60)


@pytest.fixture(scope="module")
def gate() -> Iterator[tuple[str, Faults]]:
    faults = Faults()
    with server.serve(behind_a_key(faults)) as running:
        yield running.url, faults


@pytest.fixture(scope="module")
def neows_gate() -> Iterator[tuple[str, Faults]]:
    faults = Faults()
    with server.serve(neows_behind_a_key(faults)) as running:
        yield running.url, faults


@pytest.fixture(scope="module")
def heard() -> Iterator[Collector]:
    with collector() as heard:
        yield heard


@pytest.fixture(scope="module")
def place(
    gate: tuple[str, Faults],
    neows_gate: tuple[str, Faults],
    heard: Collector,
    make_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """Where every command has run: well, against faults, with a wrong key, and against nobody."""
    url, faults = gate
    neows_url, neows_faults = neows_gate
    with ExitStack() as stack:
        dsn = stack.enter_context(make_database())
        settings = libpq(dsn) | {
            "ETL_SENSORS__BASE_URL": url,
            "ETL_SENSORS__API_KEY": KEY,
            "ETL_SENSORS__ROWS": "2",
            "ETL_SENSORS__COLUMNS": "2",
            "ETL_SENSORS__SENSORS_PER_REQUEST": "2",
            "ETL_NEOWS__BASE_URL": neows_url,
            "ETL_NASA__API_KEY": KEY,
            **dict.fromkeys(("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "OPENLINEAGE_API_KEY"), KEY),
            "HTTPS_PROXY": f"http://user:{quote(KEY, safe='')}@127.0.0.1:9",
            "ETL_LAKE__URL": "lake",
            "ETL_QUARANTINE__MAX_SHARE": "1",
            "ETL_STATSD__HOST": "127.0.0.1",
            "ETL_STATSD__PORT": str(heard.port),
        }
        place = Place(tmp_path_factory.mktemp("secrets"), dsn, settings)
        stack.callback(close)
        ask_neows(place, neows_faults)
        run_everything(place, faults)
        yield place


def ask_neows(place: Place, faults: Faults) -> None:
    """First, so that commands about everything find it published."""
    place.run("migrate")
    place.run("check", "neows", *DAYS)
    place.run("extract", "neows", *DAYS, "--transform")
    place.run("publish", "neows")
    faults.add(*map(parse_fault, ("unavailable", "rate_limit", "truncated")))
    place.run("--debug", "run", "neows", *DAYS, ETL_HTTP__ATTEMPTS="6")
    faults.add(parse_fault("refusal*"))
    place.run("--debug", "run", "neows", *DAYS, code=os.EX_PROTOCOL)
    faults.clear()
    faults.add(parse_fault("rate_limit=9*"))
    place.run("run", "nasa", *DAYS, code=None, ETL_HTTP__ATTEMPTS="1", ETL_HTTP__RETRY_S="1")
    faults.clear()
    place.run("--debug", "run", "neows", *DAYS, code=os.EX_NOPERM, ETL_NASA__API_KEY="hunter2-wrong")


def run_everything(place: Place, faults: Faults) -> None:
    place.run("migrate")
    place.run("check", "sensors", *DAYS)
    place.run("extract", "sensors", *DAYS, "--extraction", EXTRACTED)
    place.run("transform", "sensors", "--extraction", EXTRACTED)
    place.run("publish", "sensors", "--extraction", EXTRACTED)
    place.run("run", "sensors", "--destination", "lake", *DAYS)
    place.run("backfill", "sensors", *EVER_ON, "--parallel", "2")
    faults.add(*map(parse_fault, ("server_error", "cut", "truncated", "malformed:daily_units*3")))
    place.run("--debug", "run", "sensors", *DAYS, ETL_HTTP__ATTEMPTS="6")
    faults.clear()
    for command in (
        ("status",),
        ("ask",),
        ("ask", "--on", "lake"),
        ("settings",),
        ("quarantine", "list", "--json"),
        ("quarantine", "replay", "sensors"),
        ("lake", "ls"),
        ("lake", "compact", "sensors"),
        ("lake", "check"),
        ("lake", "repair"),
        ("rebuild", "sensors"),
        ("lake", "expire", "--older-than", "0d", "--plan"),
        ("report",),
        ("pictures", "pool"),
    ):
        place.run(*command, code=None)
    place.run("provision", code=None, PGHOST="127.0.0.1", PGPORT=str(free_port()))  # not on the server of other tests
    if shutil.which("psql"):
        place.run("psql", "-c", "select 1", code=None)
    place.simulate()

    place.run("--debug", "check", "sensors", *DAYS, code=os.EX_NOPERM, ETL_SENSORS__API_KEY="hunter2-wrong")
    nobody = f"http://127.0.0.1:{free_port()}"
    place.run("--debug", "run", "sensors", *DAYS, code=os.EX_TEMPFAIL, ETL_SENSORS__BASE_URL=nobody)
    place.run("run", "sensors", *DAYS, code=os.EX_CONFIG, ETL_SENSORS__BASE_URL=f"{nobody}?apikey={KEY}")
    place.run("run", "sensors", *DAYS, code=os.EX_CONFIG, ETL_SENSORS__BASE_URL=f"http://{KEY[:7]}@127.0.0.1:9")
    faults.add(parse_fault("html*"))
    place.run("run", "sensors", *DAYS, code=os.EX_PROTOCOL)
    faults.clear()


def holds_the_key(text: bytes) -> bool:
    return any(form in text for form in FORMS)


def test_what_commands_print_does_not_hold_the_key(place: Place) -> None:
    assert b"401 (The API key *** is not" in b"".join(place.printed) or b"answered 401" in b"".join(place.printed)
    assert b"403 (An invalid api_key (***) was supplied)" in b"".join(place.printed)
    assert [text for text in place.printed if holds_the_key(text)] == []


def test_no_file_holds_the_key(place: Place) -> None:
    files = [file for file in place.folder.rglob("*") if file.is_file()]
    pages = [file for file in files if file.name.endswith(".json.gz")]
    tables = [file for file in files if file.suffix == ".parquet"]
    assert pages
    assert tables
    repeated = {word: [page for page in pages if word in gzip.decompress(page.read_bytes())] for word in MASKED}
    assert all(repeated.values()), "the APIs have repeated it, and that is masked"
    assert set(pages) == {page for found in repeated.values() for page in found}
    assert [file for file in files if holds_the_key(file.read_bytes()) or holds_the_key(str(file).encode())] == []
    assert [file for file in pages if holds_the_key(gzip.decompress(file.read_bytes()))] == []
    assert [file for file in tables if holds_the_key(str(pq.read_table(file).to_pylist()).encode())] == []


def test_no_row_of_the_warehouse_holds_the_key(place: Place) -> None:
    connection = psycopg2.connect(place.dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname !~ '^(pg_|information_)'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        rows = {}
        for table in tables:
            cursor.execute(f"select row_to_json(each)::text from {table} as each")
            rows[table] = [row for (row,) in cursor.fetchall()]
    connection.close()
    assert rows["ops.run"]
    assert rows["ops.quarantine"], "a location with the key in it was refused"
    assert [row for row in rows["ops.quarantine"] if "api_key=***" in row], "an object of NeoWs was refused"
    assert rows["ops.spending"]
    assert [table for table, found in rows.items() if any(holds_the_key(row.encode()) for row in found)] == []


def test_no_metric_holds_the_key(place: Place, heard: Collector) -> None:
    assert heard.lines
    assert not holds_the_key("\n".join(heard.lines).encode())


def test_every_command_has_run() -> None:
    """A new one must be added above."""
    known = {
        *("ask", "backfill", "check", "extract", "lake", "migrate", "pictures", "provision", "psql"),
        *("publish", "quarantine", "rebuild", "report", "run", "settings", "simulate", "status", "transform"),
    }
    below = {"lake": {"check", "compact", "expire", "ls", "repair"}, "quarantine": {"list", "replay"}}
    context = click.Context(etl)
    assert set(etl.list_commands(context)) == known
    for name, commands in below.items():
        group = etl.get_command(context, name)
        assert isinstance(group, click.Group)
        assert set(group.list_commands(context)) == commands
