"""A run reaches the warehouse whole, once, and in place of what was there."""

from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from tests.conftest import Simulate, client_of, spacex_at
from tests.warehouse.states import Snapshot, published, run, snapshot


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
