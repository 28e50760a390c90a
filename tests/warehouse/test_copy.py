"""What goes into a stage table as Arrow comes out unchanged: all datasets, all values that their types allow."""

from __future__ import annotations

import string
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.tables import Dataset
from etl.postgres.connection import Warehouse
from etl.postgres.copy import copy_batches
from tests.conftest import IS_THOROUGH, MakeDatabase
from tests.warehouse.states import SOURCE

TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
    st.sampled_from(["", "\\N", "NULL", "{}", '"', "\\", "\t\r\n", "é", "e\u0301", "🚀", "\ufeff", "ß" * 5000]),
    st.text(string.printable, max_size=10),
)
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): TEXT,
    pa.bool_(): st.booleans(),
    pa.int32(): st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-(2**31), -1, 0, 2**31 - 1]),
    pa.int64(): st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-(2**63), 2**63 - 1]),
    pa.float64(): st.floats(allow_nan=False) | st.sampled_from([5e-324, -0.0, 1.7976931348623157e308]),
    pa.date32(): st.dates(date(1, 1, 1), date(9999, 12, 31)),
    pa.timestamp("us", tz="UTC"): st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
        lambda instant: instant.replace(tzinfo=UTC, fold=0)
    ),
    pa.list_(pa.string()): st.lists(TEXT, max_size=4),
}
TABLES = [("silver", dataset) for dataset in SOURCE.datasets] + [("gold", dataset) for dataset in SOURCE.gold]


class _Undo(Exception):  # noqa: N818
    """Ends a transaction without a trace."""


@pytest.fixture(scope="module")
def loader(make_database: MakeDatabase) -> Iterator[Warehouse]:
    with make_database() as dsn, Warehouse(dsn, role="etl_loader") as session:
        yield session


@pytest.mark.parametrize(("schema", "dataset"), TABLES, ids=lambda given: getattr(given, "name", given))
def test_every_row_comes_back_as_it_went_in(loader: Warehouse, schema: str, dataset: Dataset) -> None:
    columns = {c.name: VALUES[c.type] | st.none() if c.nullable else VALUES[c.type] for c in dataset.columns}

    @settings(max_examples=100 if IS_THOROUGH else 10, database=None)
    @given(st.lists(st.fixed_dictionaries(columns), max_size=6), st.integers(1, 6))
    def comes_back(rows: list[dict[str, Any]], batch_rows: int) -> None:
        table = pa.Table.from_pylist(rows, schema=dataset.schema)
        count, found = _through_stage(loader, schema, dataset, table.to_batches(max_chunksize=batch_rows))
        assert count == len(rows)
        assert [repr(list(row.values())) for row in found] == [
            repr([row[name] for name in dataset.schema.names]) for row in rows
        ]

    comes_back()


def test_no_batches_at_all_are_an_empty_table(loader: Warehouse) -> None:
    assert _through_stage(loader, "silver", SOURCE.datasets[0], []) == (0, [])


def test_batches_larger_than_a_message_arrive_whole(loader: Warehouse) -> None:
    dataset = next(dataset for dataset in SOURCE.datasets if dataset.name == "spacex_cores")
    rows = [{c.name: (f"{n:09}" * 40 if c.type == pa.string() else n) for c in dataset.columns} for n in range(20_000)]
    table = pa.Table.from_pylist(rows, schema=dataset.schema)
    count, found = _through_stage(loader, "silver", dataset, table.to_batches(max_chunksize=7_000))
    assert count == 20_000
    assert found == rows


def _through_stage(
    loader: Warehouse, schema: str, dataset: Dataset, batches: list[pa.RecordBatch]
) -> tuple[int, list[dict[str, Any]]]:
    count, found = 0, list[dict[str, Any]]()
    try:
        with loader.transaction():
            loader.run("publish/open_stage", {"schema": schema, "table": dataset.name})
            count = copy_batches(loader, "stage", dataset.name, dataset.schema, batches)
            found = loader.execute(f"select * from stage.{dataset.name} order by ctid")
            raise _Undo
    except _Undo:
        return count, found
