"""Brings the warehouse to the version of sql/migrations, with Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from etl.core.errors import AccessError, ConfigError
from etl.postgres.connection import Warehouse
from etl.postgres.errors import translated
from etl.sql.statements import folder
from etl.state import ours


def newest() -> str:
    """The version that this code was written for."""
    return _versions()[-1]


def current(warehouse: Warehouse) -> str | None:
    """The warehouse's version; None before the first migration."""
    found = warehouse.execute(
        "select exists (select from pg_attribute where attrelid = to_regclass('ops.schema_version') "
        "and attname = 'version_num') as known"
    )
    if not found[0]["known"]:
        return None
    versions = warehouse.execute("select version_num from ops.schema_version")
    return str(versions[0]["version_num"]) if versions else None


def migrate(warehouse: Warehouse) -> list[str]:
    """Apply what is pending, all of it or nothing, one process at a time; return the versions applied."""
    before = current(warehouse)
    if before == newest():
        return []
    _refuse_newer(before)
    if before is None:
        ours.refuse_foreign(warehouse)
        ours.require_rights(warehouse)

    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import StaticPool

    engine = create_engine("postgresql+psycopg2://", creator=lambda: warehouse.raw, poolclass=StaticPool)
    config = Config()
    config.set_main_option("script_location", str(folder() / "migrations").replace("%", "%%"))
    with _as_owner(), translated():
        warehouse.raw.autocommit = False
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("select pg_advisory_xact_lock(47, 0)")
                connection.exec_driver_sql("create schema if not exists ops")
                before = current(warehouse)  # another process may have migrated while we waited
                _refuse_newer(before)
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except DBAPIError as error:
            raise error.orig or error from error
        finally:
            if not warehouse.raw.closed:
                warehouse.raw.autocommit = True
    return [version for version in _versions() if before is None or version > before]


def require_current(warehouse: Warehouse) -> None:
    """Raises: ConfigError unless the warehouse has exactly the version of this code."""
    version = current(warehouse)
    if version is None or version < newest():
        warehouse.execute("select pg_advisory_xact_lock_shared(47, 0)")  # until a migration that is under way has ended
        version = current(warehouse)
    if version == newest():
        return
    _refuse_newer(version)
    raise ConfigError(
        f"The warehouse has {'no migrations' if version is None else f'version {version}'}, "
        f"this code needs version {newest()}.",
        hint="Run `etl migrate` as the owner of the database.",
    )


@contextmanager
def _as_owner() -> Iterator[None]:
    try:
        yield
    except AccessError as error:
        hint = f"Run `etl migrate` as the owner of the database, who may act as {ours.OWNER}, or as a superuser."
        raise AccessError(error.message, hint=hint) from error


def _versions() -> list[str]:
    return sorted(file.name[:4] for file in (folder() / "migrations" / "versions").glob("[0-9]*.py"))


def _refuse_newer(version: str | None) -> None:
    if version is not None and version > newest():
        raise ConfigError(
            f"The warehouse has version {version}, this code knows only {newest()}.",
            hint="Use the newer release of this code that migrated it.",
        )
