"""The commands of charts/warehouse/files/restore.sh, with a real server and real dumps."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from etl.postgres import embedded, programs
from etl.postgres.connection import Warehouse
from etl.state import migrations, provision
from k8s.installer import paths
from tests.conftest import named
from tests.warehouse.states import owner, value

pytestmark = pytest.mark.thorough

SCRIPT = paths.CHARTS / "warehouse" / "files" / "restore.sh"
BACKUP = "20261121T023000Z"
BESIDE = "warehouse_20261121t023000z"


class Place:
    """The pod to restore from: the server's programs, the superuser's login and a folder of backups."""

    def __init__(self, dsn: str, folder: Path) -> None:
        host = parse_qs(urlsplit(dsn).query)["host"][0]
        self.dsn = dsn
        self.environment = {
            "PATH": f"{Path(programs.path('psql')).parent}:{os.environ['PATH']}",
            "PGHOST": host,
            "PGUSER": "postgres",
        }
        self.environment |= {"BACKUPS": str(folder), "LC_ALL": "C.UTF-8"}
        self.folder = folder

    def call(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(["bash", str(SCRIPT), *arguments], env=self.environment, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stderr if code else done.stdout

    def execute(self, statement: str, database: str = "warehouse") -> None:
        with owner(named(self.dsn, database)) as cursor:
            cursor.execute(statement)

    def note(self, database: str = "warehouse") -> str:
        """What tells one database from another."""
        return str(value(named(self.dsn, database), "select obj_description('ops'::regnamespace)"))

    def databases(self) -> set[str]:
        with owner(named(self.dsn, "postgres")) as cursor:
            cursor.execute("select datname from pg_database where datname like 'warehouse%'")
            return {name for (name,) in cursor.fetchall()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With a backup of a warehouse that said `then`."""
    folder = tmp_path_factory.mktemp("restore")
    with embedded.server(folder / "postgres") as dsn:
        with Warehouse(dsn) as session:
            provision.provision(session, dict.fromkeys(provision.LOGINS, "p"))
            migrations.migrate(session)
        place = Place(dsn, folder / "backups")
        (place.folder / BACKUP).mkdir(parents=True)
        place.execute("comment on schema ops is 'then'")
        dump = ["pg_dump", "--format=custom", f"--file={place.folder / BACKUP / 'warehouse.dump'}", "warehouse"]
        subprocess.run(dump, env=place.environment, check=True)
        place.execute("alter database warehouse rename to pristine", "postgres")
        yield place


@pytest.fixture
def place(server: Place) -> Iterator[Place]:
    """Today's warehouse says `today`."""
    server.execute("create database warehouse template pristine", "postgres")
    with Warehouse(server.dsn) as session:
        provision.provision(session, None)
    server.execute("comment on schema ops is 'today'")
    yield server
    for name in server.databases():
        server.execute(f"drop database {name} with (force)", "postgres")


def test_a_swap_can_be_reversed_any_number_of_times(place: Place) -> None:
    place.call("load", BACKUP, "warehouse")
    said = place.call("swap", "warehouse", BESIDE)
    assert place.note() == "then"
    back = said.splitlines()[-1].partition("restore ")[2].split()
    assert back == ["swap", "warehouse", "warehouse_before"]
    for wanted in ("today", "then", "today"):
        place.call(*back)
        assert place.note() == wanted
        assert place.databases() == {"warehouse", "warehouse_before"}


def test_no_former_database_is_given_up_for_another(place: Place) -> None:
    for _ in range(3):
        place.call("load", BACKUP, "warehouse")
        said = place.call("swap", "warehouse", BESIDE)
    assert place.databases() == {"warehouse", "warehouse_before", "warehouse_before_2", "warehouse_before_3"}
    assert place.note("warehouse_before") == "today"
    assert "restore swap warehouse warehouse_before_3" in said
    place.call("swap", "warehouse", "warehouse_before")
    assert place.note() == "today"
    place.call("forget", "warehouse_before_2")
    place.call("forget", "warehouse", code=64)


def test_roles_connect_to_what_was_swapped_in_and_out_as_before(place: Place) -> None:
    place.call("load", BACKUP, "warehouse")
    place.call("swap", "warehouse", BESIDE)
    for database in ("warehouse", "warehouse_before"):
        allowed = f"select has_database_privilege('analyst', '{database}', 'connect')"
        assert value(place.dsn, allowed) is True
        psycopg2.connect(named(place.dsn, database)).close()


