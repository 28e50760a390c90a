"""What is ours on a server: we look before we change anything, and refuse what others use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from etl.core.errors import AccessError, ConfigError
from etl.postgres.connection import Warehouse

OWNER = "platform_admin"  # of the warehouse's schemas; never logs in
AIRFLOW = "airflow"  # a role, and its database
BACKUP = "backup"  # reads both databases
MARK = "A role of the data platform."
OF_THE_SERVER = ("postgres", "template1")  # everybody's
GET_ONE = (
    "Give it a database of its own, and set PGDATABASE to that: "
    "`create database warehouse encoding 'UTF8' locale 'C' template template0`."
)


@dataclass(frozen=True)
class Limits:
    """How much of the server one role may use; times in Postgres' own notation, 0 for no limit."""

    connections: int
    statement_timeout: str
    idle_in_transaction_session_timeout: str


# Their sum leaves the superuser room below the chart's max_connections; a test adds them up.
LOGINS: Mapping[str, Limits] = {
    "etl_loader": Limits(20, "0", "15min"),
    "engineer": Limits(10, "30min", "10min"),
    "analyst": Limits(15, "5min", "5min"),
    "metrics": Limits(5, "30s", "30s"),
    BACKUP: Limits(4, "0", "15min"),
    AIRFLOW: Limits(60, "0", "15min"),
}


def refuse_foreign(warehouse: Warehouse) -> None:
    """Look at a database that we have not migrated yet, and at the roles that it would get.

    Raises: ConfigError if others use it, or a role has the name of one of ours.
    """
    [database] = warehouse.run("provision/current_identity")
    if database["database"] in OF_THE_SERVER:
        raise ConfigError(f"The database {database['database']} is the server's own.", hint=GET_ONE)
    found = [row["thing"] for row in warehouse.run("provision/foreign_objects")]
    if found:
        more = f" and {len(found) - 1} more" if found[1:] else ""
        raise ConfigError(
            f"The database {database['database']} is used already: it has {found[0]}{more}.", hint=GET_ONE
        )
    limits = {
        "roles": [OWNER, *LOGINS],
        "connections": [-1, *(limit.connections for limit in LOGINS.values())],
        "settings": ["", *map(_settings, LOGINS.values())],
    }
    for role in warehouse.run("provision/foreign_roles", limits | {"mark": MARK}):
        raise ConfigError(
            f"The server has a role {role['name']} that is not ours, with rights or limits of its own.",
            hint="Use a server without one; or, if it is meant for this platform after all: "
            f"`comment on role {role['name']} is '{MARK}'`.",
        )


def require_rights(warehouse: Warehouse) -> None:
    """Raises: AccessError, before anything is changed, if a migration would be refused for want of a right."""
    [rights] = warehouse.run("provision/rights_to_migrate", {"owner": OWNER})
    if rights["is_superuser"] or (rights["may_act"] and rights["may_grant"]):
        return
    if not rights["is_provisioned"]:
        hint = "Run `etl provision` first, as this user with CREATEROLE or as a superuser."
        raise AccessError(f"{rights['me']} has no role {OWNER} to make the warehouse's schemas for.", hint=hint)
    me = rights["me"]
    raise AccessError(
        f"Postgres would refuse {me} a migration: permission denied to act as {OWNER}, or to grant pg_monitor.",
        hint=f'Have a superuser run `grant {OWNER} to "{me}" with inherit true, set true; '
        f'grant pg_monitor to "{me}" with admin option`.',
    )


def _settings(limits: Limits) -> str:
    """As pg_roles shows them."""
    return (
        f"{{statement_timeout={limits.statement_timeout},"
        f"idle_in_transaction_session_timeout={limits.idle_in_transaction_session_timeout}}}"
    )
