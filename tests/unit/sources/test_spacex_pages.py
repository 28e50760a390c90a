"""Paging brings each launch once, in any size of page, and ends."""

import json
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from etl.core.errors import PlatformError, SourceChangedError, SourceContractError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Source
from etl.simulate.faults import Fault
from etl.sources.spacex.snapshot import load
from tests.conftest import Simulate, client_of, spacex_at
from tests.unit.sources.conftest import answering, ok

ALL = {launch["id"]: launch for launch in load()["launches"]}


def ids(pages: list[Page]) -> list[str]:
    return [record["id"] for page in pages for record in json.loads(page.body)["docs"]]


def launches(source: Source, interval: DataInterval | None = None, first: int = 1) -> list[Page]:
    with client_of(source.api.base_url) as client:
        return list(source.endpoints[0].pages(client, interval, first))


@pytest.fixture
def url(simulate: Simulate) -> str:
    address: str = simulate()
    return address


@pytest.mark.parametrize(("size", "pages"), [(1, 205), (7, 30), (41, 5), (100, 3), (1000, 1)])
def test_each_launch_comes_once_in_pages_of_any_size(url: str, size: int, pages: int) -> None:
    found = launches(spacex_at(url, size))
    assert sorted(ids(found)) == sorted(ALL)
    assert [page.number for page in found] == list(range(1, pages + 1))
    assert [page.is_last for page in found] == [False] * (pages - 1) + [True]
    assert all(page.records == len(json.loads(page.body)["docs"]) for page in found)


@pytest.mark.parametrize("first", [1, 2, 5, 11])
def test_reading_resumes_at_any_page(url: str, first: int) -> None:
    source = spacex_at(url, 20)
    whole = launches(source)
    assert ids(launches(source, first=first)) == ids(whole[first - 1 :])


def test_other_endpoints_are_one_page_each(url: str) -> None:
    source = spacex_at(url)
    with client_of(url) as client:
        for endpoint in source.endpoints[1:]:
            (page,) = endpoint.pages(client, None, 1)
            assert page.is_last
            assert page.records == len(json.loads(page.body)) > 0
            assert endpoint.page_size is None


def test_the_probe_counts_the_launches(url: str) -> None:
    with client_of(url) as client:
        assert spacex_at(url).probe(client) == "205 launches"


# Intervals


def within(start: str, end: str) -> set[str]:
    return {key for key, launch in ALL.items() if start <= launch["date_utc"][:10] < end}


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        ("2006-03-01", "2024-05-17", 205),
        ("2006-03-24", "2006-03-25", 1),
        ("2006-03-23", "2006-03-24", 0),
        ("2006-03-25", "2007-03-21", 0),
        ("1990-01-01", "1991-01-01", 0),
        ("2020-01-01", "2021-01-01", None),
        ("2020-02-17", "2020-03-07", None),
    ],
)
@pytest.mark.parametrize("size", [3, 100])
def test_an_interval_brings_the_launches_of_its_days_and_not_of_its_end(
    url: str, start: str, end: str, count: int | None, size: int
) -> None:
    interval = DataInterval(date.fromisoformat(start), date.fromisoformat(end))
    found = ids(launches(spacex_at(url, size), interval))
    assert sorted(found) == sorted(within(start, end))
    assert count is None or len(found) == count


def test_neighbouring_intervals_share_no_launch_and_lose_none(url: str) -> None:
    days = [date(2006, 3, 1), date(2013, 1, 1), date(2018, 2, 6), date(2020, 5, 30), date(2023, 1, 1)]
    found = Counter[str]()
    for start, end in pairwise(days):
        found.update(ids(launches(spacex_at(url), DataInterval(start, end))))
    assert found == Counter(dict.fromkeys(ALL, 1))


# An API that answers something else


def page_of(docs: list[Any], **changed: Any) -> dict[str, Any]:
    return {"docs": docs, "totalDocs": len(docs), "page": 1, "hasNextPage": False} | changed


def refused(document: Any, *, size: int = 2, first: int = 1) -> PlatformError:
    with answering(ok(document)) as api, pytest.raises(PlatformError) as told:
        launches(spacex_at(api.url, size), first=first)
    assert len(api.asked) == 1
    return told.value


@pytest.mark.parametrize(
    "document",
    [
        [],
        None,
        "text",
        {},
        page_of([]) | {"docs": {}},
        page_of([], totalDocs="205"),
        page_of([], totalDocs=1e400),
        page_of([], totalDocs=True),
        page_of([], page=True),
        page_of([], page=None),
        page_of([], hasNextPage=1),
        {name: value for name, value in page_of([]).items() if name != "totalDocs"},
    ],
)
def test_an_answer_that_is_not_a_page_of_a_query_is_refused(document: Any) -> None:
    with answering(Response(json.dumps(document), content_type="application/json")) as api:
        with pytest.raises(SourceContractError, match=r"did not answer a page of a query \(docs, totalDocs, page"):
            launches(spacex_at(api.url))
        assert len(api.asked) == 1


def test_another_page_than_the_one_asked_for_is_refused() -> None:
    error = refused(page_of([{}], page=2))
    assert isinstance(error, SourceContractError)
    assert "answered page 2 instead of 1" in error.message


