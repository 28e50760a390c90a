"""A run reaches the warehouse whole, once, and in place of what was there."""

import pytest

from etl.core.errors import ConfigError
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from tests.conftest import Simulate, client_of, spacex_at
from tests.warehouse.states import Snapshot, owner, published, run, snapshot


def test_a_run_publishes_everything_and_a_second_one_finds_nothing_new(
    simulate: Simulate, lake: Lake, warehouse: Warehouse
) -> None:
    url = simulate()
    pipeline = Pipeline(spacex_at(url), lake, 0.05, LocalEngine())
    with client_of(url) as client:
        first = pipeline.run(client, warehouse, None)
        second = pipeline.run(client, warehouse, None)
    assert first.published.status == "published"
    assert second.published.status == "unchanged"
    assert warehouse.execute("select count(*) as n from silver.spacex_launches") == [{"n": 205}]
    assert warehouse.execute("select count(*) as n from gold.core_reuses") == [{"n": 118}]


@pytest.mark.parametrize("table", ["silver.spacex_launches", "gold.core_usage"])
def test_no_run_makes_a_table_that_was_dropped_and_its_error_says_what_does(
    simulate: Simulate, lake: Lake, database: str, warehouse: Warehouse, table: str
) -> None:
    url = simulate()
    with owner(database) as cursor:
        cursor.execute(f"drop table {table} cascade")
    with client_of(url) as client, pytest.raises(ConfigError, match=f'"{table}" does not exist') as told:
        Pipeline(spacex_at(url), lake, 0.05, LocalEngine()).run(client, warehouse, None)
    assert "restore a backup" in told.value.hint


def test_what_was_extracted_earlier_never_replaces_what_was_extracted_later(
    simulate: Simulate, database: str, warehouse: Warehouse, lake: Lake
) -> None:
    url = simulate(snapshot=renamed("Early"))
    slow = Pipeline(spacex_at(url), lake, 0.05, LocalEngine())
    with client_of(url) as client:
        transformed = slow.transform(slow.extract(client, None))
    run(database, lake, renamed("Late"))
    before = published(database)

    assert slow.publish(warehouse, transformed).status == "unchanged"
    assert published(database) == before
    assert slow.publish(warehouse, transformed, even_if_older=True).status == "published"
    assert warehouse.execute("select count(*) as n from silver.spacex_launches where name = 'Early'") == [{"n": 1}]


def renamed(name: str) -> Snapshot:
    """The bundled facts with another name for one launch."""
    facts = snapshot()
    facts["launches"][0]["name"] = name
    return facts
