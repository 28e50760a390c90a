"""A plan cuts the past into intervals that touch, overlap nowhere and leave nothing out."""

from contextlib import suppress
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.destinations.postgres.publication import PostgresDestination
from etl.engines.local import LocalEngine
from etl.lake.store import Lake, StoredFile
from etl.pipeline.backfill import Every, Plan, Unit, make_plan
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.steps import Extract, Publish, Target, Transform
from etl.postgres.connection import Warehouse
from tests.conftest import Simulate, client_of, spacex_at

DAYS = st.dates(date(1957, 10, 4), date(2100, 1, 1))
LENGTHS = st.builds(Every, st.integers(1, 500), st.sampled_from(Unit))


class Empty:
    """A lake that holds nothing."""

    def list_files(self, _path: str) -> list[StoredFile]:
        return []

    list_many = list_files

    def list(self, _path: str) -> list[str]:
        return []


def target(*intervals: tuple[date, date]) -> Target:
    """A warehouse whose ledger knows these published intervals."""
    rows = [{"interval_start": start, "interval_end": end} for start, end in intervals]
    warehouse = cast(Warehouse, SimpleNamespace(run=lambda _name, _parameters: rows))
    return Target(PostgresDestination(warehouse), warehouse)


def plan(whole: DataInterval, every: Every, *published: tuple[date, date], **how: bool) -> Plan:
    pipeline = Pipeline(spacex_at("http://127.0.0.1:9"), cast(Lake, Empty()), 0.05, LocalEngine())
    return make_plan(pipeline, [target(*published)], whole, every, **how)


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("1month", Every(1, Unit.MONTH)),
        ("7day", Every(7, Unit.DAY)),
        ("2 weeks", Every(2, Unit.WEEK)),
        (" 10YEARS ", Every(10, Unit.YEAR)),
        ("9999days", Every(9999, Unit.DAY)),
    ],
)
def test_a_length_is_read_as_people_write_it(text: str, every: Every) -> None:
    assert Every.parse(text) == every


@pytest.mark.parametrize(
    "text", ["", "month", "0day", "-1day", "1.5day", "1hour", "1 month 2 days", "99999day", "١day"]
)
def test_what_is_not_a_length_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid interval length") as told:
        Every.parse(text)
    assert "1month" in told.value.hint


@given(st.text(max_size=12))
def test_any_text_is_a_length_or_refused(text: str) -> None:
    with suppress(UsageError):
        assert Every.parse(text).count > 0


@pytest.mark.parametrize(
    ("every", "day", "after"),
    [
        ("1day", date(2024, 2, 28), date(2024, 2, 29)),
        ("1week", date(2024, 12, 30), date(2025, 1, 6)),
        ("1month", date(2024, 1, 31), date(2024, 2, 1)),
        ("1month", date(2024, 12, 1), date(2025, 1, 1)),
        ("3month", date(2024, 11, 15), date(2025, 2, 1)),
        ("12month", date(2024, 6, 1), date(2025, 6, 1)),
        ("1year", date(2024, 6, 15), date(2025, 1, 1)),
        ("9999year", date(2024, 6, 15), date.max),
        ("1day", date.max, date.max),
        ("9999month", date(9999, 1, 1), date.max),
    ],
)
def test_months_begin_on_their_first_and_years_in_january(every: str, day: date, after: date) -> None:
    assert Every.parse(every).after(day) == after


@given(DAYS, LENGTHS)
def test_an_interval_is_never_empty(day: date, every: Every) -> None:
    assert every.after(day) > day


@settings(max_examples=50)
@given(DAYS, st.integers(1, 1500), LENGTHS)
def test_intervals_of_a_plan_tile_the_whole_exactly(start: date, days: int, every: Every) -> None:
    whole = DataInterval(start, start + timedelta(days=days))
    intervals = [planned.interval for planned in plan(whole, every).intervals]
    assert (intervals[0].start, intervals[-1].end) == (whole.start, whole.end)
    assert all(one.end == other.start for one, other in pairwise(intervals))
    assert all(interval.end == every.after(interval.start) for interval in intervals[:-1])


def test_what_is_published_is_left_out_unless_asked_for_again() -> None:
    whole = DataInterval(date(2020, 1, 1), date(2020, 4, 1))
    february = (date(2020, 2, 1), date(2020, 3, 1))
    found = plan(whole, Every(1, Unit.MONTH), february, (date(2020, 1, 1), date(2020, 1, 15)))
    assert [(planned.state, bool(planned.steps)) for planned in found.intervals] == [
        ("to do", True),
        ("published", False),
        ("to do", True),
    ]
    assert len(found.pending) == 2
    again = plan(whole, Every(1, Unit.MONTH), february, again=True)
    assert [planned.state for planned in again.intervals] == ["to do again"] * 3
    assert len(again.pending) == 3


def test_a_plan_resumes_where_the_lake_stopped(lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate())
    pipeline = Pipeline(source, lake, 0.05, LocalEngine())
    months = [DataInterval(date(2020, month, 1), date(2020, month + 1, 1)) for month in (1, 2, 3)]
    with client_of(source.api.base_url) as client:
        extracted = pipeline.extract(client, months[0])
        transformed = pipeline.transform(pipeline.extract(client, months[1])).extraction_id
    found = make_plan(pipeline, [target()], DataInterval(date(2020, 1, 1), date(2020, 4, 1)), Every(1, Unit.MONTH))
    assert [(planned.interval, planned.state, planned.steps) for planned in found.intervals] == [
        (months[0], "extracted", (Transform(extracted), Publish("warehouse"))),
        (months[1], "transformed", (Publish("warehouse", transformed),)),
        (months[2], "to do", (Extract(), Transform(), Publish("warehouse"))),
    ]