def test_a_database_that_was_dropped_comes_back(place: Place) -> None:
    place.execute("drop database warehouse", "postgres")
    place.call("load", BACKUP, "warehouse")
    said = place.call("swap", "warehouse", BESIDE)
    assert place.note() == "then"
    assert "To go back" not in said


def test_a_table_comes_back_with_its_rows(place: Place) -> None:
    place.call("load", BACKUP, "warehouse")
    place.execute("drop table if exists ops.schema_version")
    assert "as it was" in place.call("table", "ops.schema_version", BESIDE)
    assert value(place.dsn, "select version_num from ops.schema_version") == migrations.newest()


@pytest.mark.parametrize("table", ["silver.spacex_launches", "gold.neo_threats", "silver.sensor_readings"])
def test_a_table_that_was_dropped_comes_back_with_its_rights_and_what_needed_it(place: Place, table: str) -> None:
    rights = f"select (select relacl::text[] from pg_class where oid = '{table}'::regclass)"
    views = "select array_agg(viewname::text order by viewname) from pg_views where viewowner = 'platform_admin'"
    before = value(place.dsn, rights), value(place.dsn, views)
    place.call("load", BACKUP, "warehouse")
    place.execute(f"drop table {table} cascade")
    place.call("table", table, BESIDE)
    assert (value(place.dsn, rights), value(place.dsn, views)) == before


@pytest.mark.parametrize("schema", ["gold", "parts"])
def test_a_table_of_a_schema_that_is_gone_needs_the_whole_database_and_that_works(place: Place, schema: str) -> None:
    place.call("load", BACKUP, "warehouse")
    place.execute(f"drop schema {schema} cascade")
    said = place.call("table", "gold.core_usage", BESIDE, code=64)
    assert f"no schema {schema}" in said
    hint = said.partition("restore swap ")[2].split()
    place.call("swap", *hint)
    assert value(place.dsn, f"select to_regnamespace('{schema}') is not null") is True


def test_it_waits_for_a_server_that_cannot_be_reached_yet(place: Place) -> None:
    later = place.environment | {"PGHOST": "127.0.0.1", "PGPORT": "1"}
    switch = place.folder / "pg_isready"
    switch.write_text(f"#!/bin/sh\n[ -e {place.folder}/tried ] && exit 0; touch {place.folder}/tried; exit 2\n")
    switch.chmod(0o755)
    later["PATH"] = f"{place.folder}:{later['PATH']}"
    done = subprocess.run(["bash", str(SCRIPT), "forget", "x_before"], env=later, capture_output=True, text=True)
    assert (place.folder / "tried").exists()
    assert "Connection refused" in done.stderr


def test_a_comparison_names_each_table_that_differs_and_no_other(place: Place) -> None:
    place.call("load", BACKUP, "warehouse")
    assert place.call("compare", "warehouse", BESIDE) == f"warehouse and {BESIDE} have the same contents.\n"
    place.execute("update ops.schema_version set version_num = 'other'")
    place.execute("drop table gold.neo_threats cascade")
    place.execute("create table silver.of_today (x int)")
    first, *lines = place.call("compare", "warehouse", BESIDE).splitlines()
    assert first == f"warehouse differs from {BESIDE}:"
    assert "  gold.neo_threats: is not there now, then 0 rows" in lines
    assert "  ops.schema_version: now 1 rows, then 1 rows, and they differ" in lines
    assert "  silver.of_today: now 0 rows, was not there then" in lines
    assert len([line for line in lines if "view " not in line]) == 3


def test_a_database_of_another_server_is_loaded_beside(place: Place) -> None:
    assert place.call("has", "warehouse_newest") == "no\n"
    place.call("copy", "warehouse", place.environment["PGHOST"], "warehouse_newest")
    assert place.call("has", "warehouse_newest") == "yes\n"
    assert "same contents" in place.call("compare", "warehouse", "warehouse_newest")
    assert "already exists" in place.call("copy", "warehouse", place.environment["PGHOST"], "warehouse_newest", code=64)
    place.call("forget", "warehouse_newest")


def test_a_server_that_cannot_be_copied_leaves_nothing_behind(place: Place) -> None:
    assert "could not be loaded" in place.call(
        "copy", "nothing", place.environment["PGHOST"], "warehouse_newest", code=64
    )
    assert place.call("has", "warehouse_newest") == "no\n"
