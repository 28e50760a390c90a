"""A run reaches Redshift whole, once, and in place of what was there."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from etl.core.errors import AuditError, ConfigError, UsageError
from etl.core.events import ignore
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from tests.conftest import client_of, spacex_at
from tests.redshift.conftest import Played
from tests.warehouse.states import SOURCE, Snapshot, changed, snapshot


def run(warehouse: Warehouse, lake: Lake, redshift: Played, facts: Snapshot | None = None, **options: Any) -> Summary:
    with server.serve(spacex.make_app(snapshot=facts)) as simulator, client_of(simulator.url) as client:
        pipeline = Pipeline(spacex_at(simulator.url), lake, 0.05, LocalEngine(), **options)
        return pipeline.run(client, warehouse, None, redshift.destination(lake))


def test_a_run_replaces_what_differs_and_a_second_one_finds_nothing_new(
    lake: Lake, warehouse: Warehouse, redshift: Played
) -> None:
    assert run(warehouse, lake, redshift).published.status == "published"
    assert redshift.rows("select count(*) from silver.spacex_launches") == [(205,)]
    assert redshift.rows("select count(*) from gold.core_reuses") == [(118,)]
    assert redshift.rows("select customers from silver.spacex_payloads where name = 'FalconSAT-2'") == [(["DARPA"],)]

    said = len(redshift.door.heard)
    assert run(warehouse, lake, redshift).published.status == "unchanged"
    assert not [text for text in redshift.door.heard[said:] if "delete from silver" in text]

    third = run(warehouse, lake, redshift, changed())
    assert {table.table for table in third.published.tables if table.is_changed} >= {"spacex_launches", "core_reuses"}
    assert redshift.rows("select count(*) from silver.spacex_launches") == [(206,)]
    assert redshift.rows("select count(*) from silver.spacex_launches where name like '%(renamed)'") == [(1,)]
    run_id = third.run_id
    assert redshift.rows("select source, run_id from ops.published") == [("spacex", run_id)]
    assert redshift.rows("select count(*) from information_schema.tables where table_schema = 'stage'") == [(0,)]
    assert not lake.list("parsed")


@pytest.mark.thorough
def test_only_the_run_s_own_files_are_read_and_statements_name_a_role_but_no_secret(
    lake: Lake, warehouse: Warehouse, redshift: Played
) -> None:
    run(warehouse, lake, redshift)
    lake.write("silver/spacex_launches/p_creation_date=2020-01-01/other/part-00001.parquet", b"another run's")
    run(warehouse, lake, redshift)
    copies = [text for text in redshift.door.heard if "\ncopy " in text]
    assert len(copies) == 2 * len(SOURCE.datasets)
    assert all("iam_role 'arn:aws:iam::" in text for text in copies)
    assert not [text for text in redshift.door.heard if "open sesame" in text]


@pytest.mark.thorough
def test_an_audit_that_fails_leaves_redshift_as_it_was(lake: Lake, warehouse: Warehouse, redshift: Played) -> None:
    run(warehouse, lake, redshift)
    facts = snapshot()
    del facts["launches"][:50]
    with pytest.raises(AuditError, match="no_row_lost found 50 rows that must not be lost"):
        run(warehouse, lake, redshift, facts)
    assert redshift.rows("select count(*) from silver.spacex_launches") == [(205,)]
    accepted = run(warehouse, lake, redshift, facts, accepts_loss=True)
    assert {table.table: table.rows_lost for table in accepted.published.tables}["spacex_launches"] == 50
    assert redshift.rows("select count(*) from silver.spacex_launches") == [(155,)]


@pytest.mark.thorough
def test_a_duplicate_key_is_found_by_the_audit_as_nothing_else_refuses_it(
    lake: Lake, warehouse: Warehouse, redshift: Played
) -> None:
    with server.serve(spacex.make_app()) as simulator, client_of(simulator.url) as client:
        pipeline = Pipeline(spacex_at(simulator.url), lake, 0.05, LocalEngine())
        transformed = pipeline.transform(pipeline.extract(client, None))
        [file] = transformed.files["spacex_cores"]
        _write_twice(lake, file)
        transformed.rows["spacex_cores"] *= 2
        with pytest.raises(AuditError, match="keys_unique found"):
            pipeline.publish(warehouse, transformed, redshift.destination(lake))
    assert redshift.rows("select count(*) from ops.published") == [(0,)]


@pytest.mark.thorough
def test_rows_that_were_not_all_read_are_not_published(lake: Lake, warehouse: Warehouse, redshift: Played) -> None:
    with server.serve(spacex.make_app()) as simulator, client_of(simulator.url) as client:
        pipeline = Pipeline(spacex_at(simulator.url), lake, 0.05, LocalEngine())
        transformed = pipeline.transform(pipeline.extract(client, None))
        transformed.rows["spacex_cores"] += 1
        with pytest.raises(AuditError, match="all_rows_read found 1 row"):
            pipeline.publish(warehouse, transformed, redshift.destination(lake))


@pytest.mark.thorough
def test_missing_files_are_an_error_that_says_whose_rights_to_check(
    lake: Lake, warehouse: Warehouse, redshift: Played
) -> None:
    with server.serve(spacex.make_app()) as simulator, client_of(simulator.url) as client:
        pipeline = Pipeline(spacex_at(simulator.url), lake, 0.05, LocalEngine())
        transformed = pipeline.transform(pipeline.extract(client, None))
        [file] = transformed.files["spacex_cores"]
        redshift.door.before = lambda text: "copy stage.spacex_cores" in text and lake.delete(file)
        with pytest.raises(ConfigError, match="Redshift failed") as caught:
            pipeline.publish(warehouse, transformed, redshift.destination(lake))
    assert "ETL_REDSHIFT__IAM_ROLE" in caught.value.hint


def test_a_lake_in_a_directory_and_rows_of_no_extraction_are_refused_with_a_reason(
    lake: Lake, warehouse: Warehouse, redshift: Played, tmp_path: Any
) -> None:
    with pytest.raises(ConfigError, match="Redshift loads from S3 only"):
        run(warehouse, Lake(str(tmp_path / "here")), redshift)
    with (
        pytest.raises(UsageError, match="whole extractions only"),
        redshift.destination(lake).open(SOURCE, None, [], ignore, "a run"),
    ):
        pass


@pytest.mark.thorough
def test_a_column_that_was_declared_later_is_added(lake: Lake, warehouse: Warehouse, redshift: Played) -> None:
    run(warehouse, lake, redshift)
    redshift.execute("alter table silver.spacex_cores drop column status")
    assert run(warehouse, lake, redshift).published.status == "published"
    assert redshift.rows("select count(*) from silver.spacex_cores where status is null") == [(0,)]


def _write_twice(lake: Lake, file: str) -> None:
    import pyarrow.parquet as pq

    with lake.open(file) as opened:
        rows = pq.read_table(opened)
    with lake.create(file) as opened:
        pq.write_table(pa.concat_tables([rows, rows]), opened)
