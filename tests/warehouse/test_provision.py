"""Who may log in, with what, where, and with which limits; set up by a superuser or by an owner who is not one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest
from psycopg2 import errors as pg

from etl.core.errors import AccessError, ConfigError, WarehouseUnavailableError
from etl.postgres import embedded, waiting
from etl.postgres.connection import Warehouse
from etl.state import migrations, provision
from tests.conftest import named
from tests.warehouse.states import owner, rows, value

PASSWORDS = {role: f"password of {role}: ' \" \\ $x ü" for role in provision.LOGINS}
HBA = "local all postgres trust\nlocal all all scram-sha-256\n"
STATE = """
select 'role' as kind, rolname::text as name, concat_ws(
    ' ', rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit, rolconfig::text
) as state from pg_roles where rolname !~ '^pg_'
union all select 'database', datname::text, concat_ws(
    ' ', datdba::regrole, (select array_agg(entry::text order by entry::text) from unnest(datacl) as entry)
) from pg_database
union all select 'member', concat_ws(' of ', member::regrole, roleid::regrole),
    concat_ws(' ', grantor::regrole, admin_option, inherit_option, set_option) from pg_auth_members
order by 1, 2, 3
"""


@dataclass(frozen=True)
class Server:
    """A server of its own, as roles belong to a whole server; everybody but the superuser needs a password."""

    dsn: str
    log: Path

    def login(self, role: str, password: str, database: str = "warehouse") -> Any:
        return psycopg2.connect(self.dsn, dbname=database, user=role, password=password)


@contextmanager
def _server(folder: Path) -> Iterator[Server]:
    with embedded.server(folder) as dsn:
        (folder / "pg_hba.conf").write_text(HBA)
        with owner(dsn) as cursor:
            cursor.execute("alter system set log_statement = 'all'")
            cursor.execute("alter system set log_min_duration_statement = 0")
            cursor.execute("alter system set fsync = off")
            cursor.execute("select pg_reload_conf()")
        yield Server(dsn, folder / "log")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Provisioned by a superuser before there were tables, and then migrated."""
    with _server(tmp_path_factory.mktemp("provisioned") / "postgres") as server:
        made = _provision(server.dsn, PASSWORDS)
        assert "database airflow" in made.made
        with Warehouse(server.dsn) as session:
            migrations.migrate(session)
        yield server


@pytest.fixture(scope="module")
def managed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """As a managed server is: its owner makes roles and databases and hands on pg_monitor, but is no superuser."""
    with _server(tmp_path_factory.mktemp("managed") / "postgres") as server:
        with owner(server.dsn) as cursor:
            cursor.execute("create role master login createrole createdb password 'm'")
            cursor.execute("grant pg_monitor to master with admin option")
            cursor.execute("create database managed owner master")
        yield Server(named(server.dsn, "managed").replace("//postgres:", "//master:m"), server.log)


def _provision(dsn: str, logins: dict[str, str] | None) -> provision.Provisioned:
    with Warehouse(dsn) as session:
        return provision.provision(session, logins)


def _files(folder: Path, **passwords: str) -> Path:
    for role, password in passwords.items():
        (folder / role).write_text(password)
    return folder


# Who may log in, and where to


@pytest.mark.parametrize("role", provision.LOGINS)
def test_a_role_logs_in_with_its_password_and_with_no_other(server: Server, role: str) -> None:
    home = "airflow" if role == "airflow" else "warehouse"
    connection = server.login(role, PASSWORDS[role], home)
    with connection.cursor() as cursor:
        cursor.execute("select session_user, current_database()")
        assert cursor.fetchone() == (role, home)
    connection.close()
    for wrong in ("", role, PASSWORDS[role] + " ", PASSWORDS["analyst" if role != "analyst" else "engineer"]):
        with pytest.raises(psycopg2.OperationalError, match="password"):
            server.login(role, wrong, home)


@pytest.mark.parametrize("role", [role for role in provision.LOGINS if role != "backup"])
def test_a_role_may_not_connect_to_the_others_database(server: Server, role: str) -> None:
    foreign = "warehouse" if role == "airflow" else "airflow"
    with pytest.raises(psycopg2.OperationalError, match=f'permission denied for database "{foreign}"'):
        server.login(role, PASSWORDS[role], foreign)


