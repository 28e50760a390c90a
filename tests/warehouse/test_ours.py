"""We touch only what is ours: a database that others use, and roles that only share our names, stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from etl.core.errors import AccessError, ConfigError
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.state import migrations, provision
from tests.conftest import named
from tests.warehouse.states import owner, rows, value

IN_IT = """
select 'schema', nspname::text, concat_ws(' ', nspowner::regrole, nspacl::text) from pg_namespace
where nspname !~ '^pg_(toast_)?temp'
union all select 'database', datname::text, concat_ws(' ', datdba::regrole, datacl::text) from pg_database
where datname in (current_database(), 'airflow')
union all select 'relation', oid::regclass::text, relacl::text from pg_class
where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
"""
EVERYTHING = f"""{IN_IT}
union all select 'role', rolname::text, concat_ws(' ', rolcanlogin, rolconnlimit, rolconfig::text) from pg_roles
union all select 'member', member::regrole::text, roleid::regrole::text from pg_auth_members
order by 1, 2, 3
"""
IN_IT += "order by 1, 2, 3"
FOREIGN = {
    "schema gold": "create schema gold",
    "schema ops": "create schema ops",
    "schema stage": "create schema stage",
    "schema shop": "create schema shop",
    "schema quarantine": "create schema quarantine",
    "relation public.orders": "create table public.orders (id int)",
    "relation public.numbers": "create sequence public.numbers",
    "relation public.recent": "create view public.recent as select 1 as one",
    "function public.add": "create function public.add(int) returns int language sql as 'select $1'",
    "schema ops and 1 more": "create schema ops; create schema silver",
    "schema ops ": "create schema ops; create table ops.schema_version (number int)",
}


@pytest.mark.parametrize("act", [migrations.migrate, lambda session: provision.provision(session, None)])
@pytest.mark.parametrize(("thing", "made_by"), FOREIGN.items())
def test_a_database_that_others_use_is_refused_and_stays_as_it_is(
    new_database: Callable[..., str], thing: str, made_by: str, act: Callable[[Warehouse], object]
) -> None:
    dsn = new_database(migrated=False)
    with owner(dsn) as cursor:
        cursor.execute(made_by)
    before = rows(dsn, IN_IT)
    with Warehouse(dsn) as session, pytest.raises(ConfigError, match=f"is used already: it has {thing.strip()}") as c:
        act(session)
    assert rows(dsn, IN_IT) == before
    assert "PGDATABASE" in c.value.hint


def test_the_servers_own_database_is_refused(postgres: str) -> None:
    everybodys = named(postgres, "postgres")
    before = rows(everybodys, IN_IT)
    with Warehouse(everybodys) as session, pytest.raises(ConfigError, match="is the server's own"):
        migrations.migrate(session)
    assert rows(everybodys, IN_IT) == before


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, as roles belong to a whole server."""
    with embedded.server(tmp_path_factory.mktemp("shared") / "postgres") as dsn:
        with owner(dsn) as cursor:
            cursor.execute("alter system set fsync = off")
            cursor.execute("select pg_reload_conf()")
            cursor.execute("create role master login createrole createdb")
            cursor.execute("create database managed owner master")
        yield dsn


@pytest.fixture
def fresh(server: str) -> Iterator[str]:
    """A server without any role of ours."""
    ours = ", ".join(("platform_admin", *provision.LOGINS))
    yield server
    with owner(named(server, "postgres")) as cursor:
        cursor.execute("drop database if exists airflow")
        cursor.execute("drop database warehouse with (force)")
        cursor.execute(f"drop role if exists {ours}")
        cursor.execute("create database warehouse")


@pytest.mark.parametrize("act", [migrations.migrate, lambda session: provision.provision(session, None)])
@pytest.mark.parametrize(
    "role", ["analyst login", "analyst connection limit 3", "metrics login superuser", "airflow login"]
)
def test_a_role_of_somebody_with_a_name_of_ours_is_refused_and_stays_as_it_is(
    fresh: str, role: str, act: Callable[[Warehouse], object]
) -> None:
    name = role.split()[0]
    with owner(fresh) as cursor:
        cursor.execute(f"create role {role}")
    before = rows(fresh, EVERYTHING)
    with Warehouse(fresh) as session:
        with pytest.raises(ConfigError, match=f"a role {name} that is not ours") as caught:
            act(session)
        assert rows(fresh, EVERYTHING) == before
        session.execute(caught.value.hint.split("`")[1])
        act(session)


def test_a_database_airflow_of_somebody_is_refused(fresh: str) -> None:
    with owner(fresh) as cursor:
        cursor.execute("create database airflow")
    before = rows(fresh, EVERYTHING)
    with Warehouse(fresh) as session, pytest.raises(ConfigError, match="The database airflow belongs to postgres"):
        provision.provision(session, None)
    assert rows(fresh, EVERYTHING) == before


def test_a_second_warehouse_on_the_same_server_takes_the_roles_of_the_first(fresh: str) -> None:
    with Warehouse(fresh) as session:
        provision.provision(session, dict.fromkeys(provision.LOGINS, "password"))
        migrations.migrate(session)
    with owner(fresh) as cursor:
        cursor.execute("alter role engineer connection limit 33")
        cursor.execute("create database second")
    try:
        with Warehouse(named(fresh, "second")) as session:
            assert migrations.migrate(session)[-1] == migrations.newest()
    finally:
        with owner(fresh) as cursor:
            cursor.execute("drop database second")


def test_an_owner_is_told_which_rights_are_missing_and_with_them_migrates(fresh: str) -> None:
    """The roles were made by a superuser; the owner of the database is none."""
    with Warehouse(fresh) as session:
        migrations.migrate(session)
    managed = named(fresh, "managed").replace("//postgres:", "//master:")
    with Warehouse(managed) as session:
        with pytest.raises(AccessError, match="permission denied to act as platform_admin") as caught:
            migrations.migrate(session)
        assert value(managed, "select count(*) from pg_namespace where nspname in ('ops', 'silver')") == 0
        with owner(fresh) as cursor:
            cursor.execute(caught.value.hint.split("`")[1])
        assert migrations.migrate(session)[-1] == migrations.newest()
    with owner(fresh) as cursor:
        cursor.execute("drop database managed with (force)")
        cursor.execute("create database managed owner master")
        cursor.execute("revoke pg_monitor from master")


def test_an_owner_of_a_server_without_our_roles_is_told_to_provision(fresh: str) -> None:
    with Warehouse(named(fresh, "managed").replace("//postgres:", "//master:")) as session:
        with pytest.raises(AccessError, match="master has no role platform_admin") as caught:
            migrations.migrate(session)
        assert "`etl provision`" in caught.value.hint
