"""The words everyone shares mean what they say."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.ids import is_id, new_id, started_at
from etl.core.intervals import DataInterval
from etl.core.tables import Column, Dataset

DAY = date(2024, 5, 17)


@pytest.mark.parametrize("end", [DAY, date(2024, 5, 16), date(1, 1, 1)])
def test_an_interval_ends_after_its_start(end: date) -> None:
    with pytest.raises(ValueError, match=rf"^The interval ends on {end}, not after its start on {DAY}\.$"):
        DataInterval(DAY, end)


def test_an_interval_reads_as_half_open_and_sorts_by_time() -> None:
    assert str(DataInterval(DAY, date(2024, 6, 1))) == "[2024-05-17, 2024-06-01)"
    assert DataInterval(DAY, date(2024, 6, 1)) < DataInterval(date(2024, 5, 18), date(2024, 5, 19))


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_an_id_tells_when_it_was_made(now: datetime) -> None:
    run_id = new_id(now)
    assert is_id(run_id)
    assert started_at(run_id) == now.replace(microsecond=0)


@given(*[st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))] * 2)
def test_ids_sort_by_time(one: datetime, other: datetime) -> None:
    if one != other:
        assert (new_id(one) < new_id(other)) is (one < other)


def test_runs_of_one_second_sort_by_time_too() -> None:
    now = datetime(2024, 5, 17, 12, tzinfo=UTC)
    ids = [new_id(now.replace(microsecond=microsecond)) for microsecond in (0, 1, 15, 16, 65_536, 999_999)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "text",
    ["", "x", "20240517T120000Z-1a2b3", "20240517T120000Z-1A2B3C", "20241399T120000Z-1a2b3c", "20240230T000000Z-000000",
     "20240517T120000Z-1a2b3c\n", "../20240517T120000Z-1a2b3c", "00000101T000000Z-000000"],
)  # fmt: skip
def test_what_is_not_an_id_is_recognised(text: str) -> None:
    assert not is_id(text)


@given(st.text(max_size=30))
def test_any_text_is_an_id_or_not(text: str) -> None:
    is_id(text)


def test_a_dataset_declares_its_arrow_schema() -> None:
    columns = (Column("id", pa.string(), "", nullable=False), Column("n", pa.int32(), ""))
    dataset = Dataset("things", "one row per thing", ("id",), columns)
    fields: list[pa.Field[Any]] = [pa.field("id", pa.string(), nullable=False), pa.field("n", pa.int32())]
    assert dataset.schema == pa.schema(fields)
