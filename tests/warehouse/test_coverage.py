"""Every day is read, and whatever is incomplete is asked for again, whichever destination it goes into."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest

from etl import destinations
from etl.core.intervals import DataInterval, today
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from etl.state import ledger
from tests.warehouse.test_sensors import DAYS, Change, into, pipeline_on, published, simulator

DAY, LOOKBACK = timedelta(days=1), timedelta(days=5)
AWAITED = 30
TODAY = today() - 60 * DAY  # the first run's; those that follow are not in the future
FIRST = DataInterval(TODAY - timedelta(days=DAYS), TODAY)
number = count()
MEASURES = ("temperature_2m_max", "temperature_2m_min", "precipitation_sum")
both = pytest.mark.parametrize("destination", ["warehouse", pytest.param("lake", marks=pytest.mark.thorough)])


def run(
    warehouse: Warehouse,
    lake: Lake,
    until: date = TODAY,
    destination: str = destinations.DEFAULT,
    *,
    start: date | None = None,
    change: Change | None = None,
    accepts_loss: bool = False,
) -> DataInterval:
    """A run on the morning of `until`, of the days from `start` or else of those that follow from the ledger."""
    extraction_id = f"{until:%Y%m%d}T060000Z-{next(number):06x}"
    with simulator(change=change or known) as url, pipeline_on(url, lake) as (pipeline, client):
        pipeline.accepts_loss = accepts_loss
        found = ledger.next_interval(warehouse, pipeline.source, destination, until)
        interval = DataInterval(start, until) if start or found is None else found
        transformed = pipeline.transform(pipeline.extract(client, interval, extraction_id))
        pipeline.publish(warehouse, transformed, into(destination, pipeline, warehouse))
    return interval


def unknown_from(day: date, until: date = date.max) -> Change:
    """The archive does not know these days, and every other one."""

    def edit(answer: list[dict[str, Any]]) -> None:
        for daily in (location["daily"] for location in answer):
            for place, text in enumerate(daily["time"]):
                is_unknown = day.isoformat() <= text < until.isoformat()
                for name in MEASURES:
                    daily[name][place] = None if is_unknown else daily[name][place] or 1.5

    return edit


known = unknown_from(date.max)


def gaps(warehouse: Warehouse) -> list[tuple[date, date]]:
    return [(gap["start_date"], gap["end_date"]) for gap in warehouse.run("ledger/gaps")]


@both
def test_days_that_were_skipped_by_hand_are_read_by_the_next_run(
    warehouse: Warehouse, lake: Lake, destination: str
) -> None:
    run(warehouse, lake, TODAY, destination)
    run(warehouse, lake, TODAY + 34 * DAY, destination, start=TODAY + 32 * DAY)
    assert gaps(warehouse) == [(TODAY, TODAY + 32 * DAY)]
    assert run(warehouse, lake, TODAY + 40 * DAY, destination) == DataInterval(TODAY - LOOKBACK, TODAY + 40 * DAY)
    assert gaps(warehouse) == []


@both
def test_days_from_an_earlier_start_on_are_read_by_the_next_run(
    warehouse: Warehouse, lake: Lake, destination: str
) -> None:
    """ETL_SENSORS__START was moved to an earlier day after the first run."""
    run(warehouse, lake, TODAY, destination)
    earlier = FIRST.start - 9 * DAY
    with pipeline_on("http://nowhere.invalid", lake, start=earlier) as (pipeline, _):
        found = [ledger.next_interval(warehouse, pipeline.source, destination, TODAY)]
        run(warehouse, lake, TODAY, destination, start=earlier)
        found.append(ledger.next_interval(warehouse, pipeline.source, destination, TODAY))
    with pipeline_on("http://nowhere.invalid", lake, start=earlier + 3 * DAY) as (pipeline, _):
        found.append(ledger.next_interval(warehouse, pipeline.source, destination, TODAY))
    assert found == [DataInterval(earlier, TODAY), *[DataInterval(TODAY - LOOKBACK, TODAY)] * 2]


def test_a_gap_in_one_destination_is_none_in_the_other(warehouse: Warehouse, lake: Lake) -> None:
    run(warehouse, lake, TODAY, "lake")
    run(warehouse, lake, TODAY)
    run(warehouse, lake, TODAY + 4 * DAY, start=TODAY + 3 * DAY)
    assert {gap["destination"] for gap in warehouse.run("ledger/gaps")} == {"warehouse"}


def test_a_day_that_was_not_over_when_it_was_read_is_not_published_yet(warehouse: Warehouse, lake: Lake) -> None:
    with simulator(change=known) as url, pipeline_on(url, lake) as (pipeline, client):
        extracted = pipeline.extract(
            client, DataInterval(FIRST.start, TODAY + 2 * DAY), f"{TODAY:%Y%m%d}T060000Z-000000"
        )
        pipeline.publish(warehouse, pipeline.transform(extracted))
    assert run(warehouse, lake, TODAY + 7 * DAY).start == TODAY - LOOKBACK


@both
def test_a_day_that_comes_late_is_read_until_it_is_known(warehouse: Warehouse, lake: Lake, destination: str) -> None:
    late = TODAY - DAY
    for days in (0, 4, 8):
        assert run(warehouse, lake, TODAY + days * DAY, destination, change=unknown_from(late)).start <= late
    assert gaps(warehouse) == [(late, TODAY + 8 * DAY)]
    assert run(warehouse, lake, TODAY + 9 * DAY, destination).start == late
    assert gaps(warehouse) == []
    assert run(warehouse, lake, TODAY + 10 * DAY, destination).start == TODAY + 9 * DAY - LOOKBACK


def test_a_day_that_stays_unknown_is_given_up_after_a_while(warehouse: Warehouse, lake: Lake) -> None:
    late = TODAY - DAY
    forgotten = unknown_from(late, until=TODAY)
    last = late + timedelta(days=AWAITED)
    run(warehouse, lake, change=forgotten)
    run(warehouse, lake, last - DAY, start=TODAY)
    assert run(warehouse, lake, last, change=forgotten).start == late
    assert run(warehouse, lake, last + DAY, change=forgotten).start == last - LOOKBACK
    assert gaps(warehouse) == [(late, TODAY)]
    assert run(warehouse, lake, last + 2 * DAY, start=late).start == late
    assert gaps(warehouse) == []


def test_old_days_that_were_never_known_are_not_awaited(warehouse: Warehouse, lake: Lake) -> None:
    run(warehouse, lake, start=TODAY - timedelta(days=AWAITED + 3), change=unknown_from(FIRST.start - 30 * DAY))
    assert gaps(warehouse) == [(TODAY - timedelta(days=AWAITED), TODAY)]


def test_an_extraction_that_a_later_one_overtook_publishes_no_day(warehouse: Warehouse, lake: Lake) -> None:
    with simulator(change=known) as url, pipeline_on(url, lake) as (pipeline, client):
        older = pipeline.transform(pipeline.extract(client, FIRST))
        newer = pipeline.transform(pipeline.extract(client, FIRST))
        pipeline.publish(warehouse, newer)
        assert pipeline.publish(warehouse, older).status == "unchanged"
    assert len(warehouse.run("ledger/published_intervals", {"source": "sensors", "destination": "warehouse"})) == 1


@both
def test_days_that_only_the_older_of_two_extractions_has_are_published_from_it(
    warehouse: Warehouse, lake: Lake, destination: str, database: str
) -> None:
    """As when a long backfill is overtaken by the daily run."""
    some = DataInterval(FIRST.start + 5 * DAY, FIRST.start + 7 * DAY)
    with simulator(change=known) as url, pipeline_on(url, lake) as (pipeline, client):
        older = pipeline.transform(pipeline.extract(client, FIRST))
    with simulator(change=warm) as url, pipeline_on(url, lake) as (pipeline, client):
        newer = pipeline.transform(pipeline.extract(client, some))
        goes = into(destination, pipeline, warehouse)
        pipeline.publish(warehouse, newer, goes)
        assert pipeline.publish(warehouse, older, goes).status == "published"
        assert pipeline.publish(warehouse, newer, goes).status == (
            "published" if destination == "lake" else "unchanged"
        )
    assert gaps(warehouse) == []
    if destination == "warehouse":
        hot = "select distinct reading_date from silver.sensor_readings where temperature_max = 44 order by 1"
        assert published(database, hot) == [some.start, some.start + DAY]
        assert published(database, "select count(*) from silver.sensor_readings") == [12 * DAYS]


def warm(answer: list[dict[str, Any]]) -> None:
    for location in answer:
        location["daily"]["temperature_2m_max"] = [44.0] * len(location["daily"]["time"])