@pytest.mark.parametrize("database", ["warehouse", "airflow"])
def test_backup_reads_all_of_both_databases_and_changes_nothing(server: Server, database: str) -> None:
    with owner(server.dsn.replace("/warehouse?", f"/{database}?")) as cursor:
        cursor.execute("create table if not exists public.of_somebody (id int)")
    connection = server.login("backup", PASSWORDS["backup"], database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("select * from public.of_somebody")
        for denied in ("delete from public.of_somebody", "drop table public.of_somebody", "create schema another"):
            with pytest.raises(pg.InsufficientPrivilege):
                cursor.execute(denied)
    connection.close()
    with owner(server.dsn.replace("/warehouse?", f"/{database}?")) as cursor:
        cursor.execute("drop table public.of_somebody")


def test_the_owner_of_the_tables_never_logs_in(server: Server) -> None:
    assert value(server.dsn, "select rolcanlogin from pg_roles where rolname = 'platform_admin'") is False


def test_airflow_does_as_it_likes_at_home_and_nothing_to_the_server(server: Server) -> None:
    connection = server.login("airflow", PASSWORDS["airflow"], "airflow")
    connection.autocommit = True
    with connection.cursor() as cursor:
        for allowed in ("create table t (id int)", "create schema s", "drop schema s", "drop table t"):
            cursor.execute(allowed)
        for denied in (
            "create role another",
            "create database another",
            "alter role analyst password 'x'",
            "alter system set jit = off",
            "set role etl_loader",
            "set role platform_admin",
            "select pg_read_file('/etc/passwd')",
            "copy (select 1) to program 'true'",
        ):
            with pytest.raises(pg.InsufficientPrivilege):
                cursor.execute(denied)
    connection.close()


@pytest.mark.parametrize("role", [role for role in provision.LOGINS if role != "airflow"])
def test_no_role_changes_its_limits_for_others_or_becomes_another(server: Server, role: str) -> None:
    connection = server.login(role, PASSWORDS[role])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for denied in ("set role platform_admin", "alter role airflow connection limit 1", "create database another"):
            with pytest.raises(pg.InsufficientPrivilege):
                cursor.execute(denied)
    connection.close()


def test_metrics_reads_the_statistics_of_all_databases(server: Server) -> None:
    connection = server.login("metrics", PASSWORDS["metrics"])
    with connection.cursor() as cursor:
        cursor.execute("select pg_database_size('airflow') > 0, count(*) > 0 from pg_stat_activity")
        assert cursor.fetchone() == (True, True)
    connection.close()


# How much each may take


@pytest.mark.parametrize("role", provision.LOGINS)
def test_a_session_begins_with_the_limits_of_its_role(server: Server, role: str) -> None:
    connection = server.login(role, PASSWORDS[role], "airflow" if role == "airflow" else "warehouse")
    with connection.cursor() as cursor:
        cursor.execute(
            "select current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'), "
            "rolconnlimit from pg_roles where rolname = current_user"
        )
        limits = provision.LOGINS[role]
        told = (limits.statement_timeout, limits.idle_in_transaction_session_timeout, limits.connections)
        assert cursor.fetchone() == told
    connection.close()


def test_a_role_has_no_more_sessions_than_its_limit(server: Server) -> None:
    limit = provision.LOGINS["metrics"].connections
    held = [server.login("metrics", PASSWORDS["metrics"]) for _ in range(limit)]
    try:
        with pytest.raises(psycopg2.OperationalError, match='too many connections for role "metrics"'):
            server.login("metrics", PASSWORDS["metrics"])
    finally:
        for connection in held:
            connection.close()


# Passwords


def test_the_server_keeps_verifiers_and_its_log_has_no_password(server: Server) -> None:
    kept = dict(
        rows(server.dsn, "select rolname, rolpassword from pg_authid where rolcanlogin and rolpassword is not null")
    )
    assert set(kept) == set(PASSWORDS)
    assert all(verifier.startswith("SCRAM-SHA-256$4096:") for verifier in kept.values())
    log = server.log.read_text()
    assert "alter role" in log.lower(), "statements are logged, or this test shows nothing"
    for password in PASSWORDS.values():
        assert password not in log
        assert repr(password)[1:-1] not in log
        assert password.split(":")[0] not in log


def test_a_second_call_changes_nothing_and_disturbs_nobody(server: Server) -> None:
    before = rows(server.dsn, STATE)
    connection = server.login("analyst", PASSWORDS["analyst"])
    assert _provision(server.dsn, PASSWORDS) == provision.Provisioned((), tuple(PASSWORDS))
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    connection.close()
    assert rows(server.dsn, STATE) == before


def test_migrating_before_or_after_makes_no_difference(server: Server, tmp_path: Path) -> None:
    with _server(tmp_path / "postgres") as other:
        with Warehouse(other.dsn) as session:
            migrations.migrate(session)
        assert _provision(other.dsn, PASSWORDS).made == ("role backup", "role airflow", "database airflow")
        assert rows(other.dsn, STATE) == rows(server.dsn, STATE)


def test_a_changed_password_is_set_and_a_role_without_one_is_shut_out(server: Server) -> None:
    try:
        changed = {role: password for role, password in PASSWORDS.items() if role != "engineer"} | {"analyst": "new"}
        _provision(server.dsn, changed)
        server.login("analyst", "new").close()
        for role in ("analyst", "engineer"):
            with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
                server.login(role, PASSWORDS[role])
        _provision(server.dsn, None)  # without logins, they are left as they are
        server.login("analyst", "new").close()
        server.login("metrics", PASSWORDS["metrics"]).close()
    finally:
        _provision(server.dsn, PASSWORDS)
    server.login("engineer", PASSWORDS["engineer"]).close()


def test_two_at_once_take_turns(server: Server) -> None:
    done: list[provision.Provisioned] = []
    threads = [threading.Thread(target=lambda: done.append(_provision(server.dsn, PASSWORDS))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [provision.Provisioned((), tuple(PASSWORDS))] * 4


# An owner who is no superuser


def test_an_owner_who_is_not_a_superuser_provisions_and_migrates(managed: Server) -> None:
    assert len(_provision(managed.dsn, PASSWORDS).made) == 8
    with Warehouse(managed.dsn) as session:
        assert migrations.migrate(session)[-1] == migrations.newest()
        migrations.require_current(session)
    before = rows(managed.dsn, STATE)
    assert _provision(managed.dsn, PASSWORDS).made == ()
    assert rows(managed.dsn, STATE) == before
    for role in provision.LOGINS:
        home, foreign = ("airflow", "managed") if role == "airflow" else ("managed", "airflow")
        managed.login(role, PASSWORDS[role], home).close()
        if role == "backup":
            managed.login(role, PASSWORDS[role], foreign).close()
            continue
        with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
            managed.login(role, PASSWORDS[role], foreign)
    with Warehouse(managed.dsn, role="platform_admin") as session:
        session.execute("select * from silver.spacex_launches")


def test_a_role_that_may_not_make_roles_is_told_who_may(server: Server) -> None:
    analyst = server.dsn.replace("//postgres:", "//analyst:new")
    _provision(server.dsn, PASSWORDS | {"analyst": "new"})
    before = rows(server.dsn, STATE)
    with pytest.raises(AccessError, match="permission denied") as caught:
        _provision(analyst, PASSWORDS)
    assert "CREATEROLE, CREATEDB" in caught.value.hint
    assert rows(server.dsn, STATE) == before


def test_an_owner_hands_on_what_it_may_and_leaves_out_the_rest(managed: Server) -> None:
    """A managed server backs itself up; one whose owner may let others read everything needs not."""
    members = "select member::regrole::text from pg_auth_members where roleid = 'pg_read_all_data'::regrole"
    _provision(managed.dsn, PASSWORDS)
    assert rows(managed.dsn, f"{members} and member != 'master'::regrole") == []
    superuser = managed.dsn.replace("//master:m@", "//postgres:@")
    with owner(superuser) as cursor:
        cursor.execute("grant pg_read_all_data to master with admin option")
    _provision(managed.dsn, PASSWORDS)
    assert rows(managed.dsn, f"{members} and member != 'master'::regrole") == [("backup",)]


# Statistics of statements

EXTENSION = {
    "pg_stat_statements.control": "default_version = '1'\nrelocatable = true\n",
    "pg_stat_statements--1.sql": "create view pg_stat_statements as select current_setting("
    "'pg_stat_statements.track_utility', true) as query;\ngrant select on pg_stat_statements to public;\n",
}


@pytest.fixture
def counting(tmp_path: Path) -> Iterator[Server]:
    """A server with an extension of that name: the embedded one was built without any."""
    with _server(tmp_path / "postgres") as server:
        extensions = tmp_path / "extension"
        extensions.mkdir()
        for name, text in EXTENSION.items():
            (extensions / name).write_text(text)
        with owner(server.dsn) as cursor:
            cursor.execute("alter system set extension_control_path = %s", [f"{tmp_path}:$system"])
            cursor.execute("select pg_reload_conf()")
        yield server


def test_a_server_that_keeps_statistics_of_statements_lets_those_read_them_who_look_after_it(counting: Server) -> None:
    with owner(counting.dsn) as cursor:
        cursor.execute("alter database warehouse set pg_stat_statements.max = '5000'")
    for _ in range(2):
        _provision(counting.dsn, PASSWORDS)
    with Warehouse(counting.dsn) as session:
        migrations.migrate(session)
    for role, readable in (("metrics", True), ("engineer", True), ("analyst", False), ("etl_loader", False)):
        connection = counting.login(role, PASSWORDS[role])
        with connection.cursor() as cursor:
            if readable:
                cursor.execute("select count(*) from pg_stat_statements")
            else:
                with pytest.raises(pg.UndefinedTable):
                    cursor.execute("select count(*) from pg_stat_statements")
        connection.close()


def test_a_server_that_was_started_without_gets_no_view_that_would_fail(counting: Server) -> None:
    _provision(counting.dsn, PASSWORDS)
    assert value(counting.dsn, "select to_regclass('public.pg_stat_statements') is null")


def test_an_owner_who_may_not_make_it_goes_without(counting: Server) -> None:
    with owner(counting.dsn) as cursor:
        cursor.execute("create role master login createrole createdb password 'm'")
        cursor.execute("grant pg_monitor to master with admin option")
        cursor.execute("create database managed owner master")
        cursor.execute("alter database managed set pg_stat_statements.max = '5000'")
    managed = named(counting.dsn, "managed").replace("//postgres:", "//master:m")
    assert "database airflow" in _provision(managed, PASSWORDS).made
    assert value(managed, "select to_regclass('public.pg_stat_statements') is null")


# Files of passwords


def test_passwords_are_read_as_a_secret_is_mounted(tmp_path: Path) -> None:
    data = tmp_path / "..2026_11_21"
    data.mkdir()
    _files(data, analyst="a b\n", airflow="c")
    (tmp_path / "..data").symlink_to(data)
    for role in ("analyst", "airflow"):
        (tmp_path / role).symlink_to(Path("..data") / role)
    assert provision.passwords(tmp_path) == {"airflow": "c", "analyst": "a b"}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"analysts": "x"}, "'analysts' is not a role that logs in"),
        ({"postgres": "x"}, "'postgres' is not a role that logs in"),
        ({"platform_admin": "x"}, "'platform_admin' is not a role that logs in"),
        ({"analyst": ""}, "The password of analyst is empty"),
        ({"analyst": "\n"}, "The password of analyst is empty"),
        ({"analyst": "two\nlines"}, "The password of analyst is empty or has unprintable characters"),
    ],
    ids=str,
)
def test_a_file_that_is_not_a_login_of_ours_is_refused(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        provision.passwords(_files(tmp_path, **files))
    assert caught.value.hint


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no-folder cannot be read: No such file or directory\."):
        provision.passwords(tmp_path / "no-folder")
    (tmp_path / "analyst").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="a file is not UTF-8"):
        provision.passwords(tmp_path)


