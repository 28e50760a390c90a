"""Each role may do what it is for, and nothing else: probes that must pass, and probes that must be refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import errors as pg

from etl.core.errors import AccessError
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from etl.state import migrations
from tests.conftest import MakeDatabase
from tests.warehouse.states import GOLD, SILVER, TABLES, changed, owner, rows, run, storage, value

PUBLISHED = ("silver.spacex_launches", "gold.core_usage")
LEDGER = (
    *("ops.run", "ops.run_dataset", "ops.audit_result", "ops.watermark", "ops.quarantine", "ops.schedule"),
    "ops.spending",
    "ops.schema_version",
)
WRITES = ("delete from {}", "truncate {}", "drop table {}", "alter table {} add column x int")
READS_ALL = [f"select * from {table}" for table in TABLES]
CATALOGUE = "select * from iceberg.iceberg_tables, iceberg.iceberg_namespace_properties"
NEW_RUN = "insert into ops.run (run_id, source, status, origin) values ('r', 's', 'running', 'o')"

ALLOWED = {
    "platform_admin": [
        *READS_ALL,
        *(f"select * from {table}" for table in LEDGER[:-1]),
        "create table silver.new (id int)",
        "alter table gold.core_usage add column note text",
        "drop table silver.spacex_payloads",
        "create schema another",
    ],
    "etl_loader": [
        *READS_ALL,
        *(f"select * from {table}" for table in LEDGER),
        NEW_RUN,
        "update ops.run set error = 'x'",
        "update ops.quarantine set resolved_at = now()",
        "select ops.open_stage('silver', 'spacex_launches')",
        "select ops.is_alive('a run')",
        CATALOGUE,
        "insert into iceberg.iceberg_tables values ('lake', 'silver', 'new')",
        "update iceberg.iceberg_tables set metadata_location = 'x'",
        "delete from iceberg.iceberg_tables",
    ],
    "engineer": [*READS_ALL, *(f"select * from {table}" for table in LEDGER), CATALOGUE],
    "analyst": [*READS_ALL, CATALOGUE],
    "metrics": [
        *(f"select * from {table}" for table in LEDGER),
        "select * from pg_stat_activity",
        "select pg_database_size(current_database())",
        "select * from pg_stat_user_tables",
        "select ops.is_alive('a run')",
    ],
}
READ_ONLY = [
    *(write.format(table) for write in WRITES for table in (*PUBLISHED, "ops.run")),
    "update silver.spacex_launches set name = 'x'",
    "insert into gold.core_usage default values",
    "update iceberg.iceberg_tables set metadata_location = 'x'",
    NEW_RUN,
    *(
        f"create table {schema}.new (id int)"
        for schema in ("silver", "gold", "ops", "stage", "parts", "iceberg", "public")
    ),
    "create temporary table new (id int)",
    "create schema another",
    "select * from parts.spacex_launches",
    "select ops.open_stage('silver', 'spacex_launches')",
    "select ops.open_months('silver', 'sensor_readings', '{2024-01-01}')",
    "select ops.bring_in('silver', 'spacex_launches', '{}', null, null)",
    "select ops.measure('silver', 'spacex_launches', '{}', null, '0001-01-01', null)",
    "select ops.content('silver', 'spacex_launches', '{}')",
    "set role platform_admin",
]
DENIED = {
    "platform_admin": ["create role another", "copy (select 1) to program 'true'", "select * from pg_authid"],
    "etl_loader": [
        *(write.format(table) for write in WRITES for table in (*PUBLISHED, "ops.run")),
        "update silver.spacex_launches set name = 'x'",
        "update gold.core_usage set launches = 0",
        "insert into silver.spacex_launches default values",
        "select * from parts.spacex_launches",
        "drop table parts.spacex_launches",
        *(
            f"create table {schema}.new (id int)"
            for schema in ("silver", "gold", "ops", "stage", "parts", "iceberg", "public")
        ),
        "create temporary table new (id int)",
        "create schema another",
        "delete from ops.quarantine",
        "delete from ops.watermark",
        "update ops.audit_result set offending_rows = 0",
        "update ops.run_dataset set rows_published = 0",
        "update ops.schema_version set version_num = '9999'",
        "update ops.schedule set every = '1 year'",
        "select ops.open_stage('ops', 'run')",
        "select ops.open_stage('parts', 'spacex_launches')",
        "select ops.open_months('ops', 'run', '{2024-01-01}')",
        "select ops.bring_in('ops', 'run', '{}', null, null)",
        "select ops.bring_in('public', 'anything', '{}', null, null)",
        "set role platform_admin",
    ],
    "engineer": READ_ONLY,
    "analyst": [
        *READ_ONLY,
        *(f"select * from {table}" for table in LEDGER),
        "select * from stage.spacex_launches",
    ],
    "metrics": [*READ_ONLY, *READS_ALL],
}
ROLES = tuple(ALLOWED)


@pytest.fixture(scope="module")
def warehouse_in_use(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A published warehouse; every probe rolls back."""
    with make_database(migrated=False) as dsn:
        with Warehouse(dsn) as session:
            migrations.migrate(session)
        run(dsn, Lake(str(tmp_path_factory.mktemp("lake"))))
        yield dsn


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_it_is_for(warehouse_in_use: str, role: str) -> None:
    for probe in ALLOWED[role]:
        assert _tried(warehouse_in_use, role, probe) is None, probe


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_nothing_else(warehouse_in_use: str, role: str) -> None:
    for probe in DENIED[role]:
        assert isinstance(_tried(warehouse_in_use, role, probe), pg.InsufficientPrivilege), probe


