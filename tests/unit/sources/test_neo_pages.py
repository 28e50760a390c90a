"""JPL is asked for exactly what a run is about, one request at a time; its answers must be just that."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import test as werkzeug
from werkzeug.wrappers import Request, Response

from etl.core.api import Answer
from etl.core.errors import ConfigError, SourceContractError, SourceUnavailableError, UsageError
from etl.core.intervals import DataInterval
from etl.core.pages import Page, PageContext
from etl.core.source import Endpoint, Source
from etl.settings import NeoSettings
from etl.simulate import server
from etl.simulate.faults import Fault, Faults
from etl.sources.http.client import HttpClient
from etl.sources.neo import contract, make_source, pages, simulator, sky
from tests.conftest import HASTY, client_of

NOW = datetime(2026, 11, 28, tzinfo=UTC)
WEEK = DataInterval(date(2026, 9, 21), date(2026, 9, 28))
PASSES, RISKS, OBJECTS = range(3)


def source(**settings: Any) -> Source:
    return make_source(NeoSettings(**settings))


class Direct:
    """The simulator without a network; remembers what it was asked."""

    def __init__(self, change: Callable[[Any], Any] = lambda document: document, *faults: Fault) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._app = werkzeug.Client(simulator.make_app(Faults(list(faults)), clock=lambda: NOW))
        self._change = change

    def get(self, path: str, params: Any = None, *, weight: float = 1, accept: str = "application/json") -> Answer:
        self.asked.append((path, dict(params)))
        response = self._app.get(path, query_string=params)
        assert response.status_code == 200, response.text
        return Answer(f"http://it{path}?a=b", 200, json.dumps(self._change(response.json)).encode(), {}, NOW)

    def post(self, path: str, document: Any) -> Answer:
        raise AssertionError("JPL is not posted to")

    def left(self) -> list[Any]:
        return []


def endpoint(which: int, **settings: Any) -> Endpoint:
    return source(**settings).endpoints[which]


def read(which: int, client: Any, interval: DataInterval | None = WEEK, first: int = 1, **settings: Any) -> list[Page]:
    return list(endpoint(which, **settings).pages(client, interval, first))


@contextmanager
def simulated(*faults: Fault) -> Iterator[HttpClient]:
    with server.serve(simulator.make_app(Faults(list(faults)))) as api, client_of(api.url) as client:
        yield client


# What is asked


def test_no_parameter_is_left_to_its_default() -> None:
    client = Direct()
    [page] = read(PASSES, client)
    assert client.asked == [
        (
            "/cad.api",
            {
                "date-min": "2026-09-21T00:00:00",
                "date-max": "2026-09-28T00:00:00",
                "dist-max": "0.5",
                "body": "Earth",
                "diameter": "true",
                "fullname": "true",
            },
        )
    ]
    made = [record for day in range(7) for record in sky.passes(WEEK.start + timedelta(day))]
    assert page.records == len(made) > sum(float(record["dist"]) <= 0.05 for record in made)


def test_the_risk_list_and_the_objects_are_read_whole_whatever_the_days() -> None:
    client = Direct()
    [risks], [objects] = read(RISKS, client), read(OBJECTS, client, None)
    assert (risks.records, objects.records) == (len(sky.risks(2026)), len(sky.objects()))
    assert client.asked == [
        ("/sentry.api", {}),
        ("/sbdb_query.api", {"fields": "spkid,pdes,full_name,H,diameter,albedo,moid,pha,class", "sb-group": "neo"}),
    ]
    assert [each.knows_intervals for each in source().endpoints] == [True, False, False]


def test_ten_years_are_eleven_requests() -> None:
    plan = pages.Plan(0.5, 366)
    decade = DataInterval(date(2016, 1, 1), date(2027, 1, 1))
    pieces = plan.pieces(decade)
    assert len(pieces) == 11
    assert (pieces[0].start, pieces[-1].end) == (decade.start, decade.end)
    assert all(first.end == second.start for first, second in pairwise(pieces))


def test_an_interrupted_extraction_goes_on_with_the_next_page() -> None:
    every = read(PASSES, Direct(), days_per_request=2)
    assert [page.number for page in every] == [1, 2, 3, 4]
    assert [page.is_last for page in every] == [False, False, False, True]
    rest = read(PASSES, Direct(), first=3, days_per_request=2)
    assert [(page.number, page.body) for page in rest] == [(page.number, page.body) for page in every[2:]]


def test_another_distance_is_another_request() -> None:
    assert endpoint(PASSES).request_fingerprint != endpoint(PASSES, max_distance_au=0.05).request_fingerprint


@pytest.mark.parametrize(
    "interval",
    [None, DataInterval(date(1899, 12, 31), date(1900, 1, 2)), DataInterval(date(2200, 12, 31), date(2201, 1, 2))],
)
def test_days_for_which_nothing_is_computed_are_refused(interval: DataInterval | None) -> None:
    with pytest.raises(UsageError):
        read(PASSES, Direct(), interval)


@given(st.dates(date(1900, 1, 1), date(2200, 12, 1)), st.integers(-4000, 4000))
def test_every_run_reads_the_last_month_again_and_two_months_ahead(today: date, since: int) -> None:
    next_start = None if since == 0 else date.fromordinal(min(max(today.toordinal() + since, 693_596), 803_000))
    try:
        days = pages.days(next_start, today, 365, 30, 60)
    except ConfigError:
        assert next_start is None
        assert today < date(1901, 1, 1)
        return
    assert contract.EARLIEST <= days.start <= today - timedelta(30) or days.start == contract.EARLIEST
    assert days.end == min(today + timedelta(60), contract.LATEST)
    if next_start is not None:
        assert days.start == max(min(next_start, today) - timedelta(30), contract.EARLIEST)


def test_the_probe_asks_for_the_passes_of_today() -> None:
    client = Direct()
    assert source().api.probe(client).endswith("passes within 0.05 au today")
    assert [path for path, _ in client.asked] == ["/cad.api"]


# What is answered


def test_what_is_read_becomes_rows_with_nothing_refused() -> None:
    for which, each in enumerate(source().endpoints):
        for page in read(which, Direct()):
            parsed = each.parse(page.body, PageContext({}, NOW))
            assert (parsed.refused, parsed.unknown_fields, parsed.records) == ((), frozenset(), page.records)


@pytest.mark.parametrize("fault", ["reordered", "mixed_types"])
@pytest.mark.parametrize("which", [PASSES, RISKS, OBJECTS])
def test_neither_the_order_of_fields_nor_the_types_of_numbers_matter(which: int, fault: str) -> None:
    parse = endpoint(which).parse
    [usual], [odd] = read(which, Direct()), read(which, Direct(lambda it: it, Fault(fault)))
    assert usual.body != odd.body
    rows = [parse(page.body, PageContext({}, NOW)).batches for page in (usual, odd)]
    if fault == "reordered":
        assert rows[0] == rows[1]
    else:
        assert [batch.num_rows for batch in rows[1].values()] == [usual.records - _untyped(parse, odd)]


def _untyped(parse: Any, page: Page) -> int:
    """Designations that are numbers are not measures: as numbers, they might lose digits."""
    refused = parse(page.body, PageContext({}, NOW)).refused
    assert {each.reason.split(":")[0] for each in refused} <= {"des", "pdes"}
    return len(refused)


def test_a_day_without_passes_is_a_page_without_records() -> None:
    [page] = read(PASSES, Direct(lambda it: it, Fault("bare")))
    assert (page.records, page.is_last) == (0, True)
    [page] = read(PASSES, Direct(lambda it: it, Fault("empty")))
    assert (page.records, page.is_last) == (0, True)


@pytest.mark.parametrize("fault", ["bare", "empty"])
@pytest.mark.parametrize("which", [RISKS, OBJECTS])
def test_a_list_that_is_served_whole_is_never_empty(which: int, fault: str) -> None:
    with pytest.raises(SourceContractError, match="returned an empty list"):
        read(which, Direct(lambda it: it, Fault(fault)))


@pytest.mark.parametrize("which", [PASSES, RISKS, OBJECTS])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [("new_version", "has version"), ("refusal", "the API says: specified object removed")],
)
def test_another_major_version_or_an_error_message_is_refused(which: int, fault: str, reason: str) -> None:
    with pytest.raises(SourceContractError, match=reason):
        read(which, Direct(lambda it: it, Fault(fault)))


@pytest.mark.parametrize("which", [PASSES, OBJECTS])
def test_a_field_that_is_missing_is_noticed_before_anything_is_published(which: int) -> None:
    def without(document: Any) -> Any:
        gone = document["fields"].pop(3)
        assert gone in ("cd", "H")
        return document | {"data": [row[:3] + row[4:] for row in document["data"]]}

    with pytest.raises(SourceContractError, match=r"left out (cd|H)\."):
        read(which, Direct(without))


def test_missing_rows_are_noticed() -> None:
    with pytest.raises(SourceContractError, match=r"announces \d+ rows and holds"):
        read(PASSES, Direct(lambda document: document | {"data": document["data"][:-1]}))


# Over HTTP


def test_a_page_of_html_with_503_is_an_outage_and_not_a_breach_of_contract() -> None:
    with simulated(Fault("unavailable", times=None)) as client, pytest.raises(SourceUnavailableError):
        read(PASSES, client)


def test_an_outage_that_passes_is_waited_for() -> None:
    with simulated(Fault("unavailable")) as client:
        assert read(PASSES, client)


def test_a_page_of_html_with_200_is_a_breach_of_contract() -> None:
    with simulated(Fault("html")) as client, pytest.raises(SourceContractError):
        read(RISKS, client)


def test_an_unknown_parameter_is_refused_in_jpls_words() -> None:
    with simulated() as client, pytest.raises(SourceContractError, match="not recognized: date_min"):
        client.get("/cad.api", {"date_min": "2026-01-01"})


@pytest.mark.parametrize(("max_concurrency", "most"), [(1, 1), (None, 4)])
def test_threads_take_turns_with_an_api_that_answers_one_request_at_a_time(
    max_concurrency: int | None, most: int
) -> None:
    together, counted, lock = threading.Barrier(most), [0, 0], threading.Lock()

    @Request.application
    def app(_: Request) -> Response:
        with lock:
            counted[0] += 1
            counted[1] = max(counted)
        together.wait(10)
        with lock:
            counted[0] -= 1
        return Response("{}", mimetype="application/json")

    with server.serve(app) as api, HttpClient("neo", api.url, HASTY, max_concurrency=max_concurrency) as client:
        threads = [threading.Thread(target=client.get, args=("/",)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert counted[1] == most


def test_the_source_asks_one_at_a_time_as_jpl_wants_and_the_simulator_minds() -> None:
    assert source().api.max_concurrency == 1
    first, second = threading.Event(), threading.Event()

    def slow(day: date) -> list[sky.Record]:
        first.set()
        second.wait(10)
        return sky.passes(day)

    app = werkzeug.Client(simulator.make_app(served=simulator.Sky(passes=slow)))
    asking = threading.Thread(target=app.get, args=("/cad.api",))
    asking.start()
    assert first.wait(10)
    assert werkzeug.Client(app.application).get("/sentry.api").status_code == 503
    second.set()
    asking.join()
    assert werkzeug.Client(app.application).get("/sentry.api").status_code == 200
