"""Pictures of the day are published by days: edits replace them, days may lack one, and only their months are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from etl import destinations, sources
from etl.core.errors import AuditError, SourceContractError, SourceWithdrawnError
from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Source
from etl.engines.local import LocalEngine
from etl.lake import bronze
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.settings import ApodSettings
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.apod import simulator as apod
from etl.sources.http.client import HttpClient
from etl.state import ledger
from tests.conftest import HASTY

DAY = timedelta(days=1)
TODAY = date(2026, 6, 11)
SPRING = DataInterval(date(2026, 3, 1), TODAY)
Change = Callable[[dict[str, Any]], dict[str, Any] | None]


@contextmanager
def simulator(*faults: str, change: Change | None = None) -> Iterator[str]:
    """The simulated API; `change` may edit each record of a list, or leave it out."""
    app = apod.make_app(Faults([parse_fault(fault) for fault in faults]))

    def edited(environ: Any, start_response: Any) -> Any:
        body, status, headers = run_wsgi_app(app, environ)
        response = Response(body, status, headers)
        if change is not None and isinstance(answer := json.loads(response.data), list):
            found = [record for record in map(change, answer) if record is not None]
            response.data = json.dumps(found).encode()
            response.headers["X-WP-Total"] = str(len(found))
        return response(environ, start_response)

    with server.serve(edited) as running:
        yield running.url


def source_at(url: str = "http://nowhere.invalid") -> Source:
    return sources.load("apod", ApodSettings(base_url=url, start=SPRING.start))


def pipeline(source: Source, lake: Lake) -> Pipeline:
    return Pipeline(source, lake, 0.05, LocalEngine())


def run(
    warehouse: Warehouse,
    lake: Lake,
    *faults: str,
    change: Change | None = None,
    today: date = TODAY,
    interval: DataInterval | None = None,
) -> Summary:
    """A run, without dates as of that day."""
    with simulator(*faults, change=change) as url, HttpClient("apod", url, HASTY) as client:
        source = source_at(url)
        days = interval or ledger.next_interval(warehouse, source, destinations.DEFAULT, today)
        return pipeline(source, lake).run(client, warehouse, days)


def on(day: date, **changed: Any) -> Change:
    return lambda record: record | changed if record["date"] == day.isoformat() else record


def pictures(warehouse: Warehouse) -> dict[date, str]:
    rows = warehouse.execute("select picture_date, title from silver.apod_pictures order by picture_date")
    return {row["picture_date"]: row["title"] for row in rows}


def months(warehouse: Warehouse) -> dict[date, dict[str, Any]]:
    rows = warehouse.execute("select *, ctid::text || tableoid as place from gold.apod_months")
    return {row["month_start_date"]: row for row in rows}


def test_a_run_publishes_every_picture_and_a_second_one_finds_nothing_new(warehouse: Warehouse, lake: Lake) -> None:
    first = run(warehouse, lake)
    assert first.interval == SPRING
    days = [SPRING.start + n * DAY for n in range((SPRING.end - SPRING.start).days)]
    assert list(pictures(warehouse)) == [day for day in days if apod.has_picture(day)]
    second = run(warehouse, lake)
    assert second.interval == DataInterval(TODAY - 7 * DAY, TODAY)
    assert second.published.status == "unchanged"


def test_an_edit_replaces_the_picture_and_makes_its_month_alone_again(warehouse: Warehouse, lake: Lake) -> None:
    run(warehouse, lake)
    before = months(warehouse)
    edited = TODAY - 5 * DAY
    run(warehouse, lake, change=on(edited, title="Better", media_type="other"))
    assert pictures(warehouse)[edited] == "Better"
    after = months(warehouse)
    assert len(after) == len(before) == 4
    assert {month for month in after if after[month]["place"] != before[month]["place"]} == {date(2026, 6, 1)}


def test_a_month_counts_what_it_has_and_the_days_between_that_it_lacks(warehouse: Warehouse, lake: Lake) -> None:
    gap, last = date(2026, 6, 5), TODAY - DAY

    def change(record: dict[str, Any]) -> dict[str, Any] | None:
        return None if record["date"] == gap.isoformat() else record | {"media_type": "image", "copyright": ""}

    run(warehouse, lake, change=change, interval=DataInterval(date(2026, 6, 2), TODAY))
    (june,) = months(warehouse).values()
    assert {name: june[name] for name in june if name not in ("place", "month_start_date")} == {
        "pictures": 8,
        "images": 8,
        "videos": 0,
        "others": 0,
        "with_copyright": 0,
        "first_picture_date": date(2026, 6, 2),
        "last_picture_date": last,
        "missing_days": 1,
    }


def test_days_without_any_picture_are_published_as_such(warehouse: Warehouse, lake: Lake) -> None:
    empty = DataInterval(date(1995, 6, 17), date(1995, 6, 20))
    assert run(warehouse, lake, interval=empty).transformed.records == 0
    assert (pictures(warehouse), months(warehouse)) == ({}, {})


@pytest.mark.parametrize(
    ("fault", "error"),
    [("ignored_query*", SourceContractError), ("placeholder:hdurl*", SourceWithdrawnError)],
)
def test_an_invalid_answer_is_not_published(
    warehouse: Warehouse, lake: Lake, fault: str, error: type[Exception]
) -> None:
    run(warehouse, lake)
    before = pictures(warehouse)
    with pytest.raises(error):
        run(warehouse, lake, fault)
    assert pictures(warehouse) == before


def test_a_picture_that_vanishes_needs_consent(warehouse: Warehouse, lake: Lake) -> None:
    run(warehouse, lake)
    gone = (TODAY - 2 * DAY).isoformat()
    with pytest.raises(AuditError) as told:
        run(warehouse, lake, change=lambda record: None if record["date"] == gone else record)
    assert told.value.audit == "apod_pictures.no_row_lost"


@pytest.mark.parametrize(("spoilt", "fails"), [(1, False), (2, True)])
def test_one_refused_record_does_not_stop_a_run_of_a_week_and_its_day_keeps_what_was_published(
    warehouse: Warehouse, lake: Lake, spoilt: int, fails: bool
) -> None:
    run(warehouse, lake)
    before = pictures(warehouse)
    days = [(TODAY - n * DAY).isoformat() for n in range(1, spoilt + 1)]

    def change(record: dict[str, Any]) -> dict[str, Any]:
        return record | {"title": 12345 if record["date"] in days else "New"}

    if fails:
        with pytest.raises(SourceContractError, match="2 of 7 records of apod_pictures break their contract"):
            run(warehouse, lake, change=change)
        assert pictures(warehouse) == before
    else:
        assert run(warehouse, lake, change=change).transformed.refused == 1
        last = TODAY - DAY
        assert pictures(warehouse) == {
            day: "New" if TODAY - 7 * DAY <= day < last else title for day, title in before.items()
        }


# Pages that are in bronze already


def kept(warehouse: Warehouse, lake: Lake, interval: DataInterval, *records: Any, received: datetime) -> None:
    """Publish a page as it lies in bronze, whoever put it there and when."""
    source = source_at()
    (endpoint,) = source.endpoints
    extraction = new_id()
    page = Page(1, "http://then", 200, json.dumps(records).encode(), len(records), received, is_last=True)
    with bronze.writer(lake, endpoint, extraction, source.origin, interval, None) as writer:
        writer.keep(page)
    steps = pipeline(source, lake)
    steps.publish(warehouse, steps.transform(extraction))


def test_pages_of_the_withdrawn_api_are_published_from_bronze(warehouse: Warehouse, lake: Lake) -> None:
    week = DataInterval(date(2022, 2, 1), date(2022, 2, 8))
    old = {
        "date": "2022-02-02",
        "title": "Then",
        "media_type": "image",
        "url": "https://apod.nasa.gov/a.jpg",
        "service_version": "v1",
    }
    kept(warehouse, lake, week, old, received=datetime(2022, 2, 9, tzinfo=UTC))
    assert pictures(warehouse) == {date(2022, 2, 2): "Then"}


@pytest.mark.parametrize(
    ("audit", "fires", "passes"),
    [
        ("no_picture_outside_of_the_days", {"date": "2024-05-08"}, {"date": "2024-05-07"}),
        ("no_picture_before_its_day", {"date": "2024-05-06"}, {"date": "2024-05-05"}),
        ("no_picture_twice_a_week", {"date": "2024-05-04"}, {"date": "2024-05-04", "media_type": "video"}),
        ("no_picture_twice_a_week", {"date": "2024-05-04"}, {"date": "2024-05-04", "hdurl": "https://example.org/2"}),
    ],
)
def test_an_audit_fires_just_beyond_its_boundary(
    warehouse: Warehouse, lake: Lake, audit: str, fires: dict[str, Any], passes: dict[str, Any]
) -> None:
    week = DataInterval(date(2024, 5, 1), date(2024, 5, 8))
    received = datetime(2024, 5, 5 if audit == "no_picture_before_its_day" else 8, 23, 59, tzinfo=UTC)
    twice = {"media_type": "image", "hdurl": "https://example.org/1"}
    first = apod.picture(date(2024, 5, 2)) | (twice if audit == "no_picture_twice_a_week" else {})
    second = apod.picture(date(2024, 5, 3)) | (twice if audit == "no_picture_twice_a_week" else {})
    with pytest.raises(AuditError) as told:
        kept(warehouse, lake, week, first, second | fires, received=received)
    assert (told.value.audit, told.value.offending_rows) == (audit, 1)
    kept(warehouse, lake, week, first, second | passes, received=received)
    assert len(pictures(warehouse)) == 2


@pytest.mark.parametrize(("days_later", "is_published"), [(6, False), (7, True)])
def test_a_picture_may_come_again_after_a_week_whenever_the_first_was_published(
    warehouse: Warehouse, lake: Lake, days_later: int, is_published: bool
) -> None:
    first, again = date(2024, 5, 2), date(2024, 5, 2) + days_later * DAY
    same = {"media_type": "image", "hdurl": "https://example.org/1"}
    now = datetime(2024, 6, 1, tzinfo=UTC)
    kept(warehouse, lake, DataInterval(first, first + DAY), apod.picture(first) | same, received=now)

    def publish_again() -> None:
        kept(warehouse, lake, DataInterval(again, again + DAY), apod.picture(again) | same, received=now)

    if is_published:
        publish_again()
    else:
        with pytest.raises(AuditError, match="no_picture_twice_a_week"):
            publish_again()
    assert (again in pictures(warehouse)) is is_published
