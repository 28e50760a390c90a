"""What a real server says about itself, and what of it `make up` would correct."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.state import migrations, provision
from k8s.installer import paths
from k8s.installer.install import database, secrets
from k8s.installer.install.database import Facts
from k8s.installer.verbs.psql import program
from tests.conftest import named

PASSWORDS = {role: f"password of {role}: ' \" \\ $x ü" for role in secrets.LOGINS}


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, as roles belong to a whole server."""
    with embedded.server(tmp_path_factory.mktemp("server") / "postgres") as dsn:
        yield dsn


Look = Callable[[], Facts]


@pytest.fixture
def look(dsn: str) -> Look:
    """What the server says now."""

    def ask() -> Facts:
        command = [program(), *database.PSQL[1:2], *database.PSQL[3:], "--set=ON_ERROR_STOP=1", named(dsn, "postgres")]
        script = (paths.SQL / "server.psql").read_text()
        return database.facts(subprocess.run(command, input=script, capture_output=True, text=True, check=True).stdout)

    return ask


def execute(dsn: str, *statements: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


@pytest.fixture
def provisioned(dsn: str) -> None:
    with Warehouse(dsn) as session:
        provision.provision(session, PASSWORDS)
        migrations.migrate(session)


def test_a_new_server_lacks_every_role_and_database(dsn: str, look: Look) -> None:
    found = look()
    assert (found.version, found.airflow) == ("", "")
    assert found.major >= 16
    differs = database.differences(found, PASSWORDS)
    assert [f"there is no role {role}" for role in ("platform_admin", *PASSWORDS)] == differs[:7]
    assert "there is no database airflow" in differs


def test_a_server_that_was_provisioned_and_migrated_lacks_nothing(look: Look, provisioned: None) -> None:
    found = look()
    assert database.differences(found, PASSWORDS) == []
    assert database.lost(found) == []
    assert found.version == database.newest() == migrations.newest()


SPOILT: tuple[tuple[tuple[str, ...], str], ...] = (
    (("alter role analyst password 'another'",), "role analyst cannot log in with its password"),
    (("alter role engineer nologin",), "role engineer cannot log in with its password"),
    (("revoke connect on database warehouse from metrics",), "metrics may not connect to database warehouse"),
    (("revoke connect on database airflow from backup",), "backup may not connect to database airflow"),
    (("drop database airflow",), "there is no database airflow"),
    (("drop owned by metrics", "drop role metrics"), "there is no role metrics"),
)


@pytest.mark.parametrize(("statements", "differs"), SPOILT, ids=lambda value: value if isinstance(value, str) else "")
def test_what_was_changed_is_named_and_corrected(
    dsn: str, look: Look, provisioned: None, statements: tuple[str, ...], differs: str
) -> None:
    execute(dsn, *statements)
    assert differs in database.differences(look(), PASSWORDS)
    with Warehouse(dsn) as session:
        provision.provision(session, PASSWORDS)
    assert database.differences(look(), PASSWORDS) == []


def test_airflow_s_own_version_is_known(dsn: str, look: Look, provisioned: None) -> None:
    before = look().identity
    execute(named(dsn, "airflow"), "create table alembic_version ()", "comment on table alembic_version is '3.2.2'")
    assert look().airflow == "3.2.2"
    execute(dsn, "drop database airflow", "create database airflow owner airflow")
    assert (look().airflow, look().identity != before) == ("", True)


def test_a_schema_that_is_gone_is_named(dsn: str, look: Look, provisioned: None) -> None:
    execute(dsn, "drop schema gold cascade")
    assert database.lost(look()) == ["gold"]


def test_no_verifier_of_a_password_is_shown(look: Look, provisioned: None) -> None:
    found: Any = look()
    assert "SCRAM" not in f"{found!r} {found}"
    assert any("SCRAM" in value for value in found.said.values())
