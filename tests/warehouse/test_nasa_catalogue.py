"""The view of all that NASA's sources hold: it shows what each has published, as its declaration says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from etl.core.intervals import DataInterval, today
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from etl.sources import across
from tests.conftest import MakeDatabase
from tests.warehouse import test_apod, test_mars, test_neo
from tests.warehouse.states import rows, value

COLUMNS = """
select attname, format_type(atttypid, null), col_description(attrelid, attnum), coalesce(collname, '')
from pg_attribute left join pg_collation on attcollation = pg_collation.oid
where attrelid = 'gold.nasa_catalogue'::regclass order by attnum
"""
SQL_TYPES = {"string": ("text", "C"), "date32[day]": ("date", "")}
DAYS = DataInterval(date(2026, 6, 1), date(2026, 6, 8))


@pytest.fixture(scope="module")
def published(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A week of pictures and photos, and objects: 10 passed and will again, twice; 2010 RF12 is not listed."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    served = test_neo.Served([test_neo.passing("10", today() + timedelta(days)) for days in (-5, 0, 20)])
    served.passes.append(test_neo.passing("2010 RF12", today() + timedelta(9)))
    with make_database() as dsn, Warehouse(dsn, role="etl_loader") as loader:
        test_apod.run(loader, lake, interval=DAYS)
        test_mars.run(loader, lake, interval=DAYS)
        test_neo.run(loader, lake, served, DataInterval(today() - timedelta(9), today() + timedelta(60)))
        yield dsn


def test_it_is_declared_as_it_is_made(published: str) -> None:
    [view] = across.VIEWS
    assert rows(published, COLUMNS) == [
        (column.name, sql_type, column.about, collation)
        for column in view.columns
        for sql_type, collation in [SQL_TYPES[str(column.type)]]
    ]
    comment = value(published, "select obj_description('gold.nasa_catalogue'::regclass)")
    assert comment.removesuffix(".").lower() == view.grain.lower()
    always = [column.name for column in view.columns if not column.nullable]
    found = (
        f"select count(*), count(distinct ({', '.join(view.key)})), {', '.join(f'count({name})' for name in always)}"
    )
    [counted] = rows(published, f"{found} from gold.nasa_catalogue")
    assert len(set(counted)) == 1
    assert counted[0] > 0


@pytest.mark.parametrize(
    ("source", "table"),
    [("apod", "silver.apod_pictures"), ("mars", "silver.mars_photos"), ("neo", "silver.neo_objects")],
)
def test_it_has_a_row_for_each_thing_that_a_source_has_published(published: str, source: str, table: str) -> None:
    unlisted = 1 if source == "neo" else 0
    held = value(published, "select count(*) from gold.nasa_catalogue where source = %s", [source])
    assert held == value(published, f"select count(*) from {table}") + unlisted > 0


def test_an_object_has_the_day_of_its_next_pass_and_its_page(published: str) -> None:
    objects = (
        "select item_id, item_date, page_url from gold.nasa_catalogue "
        "where source = 'neo' and item_id in ('10', '99', '2010 RF12') order by item_id"
    )
    page = "https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr="
    assert rows(published, objects) == [
        ("10", today(), f"{page}10"),
        ("2010 RF12", today() + timedelta(9), f"{page}2010%20RF12"),
        ("99", None, f"{page}99"),
    ]


@pytest.mark.parametrize(
    ("role", "may"), [("analyst", True), ("engineer", True), ("etl_loader", True), ("metrics", False)]
)
def test_who_reads_gold_reads_it(published: str, role: str, may: bool) -> None:
    assert value(published, "select has_table_privilege(%s, 'gold.nasa_catalogue', 'select')", [role]) is may
