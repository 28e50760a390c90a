"""An error of Postgres is judged by its SQLSTATE, whatever its text says."""

from __future__ import annotations

import psycopg2
import pytest

from etl.core.errors import PlatformError
from etl.postgres.connection import Warehouse
from tests.warehouse.states import owner

RAISED = {
    "08006": 75,
    "25006": 75,
    "25P03": 75,
    "28000": 77,
    "28P01": 77,
    "3D000": 78,
    "3F000": 78,
    "40001": 75,
    "40P01": 75,
    "42501": 77,
    "42703": 78,
    "42883": 78,
    "42P01": 78,
    "53100": 75,
    "53200": 75,
    "53300": 75,
    "55P03": 75,
    "57014": 75,
    "57P01": 75,
    "57P02": 75,
    "57P03": 75,
    "57P04": 75,
    "57P05": 75,
    "58030": 75,
    "XX001": 78,
    "XX002": 78,
}
RAISE = "do $$ begin raise exception 'permission denied, does not exist' using errcode = '{}'; end $$"


@pytest.mark.parametrize(("sqlstate", "code"), RAISED.items())
def test_a_statement_that_fails_ends_with_the_code_of_its_sqlstate(
    warehouse: Warehouse, sqlstate: str, code: int
) -> None:
    with pytest.raises(PlatformError) as caught:
        warehouse.execute(RAISE.format(sqlstate))
    assert caught.value.exit_code == code


@pytest.mark.parametrize("sqlstate", ["22012", "23505", "42601", "P0001", "XX000"])
def test_what_no_circumstance_explains_stays_a_bug(warehouse: Warehouse, sqlstate: str) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        warehouse.execute(RAISE.format(sqlstate))
    assert caught.value.pgcode == sqlstate


def test_a_session_that_was_ended_says_that_waiting_helps_ever_after(database: str, warehouse: Warehouse) -> None:
    with owner(database) as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'etl' and datname = current_database()"
        )
    for _ in range(2):
        with pytest.raises(PlatformError, match="closed the connection") as caught:
            warehouse.execute("select 1")
        assert caught.value.exit_code == 75
