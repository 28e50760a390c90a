"""The chart's scripts on a real server: what a backup holds, how it affects runs that publish, how it comes back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from etl.lake.store import Lake
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.state import migrations, provision
from tests.conftest import ROOT, named
from tests.waiting import eventually
from tests.warehouse.states import Steps, changed, owner, published, rows, run, snapshot, state, value

SCRIPTS = ROOT / "charts" / "warehouse" / "files"
PROGRAMS = Path(embedded.program("psql")).parent
HBA = "local all all trust\n"


@dataclass
class Site:
    """A provisioned server, a volume, and the scripts as their pods run them."""

    dsn: str
    host: Path
    volume: Path
    lake: Lake
    path: str = f"{PROGRAMS}:/usr/bin:/bin"

    @property
    def ended(self) -> Path:
        """What a person reads in the pod's status."""
        return self.volume.parent / "termination-log"

    @property
    def log(self) -> Path:
        """The output of the script that was started last."""
        return self.volume.parent / "log"

    def start(self, script: str, *arguments: str, user: str = "backup", **environment: str) -> subprocess.Popen[bytes]:
        text = (SCRIPTS / f"{script}.sh").read_text().replace("/dev/termination-log", str(self.ended))
        copied = self.volume.parent / script
        copied.write_text(text)
        told = {"PATH": self.path, "PGHOST": str(self.host), "PGUSER": user, "PGDATABASE": "warehouse"}
        told |= {"BACKUPS": str(self.volume), "KEEP": "2", "COMPRESSION": "gzip"}  # the embedded one knows no zstd
        with self.log.open("wb") as log:
            command = ["bash", str(copied), *arguments]
            return subprocess.Popen(command, env=told | environment, stdout=log, stderr=log, start_new_session=True)

    def backup(self, **environment: str) -> tuple[int, str]:
        """Its exit code and all of its output."""
        return self.start("backup", **environment).wait(120), self.log.read_text()

    def restore(self, *arguments: str) -> tuple[int, str]:
        return self.start("restore", *arguments, user="postgres").wait(120), self.log.read_text()

    @property
    def backups(self) -> list[str]:
        """Whatever a person finds on the volume."""
        return sorted(path.name for path in self.volume.iterdir() if path.name != ".lock")

    def slow(self, program: str, before: str) -> None:
        """Let a program do something before its work."""
        folder = self.volume.parent / "bin"
        folder.mkdir(exist_ok=True)
        (folder / program).write_text(f'#!/bin/bash\n{before}\nexec {PROGRAMS / program} "$@"\n')
        (folder / program).chmod(0o755)
        self.path = f"{folder}:{PROGRAMS}:/usr/bin:/bin"

    def held(self, program: str) -> Callable[[], None]:
        """Let a program wait before its work until what this returns is called."""
        gate = self.volume.parent / "gate"
        self.slow(program, f"until [ -e {gate} ]; do sleep 0.02; done")
        return gate.touch


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server of its own, with roles, databases and tables, and a little in Airflow's."""
    folder = tmp_path_factory.mktemp("backup") / "postgres"
    with embedded.server(folder) as dsn:
        (folder / "pg_hba.conf").write_text(HBA)
        with owner(dsn) as cursor:
            cursor.execute("alter system set fsync = off")
            cursor.execute("select pg_reload_conf()")
        with Warehouse(dsn) as session:
            provision.provision(session, dict.fromkeys(provision.LOGINS, "x"))
            migrations.migrate(session)
        with owner(named(dsn, "airflow").replace("//postgres:", "//airflow:")) as cursor:
            cursor.execute("create table dag_run (id int primary key)")
            cursor.execute("insert into dag_run select generate_series(1, 100)")
        with owner(named(dsn, "postgres")) as cursor:
            cursor.execute("alter database warehouse rename to pristine")
        yield dsn, folder