# Waiting for a server that starts


class Starting:
    """Stands in for a server that refuses at first: each attempt raises the next error, then a session is had."""

    def __init__(self, *refusals: Exception) -> None:
        self.refusals = list(refusals)

    def __call__(self, _dsn: str) -> str:
        if self.refusals:
            raise self.refusals.pop(0)
        return "a session"


UNAVAILABLE = WarehouseUnavailableError("It starts.", hint="Wait.")
REFUSED = AccessError("The password is wrong.", hint="Check it.")
Pretend = Callable[..., None]


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """A clock that sleeping moves on, and a server that refuses in the ways given."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.append(now.pop() + seconds))
    return lambda *refusals: monkeypatch.setattr(waiting, "Warehouse", Starting(*refusals))


def test_a_server_that_starts_is_waited_for(pretend: Pretend) -> None:
    pretend(*[UNAVAILABLE] * 100, *[REFUSED] * 3)
    with pytest.raises(AccessError):
        waiting.session("", 300)  # by then it has settled: what it refuses now, it means
    pretend(*[REFUSED] * 3, *[UNAVAILABLE] * 100)
    assert waiting.session("", 300) == "a session"


def test_without_waiting_the_first_refusal_counts(pretend: Pretend) -> None:
    for refusal in (UNAVAILABLE, REFUSED):
        pretend(refusal)
        with pytest.raises(type(refusal)):
            waiting.session("", 0)


def test_waiting_ends(pretend: Pretend) -> None:
    pretend(*[UNAVAILABLE] * 10_000)
    with pytest.raises(WarehouseUnavailableError):
        waiting.session("", 60)
    assert 59 < time.monotonic() <= 60


# The command


def test_the_command_says_what_it_made_and_who_may_log_in(server: Server, tmp_path: Path) -> None:
    _files(tmp_path, **PASSWORDS)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "ETL_"))} | {
        "PGHOST": parse_qs(urlsplit(server.dsn).query)["host"][0],
        "PGDATABASE": "warehouse",
        "PGUSER": "postgres",
    }
    command = [sys.executable, "-m", "etl", "provision", "--logins", str(tmp_path), "--wait", "5"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == (
        "All roles and databases exist already.\n"
        "Roles that may log in: airflow, analyst, backup, engineer, etl_loader, metrics.\n"
    )
    assert done.returncode == 0