def test_no_launch_at_all_is_refused(simulate: Simulate) -> None:
    with pytest.raises(SourceContractError, match="returned an empty list; it has hundreds of launches"):
        launches(spacex_at(simulate(Fault("empty"))))


def test_an_interval_without_launches_is_fine_though(simulate: Simulate) -> None:
    (page,) = launches(spacex_at(simulate()), DataInterval(date(1990, 1, 1), date(1991, 1, 1)))
    assert (page.records, page.is_last) == (0, True)


@pytest.mark.parametrize("path", ["cores", "rockets", "launchpads", "landpads", "payloads"])
def test_an_empty_list_of_anything_else_is_refused(simulate: Simulate, path: str) -> None:
    url = simulate(Fault("empty", path=f"/v4/{path}"))
    source = spacex_at(url)
    endpoint = next(endpoint for endpoint in source.endpoints if endpoint.name == f"spacex_{path}")
    with client_of(url) as client, pytest.raises(SourceContractError, match=f"/v4/{path} returned an empty list"):
        list(endpoint.pages(client, None, 1))


@pytest.mark.parametrize("document", [{"error": "x"}, "text", 12])
def test_a_list_that_is_not_one_is_refused(document: Any) -> None:
    with (
        answering(ok(document)) as api,
        client_of(api.url) as client,
        pytest.raises(SourceContractError, match="holds no list of records"),
    ):
        list(spacex_at(api.url).endpoints[1].pages(client, None, 1))


def test_a_page_that_repeats_forever_is_refused(simulate: Simulate) -> None:
    with pytest.raises(SourceContractError, match="repeats itself: page 2 brings nothing new"):
        launches(spacex_at(simulate(Fault("repeat_page", times=None)), 20))


def test_ever_new_pages_beyond_the_announced_total_are_refused() -> None:
    def endless(request: Request) -> Response:
        number = json.loads(request.get_data())["options"]["page"]
        return ok(page_of([{"id": f"{number}-1"}, {"id": f"{number}-2"}], page=number, totalDocs=5, hasNextPage=True))

    with answering(endless) as api:
        with pytest.raises(SourceContractError, match="repeats itself: page 4"):
            launches(spacex_at(api.url, 2))
        assert len(api.asked) == 4


# An API whose content changes while it is read


def paged(api_total: list[int], docs: int = 2) -> Any:
    """Pages of two launches, whose announced totals are given one by one."""

    def answer(request: Request) -> Response:
        number = json.loads(request.get_data())["options"]["page"]
        total = api_total.pop(0) if len(api_total) > 1 else api_total[0]
        left = max(0, min(docs, total - (number - 1) * docs))
        records = [{"id": f"{number}-{place}"} for place in range(left)]
        return ok(page_of(records, page=number, totalDocs=total, hasNextPage=number * docs < total))

    return answer


@pytest.mark.parametrize("totals", [[4, 3], [6, 6, 5], [6, 3]])
def test_a_list_that_shrinks_while_it_is_read_is_noticed(totals: list[int]) -> None:
    with (
        answering(paged(list(totals))) as api,
        pytest.raises(SourceChangedError, match=f"{totals[-2]} launches announced, then {totals[-1]}"),
    ):
        launches(spacex_at(api.url, 2))


@pytest.mark.parametrize("totals", [[3, 4], [4, 5], [2, 7], [5, 6, 7]])
def test_a_list_that_grows_while_it_is_read_is_read_to_its_new_end(totals: list[int]) -> None:
    with answering(paged(list(totals))) as api:
        pages = launches(spacex_at(api.url, 2))
    assert sum(page.records for page in pages) == totals[len(pages) - 1 if len(pages) < len(totals) else -1]


def test_a_launch_that_vanishes_while_reading_is_noticed_before_the_last_page_is_kept() -> None:
    def answer(request: Request) -> Response:
        number = json.loads(request.get_data())["options"]["page"]
        last = number == 3
        return ok(page_of([{"id": str(number)}], page=number, totalDocs=6, hasNextPage=not last))

    with answering(answer) as api, client_of(api.url) as client:
        pages = spacex_at(api.url, 2).endpoints[0].pages(client, None, 1)
        assert [next(pages).number, next(pages).number] == [1, 2]
        with pytest.raises(SourceChangedError, match="changed while it was read: 3 launches received, 6 announced"):
            next(pages)


def test_resuming_beyond_the_end_means_that_the_list_has_shrunk() -> None:
    error = refused(page_of([], page=4, totalDocs=5), size=2, first=4)
    assert isinstance(error, SourceChangedError)
    assert "6 launches received, 5 announced" in error.message


def test_launches_are_asked_in_an_order_that_never_changes() -> None:
    with answering(ok(page_of([{"id": "1"}]))) as api:
        launches(spacex_at(api.url, 50), DataInterval(date(2020, 1, 1), date(2020, 2, 1)))
    question = json.loads(api.asked[0].get_data())
    assert question == {
        "query": {"date_utc": {"$gte": "2020-01-01T00:00:00.000Z", "$lt": "2020-02-01T00:00:00.000Z"}},
        "options": {"sort": {"_id": "asc"}, "page": 1, "limit": 50, "pagination": True},
    }
