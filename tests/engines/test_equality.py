"""Every statement of silver and gold gives the same rows on every engine, bit by bit, and of the declared types."""

import pytest

from tests.conftest import ROOT
from tests.engines.cases import MADE, cases
from tests.engines.conftest import Ask

EVERYTHING = [(case.name, table) for case in cases().values() for table in case.makes if table in MADE]

everything = pytest.mark.parametrize(("case", "table"), EVERYTHING)


def test_every_statement_of_silver_and_gold_is_compared() -> None:
    files = {f"{folder}.{file.stem}" for folder in ("silver", "gold") for file in (ROOT / "sql" / folder).glob("*.sql")}
    assert {table for _, table in EVERYTHING} == files == set(MADE)


@everything
def test_postgres_gives_what_is_declared(ask: Ask, case: str, table: str) -> None:
    found = ask("postgres", case)[table]
    assert found.columns == tuple((column.name, column.type) for column in MADE[table].columns)
    assert (found.rows != []) is not case.endswith("-empty")


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
@everything
def test_an_engine_of_the_lake_gives_what_postgres_gives(ask: Ask, engine: str, case: str, table: str) -> None:
    there, here = ask("postgres", case)[table], ask(engine, case)[table]
    assert here.columns == there.columns
    assert here.rows == there.rows
    assert here.bits() == there.bits()