@pytest.fixture
def site(provisioned: tuple[str, Path], tmp_path: Path) -> Iterator[Site]:
    """A warehouse with one run in it."""
    dsn, host = provisioned
    (tmp_path / "volume").mkdir()
    with owner(named(dsn, "postgres")) as cursor:
        cursor.execute("create database warehouse template pristine")
        cursor.execute("revoke all on database warehouse from public")
        cursor.execute("grant connect on database warehouse to etl_loader, engineer, analyst, metrics, backup")
    lake = Lake(str(tmp_path / "lake"))
    run(dsn, lake)
    yield Site(dsn, host, tmp_path / "volume", lake)
    with owner(named(dsn, "postgres")) as cursor:
        cursor.execute("select datname from pg_database where datname ~ '^(warehouse|airflow_)'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'drop database "{name}" with (force)')


# What a backup is


def test_a_backup_holds_both_databases_and_the_one_restored_from_it_is_the_same(site: Site) -> None:
    code, said = site.backup()
    assert code == 0, said
    [name] = site.backups
    assert re.fullmatch(r"\d{8}T\d{6}Z", name)
    assert sorted(file.name for file in (site.volume / name).iterdir()) == ["airflow.dump", "warehouse.dump"]
    assert site.restore("list")[1].count(name) == 2
    code, said = site.restore("load", name, "warehouse")
    assert (code, said) == (0, f"warehouse_{name.lower()} has been created. Nothing uses it yet.\n")
    restored = named(site.dsn, f"warehouse_{name.lower()}")
    assert state(restored) == state(site.dsn)
    ledger = "select r, d from ops.run as r left join ops.run_dataset as d using (run_id) order by r, d"
    assert rows(restored, ledger) == rows(site.dsn, ledger)
    assert site.restore("load", name, "airflow")[0] == 0
    assert value(named(site.dsn, f"airflow_{name.lower()}"), "select sum(id) from dag_run") == 5050


def test_only_so_many_are_kept_and_the_newest_of_them(site: Site) -> None:
    for old in ("20260101T023000Z", "20260102T023000Z", "20260103T023000Z"):
        (site.volume / old).mkdir()
    assert site.backup()[0] == 0
    kept = site.backups
    assert len(kept) == 2
    assert kept[0] == "20260103T023000Z"


def test_whoever_backs_up_may_read_everything_and_change_nothing(site: Site) -> None:
    backup = site.dsn.replace("//postgres:", "//backup:")
    assert value(backup, "select count(*) from silver.spacex_launches") == 205
    assert value(backup, "select count(*) from ops.run") == 1
    assert value(named(backup, "airflow"), "select count(*) from dag_run") == 100
    for change in ("delete from ops.run", "create table ops.new (id int)", "drop table silver.spacex_cores"):
        with pytest.raises(Exception, match=r"permission denied|must be owner"):
            value(backup, change)


def test_where_there_is_no_backup_a_person_is_told_how_to_make_one(site: Site) -> None:
    code, said = site.restore("list")
    assert code == 64
    assert said.startswith("error: There is no backup.\nhint: Make one: kubectl ")


# Backups that fail


@pytest.fixture
def with_an_older_one(site: Site) -> str:
    assert site.backup()[0] == 0
    time.sleep(1)  # names differ by the second
    return site.backups[0]


@pytest.mark.parametrize("program", ["pg_dump", pytest.param("pg_restore", marks=pytest.mark.thorough)])
def test_a_full_volume_leaves_the_older_backup_and_nothing_else(
    site: Site, with_an_older_one: str, program: str
) -> None:
    site.slow(program, "exec 1>&2; ulimit -f 8; trap '' XFSZ" if program == "pg_dump" else "exit 1")
    code, said = site.backup(KEEP="1")
    assert code == 75, said
    assert site.backups == [with_an_older_one]
    assert re.search(r"error: .*(failed|cannot be read back)\.\nhint: .* are free", site.ended.read_text())


def test_a_dump_of_the_second_database_that_fails_leaves_none_of_the_first(site: Site, with_an_older_one: str) -> None:
    site.slow("pg_dump", '[[ "$*" == *=airflow* ]] && exit 1')
    assert site.backup()[0] == 75
    assert site.backups == [with_an_older_one]
    assert "The dump of airflow failed." in site.ended.read_text()


def test_a_killed_backup_leaves_the_older_one_and_the_next_one_tidies_up(site: Site, with_an_older_one: str) -> None:
    site.slow("pg_dump", "sleep 60")
    process = site.start("backup")
    eventually(lambda: ".partial" in site.backups)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert [name for name in site.backups if not name.startswith(".")] == [with_an_older_one]
    site.path = f"{PROGRAMS}:/usr/bin:/bin"
    eventually(lambda: site.backup()[0] == 0)  # what it had started may hold its lock for a moment longer than it lived
    assert len(site.backups) == 2
    assert ".partial" not in site.backups


def test_a_second_backup_at_the_same_time_gives_way(site: Site) -> None:
    release = site.held("pg_dump")
    first = site.start("backup")
    eventually(lambda: ".partial" in site.backups)
    code, said = site.backup()
    release()
    assert (code, said.splitlines()[0]) == (75, "error: Another backup is being made.")
    assert first.wait(60) == 0


def test_a_server_that_refuses_is_reported(site: Site) -> None:
    code, said = site.backup(PGUSER="nobody_of_that_name")
    assert code == 75
    assert 'role "nobody_of_that_name" does not exist' in said
    assert site.ended.read_text().startswith("error: The dump of warehouse failed.")


# Backups and those who publish


@pytest.mark.parametrize("moment", [pytest.param("stage", marks=pytest.mark.thorough), "publish"])
def test_a_backup_made_while_a_run_publishes_holds_the_state_before(site: Site, moment: str) -> None:
    before = published(site.dsn)

    def back_up() -> None:
        code, said = site.backup()
        assert code == 0, said

    assert run(site.dsn, site.lake, changed(), listener=Steps(**{moment: back_up})).published.status == "published"
    [name] = site.backups
    assert site.restore("load", name, "warehouse")[0] == 0
    assert published(named(site.dsn, f"warehouse_{name.lower()}")) == before
    assert published(site.dsn) != before


# The way back


@pytest.fixture
def loaded(site: Site) -> str:
    """The name of a database beside the warehouse that holds a backup of it."""
    assert site.backup()[0] == 0
    [name] = site.backups
    assert site.restore("load", name, "warehouse")[0] == 0
    return f"warehouse_{name.lower()}"


LOSSES = {
    "rows": "delete from silver.spacex_launches",
    "the partition": "drop table parts.spacex_launches",
    "the table": "drop table silver.spacex_launches",
}


@pytest.mark.parametrize(
    "loss", ["the partition", *(pytest.param(loss, marks=pytest.mark.thorough) for loss in ("rows", "the table"))]
)
def test_a_lost_table_comes_back_with_its_key_its_rights_and_its_place(site: Site, loaded: str, loss: str) -> None:
    tables = (
        "select relname, relkind, relowner::regrole, coalesce(relacl, acldefault('r', relowner))::text, "
        "obj_description(oid) from pg_class where relname ~ '^spacex_launches' order by 1, 2"
    )
    before, looks = state(site.dsn), rows(site.dsn, tables)
    with owner(site.dsn) as cursor:
        cursor.execute(LOSSES[loss])
    assert site.restore("table", "silver.spacex_launches", loaded) == (
        0,
        f"silver.spacex_launches is now as it was in {loaded}.\n",
    )
    assert (state(site.dsn), rows(site.dsn, tables)) == (before, looks)
    assert run(site.dsn, site.lake, snapshot()).published.status == "unchanged"
    assert run(site.dsn, site.lake, changed()).published.status == "published"


def test_a_table_of_another_version_is_not_put_among_the_others(site: Site, loaded: str) -> None:
    with owner(named(site.dsn, loaded)) as cursor:
        cursor.execute("update ops.schema_version set version_num = '0011'")
    code, said = site.restore("table", "silver.spacex_launches", loaded)
    assert code == 64
    assert f"{loaded} is of another version" in said
    assert f"restore swap warehouse {loaded}" in said


def test_a_run_restores_lost_rows_by_itself(site: Site) -> None:
    before = published(site.dsn)
    with owner(site.dsn) as cursor:
        cursor.execute("delete from parts.spacex_cores")
    assert run(site.dsn, site.lake).published.status == "published"
    assert published(site.dsn) == before


def test_a_table_on_which_others_depend_is_left_as_it_is(site: Site, loaded: str) -> None:
    before = rows(site.dsn, "select * from ops.run")
    code, said = site.restore("table", "ops.run", loaded)
    assert code == 64
    assert "other objects depend on it" in said
    assert rows(site.dsn, "select * from ops.run") == before


OUR_VIEWS = """
set role platform_admin;
create view gold.names as select name from silver.spacex_launches;
comment on view gold.names is 'One row per launch.';
create view ops.names as select count(*) as launches from gold.names;
revoke all on ops.names from etl_loader, engineer;
reset role;
"""
THEIR_VIEW = "create view public.theirs as select name from gold.names"


@pytest.mark.thorough
def test_our_views_on_a_table_come_back_with_it_and_those_of_others_keep_it_as_it_is(site: Site) -> None:
    looks = (
        "select relnamespace::regnamespace::text, relowner::regrole, relacl::text, obj_description(oid), "
        "pg_get_viewdef(oid) from pg_class where relname in ('names', 'nasa_catalogue') order by relname, 1"
    )
    with owner(site.dsn) as cursor:
        cursor.execute(OUR_VIEWS)
        cursor.execute(THEIR_VIEW)
        before = rows(site.dsn, looks)
        assert site.backup()[0] == 0
        [name] = site.backups
        assert site.restore("load", name, "warehouse")[0] == 0
        code, said = site.restore("table", "silver.spacex_launches", f"warehouse_{name.lower()}")
        assert (code, "view theirs depends on view gold.names" in said) == (64, True), said
        assert rows(site.dsn, looks) == before

        cursor.execute("drop view public.theirs")
        for loss in ("delete from silver.spacex_launches", "drop table silver.spacex_launches cascade"):
            cursor.execute(loss)
            code, said = site.restore("table", "silver.spacex_launches", f"warehouse_{name.lower()}")
            assert code == 0, said
            assert rows(site.dsn, looks) == before
            assert value(site.dsn.replace("//postgres:", "//metrics:"), "select launches from ops.names") == 205
    assert site.restore("table", "silver.neo_close_approaches", f"warehouse_{name.lower()}")[0] == 0
    assert rows(site.dsn, looks) == before
    assert value(site.dsn.replace("//postgres:", "//analyst:"), "select count(*) from gold.nasa_catalogue") == 0


@pytest.mark.thorough
def test_a_whole_database_takes_the_place_of_the_damaged_one(site: Site, loaded: str) -> None:
    before = state(site.dsn)
    grants = (
        "select datname, datdba::regrole, (select array_agg(a::text order by a::text) from unnest(datacl) as a) "
        "from pg_database where datname = 'warehouse'"
    )
    rights = rows(site.dsn, grants)
    run(site.dsn, site.lake, changed())
    spoilt = state(site.dsn)
    with Warehouse(site.dsn.replace("//postgres:", "//analyst:")):  # somebody sits there
        assert site.restore("swap", "warehouse", loaded)[0] == 0
    assert state(site.dsn) == before
    assert rows(site.dsn, grants) == rights
    assert state(named(site.dsn, "warehouse_before")) == spoilt
    assert value(site.dsn.replace("//postgres:", "//analyst:"), "select count(*) from silver.spacex_launches") == 205
    assert site.restore("forget", "warehouse_before") == (0, "")
    assert run(site.dsn, site.lake, changed()).published.status == "published"


def test_nothing_that_is_in_use_is_overwritten_or_removed(site: Site, loaded: str) -> None:
    for arguments, told in {
        ("forget", "warehouse"): "warehouse is in use.",
        ("load", loaded.removeprefix("warehouse_").upper(), "warehouse"): f"{loaded} already exists.",
        ("load", "20200101T000000Z", "warehouse"): "There is no warehouse in backup 20200101T000000Z.",
        ("swap", "warehouse", "warehouse_of_nobody"): "There is no database warehouse_of_nobody.",
        ("table", "silver.spacex_cores", "nowhere"): "There is no database nowhere.",
    }.items():
        code, said = site.restore(*arguments)
        assert code == 64, arguments
        assert re.fullmatch(f"error: {re.escape(told)}\nhint: .+\n", said), arguments
    assert published(site.dsn)["gold.core_usage"]


def test_without_a_valid_command_the_commands_are_listed(site: Site) -> None:
    for arguments in ((), ("help",), ("load",), ("list", "x")):
        code, said = site.restore(*arguments)
        assert code == 64
        assert said.count("restore ") >= 5