def test_the_loader_publishes_with_no_more_rights_than_these(warehouse_in_use: str) -> None:
    member_of = value(
        warehouse_in_use,
        "select count(*) from pg_auth_members where member = 'etl_loader'::regrole",
    )
    attributes = rows(
        warehouse_in_use,
        "select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication from pg_roles "
        "where rolname in ('platform_admin', 'etl_loader', 'engineer', 'analyst', 'metrics')",
    )
    owned = value(
        warehouse_in_use,
        "select count(*) from pg_class where relowner in "
        "(select oid from pg_roles where rolname in ('etl_loader', 'engineer', 'analyst', 'metrics'))",
    )
    assert member_of == 0
    assert attributes == [(False,) * 5] * 5
    assert owned == 0


def test_what_the_loader_may_not_do_is_reported_as_a_lack_of_access(warehouse_in_use: str) -> None:
    with (
        Warehouse(warehouse_in_use, role="etl_loader") as loader,
        pytest.raises(AccessError, match="must be owner of table spacex_launches"),
    ):
        loader.execute("drop table silver.spacex_launches")


def test_the_loader_cannot_make_stage_tables_out_of_other_names(warehouse_in_use: str) -> None:
    files = storage(warehouse_in_use)
    for table in ("spacex_launches; drop table silver.spacex_cores", '"', "no_such_table"):
        found = _tried(warehouse_in_use, "etl_loader", "select ops.open_stage('silver', %s)", [table])
        assert isinstance(found, pg.UndefinedTable), table
    assert storage(warehouse_in_use) == files


def test_somebody_with_no_role_of_ours_has_no_right_at_all(warehouse_in_use: str) -> None:
    nobody = f"nobody_{uuid.uuid4().hex}"
    with owner(warehouse_in_use) as cursor:
        cursor.execute(f"create role {nobody}")
        try:
            for schema in ("ops", "silver", "gold", "stage", "parts", "iceberg", "public"):
                cursor.execute(
                    "select has_schema_privilege(%(role)s, %(schema)s, 'usage'), "
                    "has_schema_privilege(%(role)s, %(schema)s, 'create')",
                    {"role": nobody, "schema": schema},
                )
                assert cursor.fetchone() == (False, False), schema
            for right in ("connect", "create", "temporary"):
                cursor.execute("select has_database_privilege(%s, current_database(), %s)", [nobody, right])
                assert cursor.fetchone() == (False,), right
            cursor.execute(
                "select count(*) from pg_class where relnamespace::regnamespace::text "
                "in ('ops', 'silver', 'gold', 'stage', 'parts', 'iceberg') and relkind in ('r', 'p') "
                "and has_table_privilege(%s, oid, 'select, insert, update, delete, truncate, references, trigger')",
                [nobody],
            )
            assert cursor.fetchone() == (0,)
            cursor.execute(
                "select count(*) from pg_proc where pronamespace = 'ops'::regnamespace "
                "and has_function_privilege(%s, oid, 'execute')",
                [nobody],
            )
            assert cursor.fetchone() == (0,)
        finally:
            cursor.execute(f"drop role {nobody}")


def test_readers_keep_their_grants_when_tables_are_published_again(database: str, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    run(database, lake)
    grants = _grants(database)
    assert run(database, lake, changed()).published.rows_published > 0
    assert _grants(database) == grants
    for role in ("analyst", "engineer"):
        for probe in READS_ALL:
            assert _tried(database, role, probe) is None
    assert {name for schema, name, *_ in storage(database) if schema == "parts"} >= {*SILVER, *GOLD}
    assert [name for schema, name, *_ in storage(database) if schema == "stage"] == []


def test_a_table_of_a_later_migration_is_readable_immediately(warehouse_in_use: str) -> None:
    connection = psycopg2.connect(warehouse_in_use)
    try:
        with connection.cursor() as cursor:
            cursor.execute("set role platform_admin")
            cursor.execute("create table gold.of_tomorrow (id int)")
            for role, readable in (("analyst", True), ("engineer", True), ("etl_loader", True), ("metrics", False)):
                cursor.execute("select has_table_privilege(%s, 'gold.of_tomorrow', 'select')", [role])
                assert cursor.fetchone() == (readable,), role
    finally:
        connection.close()


def _tried(dsn: str, role: str, probe: str, parameters: list[str] | None = None) -> Exception | None:
    """What Postgres says when that role tries; nothing stays."""
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"set session authorization {role}")
            cursor.execute(probe, parameters)
            return None
    except psycopg2.Error as error:
        return error
    finally:
        connection.close()


def _grants(dsn: str) -> list[tuple[object, ...]]:
    return rows(
        dsn,
        "select relnamespace::regnamespace::text, relname, relowner::regrole::text, relacl::text from pg_class "
        "where relnamespace in ('silver'::regnamespace, 'gold'::regnamespace, 'parts'::regnamespace) "
        "and relkind in ('r', 'p') order by 1, 2",
    )
