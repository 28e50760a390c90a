"""What is published does not depend on the environment, nor on the defaults of the server, the database or the role."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.core.tables import Dataset
from etl.lake import layout
from etl.settings import SensorsSettings, SpacexSettings
from etl.simulate import server
from etl.sources import load
from etl.sources.sensors import simulator as sensors
from etl.sources.spacex import simulator as spacex
from tests.cli.conftest import environment, libpq
from tests.conftest import MakeDatabase
from tests.warehouse.states import owner, rows, value

DAYS = ["--from", "2025-03-28", "--to", "2025-04-02"]
TABLES: list[tuple[str, Dataset]] = [
    (schema, table)
    for source in (load("spacex", SpacexSettings()), load("sensors", SensorsSettings()))
    for schema, tables in (("silver", source.datasets), ("gold", source.gold))
    for table in tables
]
VARIABLES: dict[str, list[str]] = {
    "PGCLIENTENCODING": ["LATIN1", "SQL_ASCII", "UTF8"],
    "PGTZ": ["Pacific/Auckland", "America/St_Johns"],
    "PGDATESTYLE": ["German, DMY", "SQL, MDY"],
    "PGAPPNAME": ["Türksat 5B"],
    "PGOPTIONS": ["-c search_path=nowhere", "-c statement_timeout=1", "-c role=pg_monitor"],
    "TZ": ["Pacific/Auckland", "America/St_Johns", "nowhere"],
    "LANG": ["C", "C.UTF-8", "tr_TR.UTF-8"],
    "LC_ALL": ["C", "POSIX", "C.UTF-8", "de_DE.ISO-8859-1", "xx_YY"],
    "LC_NUMERIC": ["de_DE.ISO-8859-1"],
    "LC_TIME": ["de_DE.ISO-8859-1"],
    "PYTHONUTF8": ["0", "1"],
    "PYTHONCOERCECLOCALE": ["0"],
    "PYTHONHASHSEED": ["1", "77"],
    "PYTHONOPTIMIZE": ["1", "2"],
    "PYTHONDEVMODE": ["1"],
    "PYTHONUNBUFFERED": ["1"],
}
DEFAULTS: dict[str, list[str]] = {
    "client_encoding": ["'LATIN1'", "'EUC_JP'"],
    "timezone": ["'Pacific/Auckland'", "'America/St_Johns'"],
    "datestyle": ["'German, DMY'", "'SQL, MDY'"],
    "intervalstyle": ["iso_8601", "sql_standard"],
    "extra_float_digits": ["-15", "3"],
    "bytea_output": ["escape"],
    "search_path": ["nowhere", "public, pg_catalog"],
    "standard_conforming_strings": ["off"],
    "default_transaction_isolation": ["serializable", "'repeatable read'"],
    "statement_timeout": ["40"],
    "lock_timeout": ["1"],
    "idle_in_transaction_session_timeout": ["40"],
    "idle_session_timeout": ["200"],
    "application_name": ["'somebody else'"],
    "client_min_messages": ["debug1", "error"],
    "quote_all_identifiers": ["on"],
    "synchronous_commit": ["off"],
    "enable_hashjoin": ["off"],
    "jit": ["off"],
}
LIKELY: list[tuple[dict[str, str], dict[str, str]]] = [
    (
        {"PGCLIENTENCODING": "LATIN1", "PGTZ": "Pacific/Auckland", "PGDATESTYLE": "German, DMY"},
        {"search_path": "nowhere", "statement_timeout": "40", "extra_float_digits": "-15"},
    ),
    (
        {"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0", "TZ": "Pacific/Auckland"},
        {"client_encoding": "'LATIN1'", "timezone": "'America/St_Johns'", "datestyle": "'SQL, MDY'"},
    ),
]
SEEDS = range(12)


def _drawn(seed: int) -> tuple[dict[str, str], dict[str, str]]:
    drawing = random.Random(seed)

    def draw(choices: dict[str, list[str]]) -> dict[str, str]:
        return {name: drawing.choice(values) for name, values in choices.items() if drawing.random() < 0.4}

    return draw(VARIABLES), draw(DEFAULTS)


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where libc finds a German locale in ISO-8859-1, if this machine has what makes one; else it is one unknown."""
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales/de_DE").exists():
        return {}
    folder = tmp_path_factory.mktemp("locales")
    subprocess.run(["localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(folder / "de_DE.ISO-8859-1")], check=True)
    return {"LOCPATH": str(folder)}


@pytest.fixture(scope="module")
def apis() -> Iterator[dict[str, str]]:
    with server.serve(spacex.make_app()) as one, server.serve(sensors.make_app(with_limits=False)) as other:
        yield {"ETL_SPACEX__BASE_URL": one.url, "ETL_SENSORS__BASE_URL": other.url}


def run(place: Path, source: str, *options: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    """`etl run` in a process of its own: a locale is chosen when Python starts."""
    command = [sys.executable, "-m", "etl", "run", source, "--destination", "both", *options]
    return subprocess.run(command, cwd=place, env=environment(settings), capture_output=True, timeout=120)


def contents(dsn: str, place: Path) -> dict[str, str]:
    """The checksum of every published table, in the warehouse and in the lake, which has one snapshot of each."""
    query, found = "select content_checksum from ops.content(%s, %s, %s)", {}
    for schema, table in TABLES:
        name, bookkeeping = f"{schema}.{table.name}", [column.name for column in table.columns if column.is_bookkeeping]
        found[f"warehouse {name}"] = value(dsn, query, [schema, table.name, bookkeeping])
        files = sorted((place / ".data" / "lake" / layout.table(name) / "data").iterdir())
        stored = pa.concat_tables(map(pq.read_table, files)).drop_columns(bookkeeping)
        listed = sorted(map(repr, stored.to_pylist()))
        found[f"lake {name}"] = f"{len(listed)}:{hashlib.sha256(''.join(listed).encode()).hexdigest()}"
    return found


def publish(dsn: str, place: Path, settings: dict[str, str]) -> dict[str, str]:
    for source, options in (("spacex", []), ("sensors", DAYS)):
        ended = run(place, source, *options, **settings)
        assert ended.returncode == 0, ended.stderr.decode(errors="replace")
    return contents(dsn, place)


@pytest.fixture(scope="module")
def undisturbed(
    make_database: MakeDatabase, apis: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    with make_database() as dsn:
        found = publish(dsn, tmp_path_factory.mktemp("undisturbed"), libpq(dsn) | apis)
    assert all(int(checksum.split(":")[0]) > 0 for checksum in found.values()), found
    return found


@pytest.fixture
def with_defaults(make_database: MakeDatabase) -> Iterator[Callable[[dict[str, str], str], str]]:
    """Gives the database, or the role of the returned connection string, defaults that are odd."""
    user = f"odd_{os.getpid()}"
    with make_database() as dsn:
        name = dsn.split("?")[0].rsplit("/", 1)[1]

        def make(defaults: dict[str, str], whom: str) -> str:
            with owner(dsn) as cursor:
                cursor.execute(f"create role {user} login in role etl_loader")
                for setting, default in defaults.items():
                    cursor.execute(f"alter {whom.format(database=name, role=user)} set {setting} = {default}")
            return dsn

        yield make
        with owner(dsn) as cursor:
            cursor.execute(f"drop role {user}")


WHOM = ["database {database}", "role {role}", "role {role} in database {database}"]
CASES = [
    *(
        pytest.param(*case, WHOM[number], id=f"likely {number}", marks=[pytest.mark.thorough] if number else [])
        for number, case in enumerate(LIKELY)
    ),
    *(pytest.param(*_drawn(seed), WHOM[seed % 3], id=f"seed {seed}", marks=pytest.mark.thorough) for seed in SEEDS),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("variables", "defaults", "whom"), CASES)
def test_the_same_is_published_whatever_the_environment_and_the_defaults(
    variables: dict[str, str],
    defaults: dict[str, str],
    whom: str,
    with_defaults: Callable[[dict[str, str], str], str],
    undisturbed: dict[str, str],
    apis: dict[str, str],
    locales: dict[str, str],
    tmp_path: Path,
) -> None:
    dsn = with_defaults(defaults, whom)
    settings = libpq(dsn, PGUSER=f"odd_{os.getpid()}") | apis | locales | variables
    assert publish(dsn, tmp_path, settings) == undisturbed


def test_where_an_administrator_has_forbidden_to_write_nothing_is_written_and_waiting_helps(
    with_defaults: Callable[[dict[str, str], str], str], apis: dict[str, str], tmp_path: Path
) -> None:
    dsn = with_defaults({"default_transaction_read_only": "on"}, WHOM[1])
    ended = run(tmp_path, "spacex", **libpq(dsn, PGUSER=f"odd_{os.getpid()}"), **apis)
    assert ended.returncode == 75, ended.stderr
    assert b"Postgres is read-only" in ended.stderr
    assert rows(dsn, "select * from ops.run") == []
