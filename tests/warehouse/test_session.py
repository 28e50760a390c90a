"""A session is the same whatever the environment, the role or the database says, and refuses what it cannot use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from etl.core.errors import ConfigError
from etl.postgres.connection import Warehouse
from tests.conftest import named
from tests.warehouse.states import owner

VARIABLES = {
    "PGCLIENTENCODING": "LATIN1",
    "PGTZ": "Pacific/Auckland",
    "PGDATESTYLE": "German, DMY",
    "PGAPPNAME": "somebody else",
    "PGOPTIONS": "-c search_path=nowhere -c statement_timeout=1 -c default_transaction_read_only=on",
}
DEFAULTS = {
    "client_encoding": "LATIN1",
    "timezone": "Pacific/Auckland",
    "datestyle": "German, DMY",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "-15",
    "bytea_output": "escape",
    "search_path": "nowhere",
    "standard_conforming_strings": "off",
    "default_transaction_isolation": "serializable",
    "lock_timeout": "77",
    "statement_timeout": "88000",
    "idle_session_timeout": "99000",
    "idle_in_transaction_session_timeout": "99",
    "client_connection_check_interval": "0",
    "client_min_messages": "error",
    "application_name": "somebody else",
}
STATE = (
    "select name, setting from pg_catalog.pg_settings where context in ('user', 'superuser') "
    "and name not in ('transaction_isolation', 'default_transaction_read_only') order by name"
)
CELSIUS = "°C, Türksat 5B, 東京"


def settings(dsn: str, role: str = "etl_loader") -> dict[str, str]:
    with Warehouse(dsn, role=role) as session:
        assert session.execute("select %s::text as text", [CELSIUS])[0]["text"] == CELSIUS
        return {row["name"]: row["setting"] for row in session.execute(STATE)}


@pytest.fixture
def undisturbed(database: str) -> dict[str, str]:
    return settings(database)


@pytest.mark.parametrize("name", VARIABLES)
def test_no_variable_of_libpq_changes_a_session(
    database: str, undisturbed: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, VARIABLES[name])
    assert settings(database) == undisturbed


def test_a_connection_that_a_firewall_silently_drops_is_noticed_within_minutes(database: str) -> None:
    with Warehouse(database) as session:
        asked = session.raw.info.dsn_parameters
    idle, interval, count = (int(asked[f"keepalives_{name}"]) for name in ("idle", "interval", "count"))
    assert idle + interval * count <= 180
    assert int(asked["tcp_user_timeout"]) <= 180_000


SLEEP = """
import sys
from etl.postgres.connection import Warehouse
with Warehouse(sys.argv[1]) as session:
    session.execute("select pg_advisory_lock(4711)")
    print("asleep", flush=True)
    session.execute("select pg_sleep(600)")
"""


@pytest.mark.thorough
def test_a_statement_of_a_killed_process_ends_and_releases_its_locks(database: str) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEP, database], stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "asleep\n"
        victim.kill()
    with owner(database) as cursor:
        cursor.execute("set lock_timeout = '30s'")
        cursor.execute("select pg_advisory_lock(4711)")


@pytest.fixture(params=["database", "role", "role in database"])
def with_defaults(request: pytest.FixtureRequest, database: str) -> Iterator[str]:
    """A connection string for whom every default is an odd one."""
    name = database.split("?")[0].rsplit("/", 1)[1]
    whom = {
        "database": f"database {name}",
        "role": "role odd",
        "role in database": f"role odd in database {name}",
    }[request.param]
    with owner(database) as cursor:
        cursor.execute("create role odd login superuser")
        for setting, value in DEFAULTS.items():
            cursor.execute(f"alter {whom} set {setting} = {value if setting == 'search_path' else repr(value)}")
    try:
        yield database.replace("//postgres:", "//odd:")
    finally:
        with owner(named(database, "postgres")) as cursor:
            cursor.execute("drop role odd")


def test_no_default_of_a_database_or_a_role_changes_a_session(with_defaults: str, undisturbed: dict[str, str]) -> None:
    assert settings(with_defaults) == undisturbed


def test_dates_numbers_and_intervals_come_as_they_are(with_defaults: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with Warehouse(with_defaults) as session:
        [row] = session.execute(
            "select '2026-03-04T05:06:07Z'::timestamptz::text as instant, 0.1::float8 + 0.2 as number, "
            "interval '26 hours'::text as span, date '2026-03-04'::text as day"
        )
    assert row == {
        "instant": "2026-03-04 05:06:07+00",
        "number": 0.30000000000000004,
        "span": "26:00:00",
        "day": "2026-03-04",
    }


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP"])
def test_a_database_that_cannot_hold_every_character_is_refused_with_the_way_out(
    postgres: str, make_encoded: Callable[[str], str], encoding: str
) -> None:
    with pytest.raises(ConfigError, match=f"is encoded in {encoding}") as caught:
        Warehouse(make_encoded(encoding))
    assert "create database warehouse encoding 'UTF8' locale 'C' template template0" in caught.value.hint


@pytest.fixture
def make_encoded(postgres: str) -> Iterator[Callable[[str], str]]:
    made = []

    def make(encoding: str) -> str:
        name = f"encoded_in_{encoding.lower()}"
        made.append(name)
        with owner(postgres) as cursor:
            cursor.execute(f"create database {name} encoding '{encoding}' locale 'C' template template0")
        return named(postgres, name)

    yield make
    with owner(postgres) as cursor:
        for name in made:
            cursor.execute(f"drop database {name}")
