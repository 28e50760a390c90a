"""Prepares a server: the platform's roles and databases, who may log in, and how much each role may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from etl.core.errors import AccessError, ConfigError
from etl.postgres.connection import Warehouse
from etl.postgres.errors import translated
from etl.sql.statements import statement
from etl.state.migrations import current
from etl.state.ours import AIRFLOW, BACKUP, LOGINS, MARK, OWNER, refuse_foreign

# Postgres' predefined roles that we grant. An owner who is not a superuser often may not: then the grant is skipped, as
# a managed server makes its own backups.
PREDEFINED: Mapping[str, str] = {BACKUP: "pg_read_all_data", "engineer": "pg_read_all_stats"}


@dataclass(frozen=True)
class Provisioned:
    """What a call created, and who may log in (None: left unchanged)."""

    made: tuple[str, ...]
    logins: tuple[str, ...] | None


def passwords(folder: Path) -> dict[str, str]:
    """Read files named after roles, as a Secret is mounted; a line break after the password is ignored.

    Raises: ConfigError if there is no such folder, or a file is not named after one of our roles or holds no password.
    """
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        found = {file.name: file.read_text(encoding="utf-8").rstrip("\r\n") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "a file is not UTF-8"
        raise ConfigError(f"The logins in {folder} cannot be read: {said}.", hint="Mount the Secret there.") from error
    for role, password in found.items():
        if role not in LOGINS:
            raise ConfigError(f"'{role}' is not a role that logs in.", hint=f"Name the files {', '.join(LOGINS)}.")
        if not password or not password.isprintable():
            raise ConfigError(
                f"The password of {role} is empty or has unprintable characters.",
                hint=f"Write one line into {folder / role}.",
            )
    return found


def provision(warehouse: Warehouse, logins: Mapping[str, str] | None) -> Provisioned:
    """Create what is missing and correct the rest; anything already right is left alone.

    With `logins`, role to password, these roles may log in and the others may not; without, that is left unchanged.
    Raises: ConfigError if others use the database, or names of ours; AccessError unless run as a superuser, or as the
    database's owner who may create roles and databases.
    """
    with _as_owner():
        warehouse.run("provision/lock")
        (me,) = warehouse.run("provision/current_identity")
        if current(warehouse) is None:
            refuse_foreign(warehouse)
        _refuse_foreign_database(warehouse, AIRFLOW)
        with warehouse.transaction():
            made = _make_roles(warehouse, is_superuser=me["is_superuser"])
            _limit(warehouse)
            if logins is not None:
                _set_logins(warehouse, logins)
        made += _make_database(warehouse, AIRFLOW)
        with warehouse.transaction():
            for database in (me["database"], AIRFLOW):
                _execute(warehouse, statement("provision/close_database"), database=database)
            readers = [role for role in LOGINS if role != AIRFLOW]
            _execute(warehouse, statement("provision/open_database"), database=me["database"], roles=readers)
            _execute(warehouse, statement("provision/open_database"), database=AIRFLOW, roles=[BACKUP])
        _count_statements(warehouse)
    return Provisioned(made, None if logins is None else tuple(logins))


def _make_roles(warehouse: Warehouse, *, is_superuser: bool) -> tuple[str, ...]:
    wanted = [OWNER, *LOGINS]
    existing = {row["name"] for row in warehouse.run("provision/existing_roles", {"roles": wanted})}
    missing = [role for role in wanted if role not in existing]
    for role in missing:
        _execute(warehouse, statement("provision/create_role"), role=role)
    if not is_superuser:
        for role in (OWNER, AIRFLOW):
            _execute(warehouse, statement("provision/act_as"), role=role)
    _execute(warehouse, statement("provision/grant_role"), granted="pg_monitor", role="metrics")
    for role, predefined in PREDEFINED.items():
        if warehouse.run("provision/may_grant_role", {"granted": predefined})[0]["may"]:
            _execute(warehouse, statement("provision/grant_role"), granted=predefined, role=role)
    return tuple(f"role {role}" for role in missing)


def _limit(warehouse: Warehouse) -> None:
    for role, limits in LOGINS.items():
        connections = {"connections": limits.connections}
        _execute(warehouse, statement("provision/limit_connections"), connections, role=role)
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            value = {"value": getattr(limits, setting)}
            _execute(warehouse, statement("provision/limit"), value, role=role, setting=setting)
    for role in (OWNER, *LOGINS):
        _execute(warehouse, statement("provision/mark"), {"mark": MARK}, role=role)


def _set_logins(warehouse: Warehouse, logins: Mapping[str, str]) -> None:
    """Send verifiers, never passwords: a statement may end up in a log or a managed server's pg_stat_statements."""
    warehouse.run("provision/count_no_verifiers")
    for role in LOGINS:
        if role not in logins:
            _execute(warehouse, statement("provision/revoke_login"), role=role)
            continue
        with translated():
            verifier = encrypt_password(logins[role], role, warehouse.raw, "scram-sha-256")
        _execute(warehouse, statement("provision/grant_login"), {"verifier": verifier}, role=role)


def _count_statements(warehouse: Warehouse) -> None:
    """Let people read statement statistics, if the server collects them and we have the right."""
    if warehouse.run("provision/keeps_statements")[0]["keeps"]:
        with suppress(AccessError), warehouse.transaction():
            warehouse.run("provision/count_statements")
            readers = ["metrics", "engineer"]
            _execute(warehouse, statement("provision/read_statements"), roles=readers)


def _refuse_foreign_database(warehouse: Warehouse, name: str) -> None:
    for found in warehouse.run("provision/existing_databases", {"databases": [name]}):
        if found["owner"] != name:
            raise ConfigError(
                f"The database {name} belongs to {found['owner']}: it is not ours.",
                hint=f"Rename it, or use another server: Airflow gets a database {name} of its own.",
            )


def _make_database(warehouse: Warehouse, name: str) -> tuple[str, ...]:
    if warehouse.run("provision/existing_databases", {"databases": [name]}):
        return ()
    _execute(warehouse, statement("provision/create_database"), database=name, owner=name)
    return (f"database {name}",)


def _execute(
    warehouse: Warehouse, text: str, parameters: Mapping[str, Any] | None = None, **names: str | list[str]
) -> None:
    """Run a statement with the names of roles, databases or settings inserted, each quoted."""
    parts = {
        part: sql.SQL(", ").join(sql.Identifier(name) for name in ([given] if isinstance(given, str) else given))
        for part, given in names.items()
    }
    warehouse.execute(sql.SQL(text).format(**parts), parameters)


@contextmanager
def _as_owner() -> Iterator[None]:
    try:
        yield
    except AccessError as error:
        raise AccessError(
            error.message,
            hint="Run it as a superuser, or as the database's owner with CREATEROLE, CREATEDB and "
            "pg_monitor with admin option.",
        ) from error
