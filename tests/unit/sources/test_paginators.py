"""Every record comes once, in order, whichever way an API pages; one that walks in circles is stopped."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.api import Answer
from etl.core.errors import SourceChangedError, SourceContractError
from etl.core.pages import Page
from etl.sources.http.paginators import (
    Batch,
    Cursor,
    Link,
    Offset,
    PageNumber,
    next_link,
    read_pages,
    total_in_header,
)

NOW = datetime(2024, 5, 17, tzinfo=UTC)
URL = "https://api.example.org/v1/things"
MOST_REQUESTS = 60  # no test asks for more pages; an API asked more often would be asked for ever


class Paged:
    """An API with that many records, which may say how many there are and whether more follow."""

    def __init__(self, records: int, size: int, *, has_total: bool = False, has_more: bool = False) -> None:
        self.records = [{"id": number} for number in range(records)]
        self.size = size
        self.has_total, self.has_more = has_total, has_more
        self.asked: list[Any] = []

    def by_offset(self, offset: int) -> Answer:
        return self._answer(offset, offset, {})

    def by_number(self, page: int) -> Answer:
        return self._answer(page, (page - 1) * self.size, {})

    def by_token(self, token: str) -> Answer:
        offset = int(token or 0)
        following = offset + self.size
        return self._answer(token, offset, {"token": str(following)} if following < len(self.records) else {})

    def by_link(self, link: str) -> Answer:
        offset = int(link.partition("=")[2] or 0)
        following = offset + self.size
        is_last = following >= len(self.records)
        return self._answer(link, offset, {}, {} if is_last else {"link": f'<?offset={following}>; rel="next"'})

    def _answer(self, asked: Any, offset: int, also: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
        self.asked.append(asked)
        assert len(self.asked) <= MOST_REQUESTS, "asked for ever"
        records = self.records[offset : offset + self.size]
        total = {"x-total-count": str(len(self.records))} if self.has_total else {}
        more = {"more": offset + self.size < len(self.records)} if self.has_more else {}
        body = json.dumps({"records": records} | more | also).encode()
        return Answer(URL, 200, body, total | (headers or {}), NOW)


def read(answer: Answer, _position: Any) -> Batch:
    document = answer.document
    return Batch(
        document["records"],
        total_in_header(answer, "X-Total-Count"),
        document.get("more"),
        document.get("token") or next_link(answer),
    )


WAYS: dict[str, Callable[[Paged, int], list[Page]]] = {
    "offset": lambda api, first: list(read_pages(Offset(api.size), api.by_offset, read, first)),
    "page number": lambda api, first: list(read_pages(PageNumber(api.size), api.by_number, read, first)),
    "cursor": lambda api, first: list(read_pages(Cursor(), api.by_token, read, first)),
    "link": lambda api, first: list(read_pages(Link(), api.by_link, read, first)),
}


def ids(pages: list[Page]) -> list[int]:
    return [record["id"] for page in pages for record in json.loads(page.body)["records"]]


@settings(deadline=None)
@given(st.sampled_from(sorted(WAYS)), st.integers(0, 50), st.integers(1, 12), st.booleans(), st.booleans(), st.data())
def test_every_record_comes_once_in_order_from_any_page_on(
    way: str, records: int, size: int, has_total: bool, has_more: bool, data: st.DataObject
) -> None:
    def api() -> Paged:
        return Paged(records, size, has_total=has_total, has_more=has_more)

    whole = WAYS[way](api(), 1)
    assert ids(whole) == list(range(records))
    assert [page.number for page in whole] == list(range(1, len(whole) + 1))
    assert [page.is_last for page in whole] == [False] * (len(whole) - 1) + [True]
    assert sum(page.records for page in whole) == records
    assert len(whole) <= records // size + 1

    first = data.draw(st.integers(1, len(whole)))
    assert WAYS[way](api(), first) == whole[first - 1 :]


@settings(deadline=None)
@given(st.sampled_from(sorted(WAYS)), st.integers(2, 8), st.integers(1, 5), st.booleans(), st.data())
def test_an_api_that_repeats_a_page_is_stopped(
    way: str, pages: int, size: int, has_total: bool, data: st.DataObject
) -> None:
    """From some page on it gives an earlier one again, and always promises more."""
    repeats_from = data.draw(st.integers(2, pages))
    repeated = data.draw(st.integers(1, repeats_from - 1))
    api = Paged(pages * size, size, has_total=has_total)

    def stuck(answer: Answer, position: Any) -> Batch:
        number = len(api.asked)
        batch = read(answer, position)
        begin = (repeated - 1) * size
        records = api.records[begin : begin + size] if number >= repeats_from else batch.records
        return Batch(records, batch.total, more=True, next=f"?offset={number * size}" if way == "link" else f"{number}")

    walk: dict[str, Callable[[], list[Page]]] = {
        "offset": lambda: list(read_pages(Offset(size), api.by_offset, stuck)),
        "page number": lambda: list(read_pages(PageNumber(size), api.by_number, stuck)),
        "cursor": lambda: list(read_pages(Cursor(), lambda _: api.by_number(len(api.asked) + 1), stuck)),
        "link": lambda: list(read_pages(Link(), lambda _: api.by_number(len(api.asked) + 1), stuck)),
    }
    with pytest.raises(SourceContractError, match=f"repeats itself: page {repeats_from} brings nothing new"):
        walk[way]()
    assert len(api.asked) == repeats_from


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=5, max_size=9))
def test_tokens_that_lead_back_are_noticed_though_the_records_are_new(tokens: list[str]) -> None:
    asked: list[str] = []

    def ask(token: str) -> Answer:
        asked.append(token)
        body = json.dumps({"records": [len(asked)], "token": tokens[(len(asked) - 1) % len(tokens)]}).encode()
        return Answer(URL, 200, body, {}, NOW)

    with pytest.raises(SourceContractError, match="repeats itself"):
        list(read_pages(Cursor(), ask, read))
    assert len(asked) <= 5


def anything(_position: Any) -> Answer:
    return Answer(URL, 200, b"", {}, NOW)


def batches(*given: Batch) -> Callable[[Answer, Any], Batch]:
    left = list(given)
    return lambda _answer, _position: left.pop(0)


def test_pages_beyond_the_announced_end_are_refused() -> None:
    endless = batches(*(Batch([number], total=2, more=True) for number in range(9)))
    with pytest.raises(SourceContractError, match="repeats itself: page 3"):
        list(read_pages(PageNumber(1), anything, endless))


def test_one_empty_page_between_others_is_fine_and_two_are_not() -> None:
    one = [Batch([1], next="a"), Batch([], next="b"), Batch([2])]
    assert [page.records for page in read_pages(Cursor(), anything, batches(*one))] == [1, 0, 1]
    two = [Batch([1], next="a"), Batch([], next="b"), Batch([], next="c"), Batch([2])]
    with pytest.raises(SourceContractError, match="repeats itself: page 3"):
        list(read_pages(Cursor(), anything, batches(*two)))


def test_an_end_that_comes_before_the_announced_total_is_a_change() -> None:
    with pytest.raises(SourceChangedError, match="2 stars received, 3 announced"):
        list(read_pages(Cursor(), anything, batches(Batch([1, 2], total=3)), noun="stars"))


def test_a_total_that_shrinks_is_a_change() -> None:
    shrinking = batches(Batch([1], total=3, next="a"), Batch([2], total=2, next="b"))
    with pytest.raises(SourceChangedError, match="3 records announced, then 2"):
        list(read_pages(Cursor(), anything, shrinking))


def test_a_list_that_ends_before_the_page_to_resume_at_is_a_change() -> None:
    with pytest.raises(SourceChangedError, match="it ends with page 2, and page 3 was received before"):
        WAYS["cursor"](Paged(4, 2), 4)


def test_offsets_need_full_pages() -> None:
    with pytest.raises(SourceContractError, match="answered 5 records where 10 were asked for"):
        list(read_pages(Offset(10), Paged(20, 5, has_total=True).by_offset, read))


def test_an_api_that_serves_fewer_at_a_time_than_asked_for_is_named_as_such() -> None:
    with pytest.raises(SourceContractError, match="answered 5 records where 10 were asked for") as caught:
        list(read_pages(PageNumber(10), anything, batches(Batch([*range(5)], total=20, more=False))))
    assert "ask for 5: `etl settings`" in caught.value.hint


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ('<https://api.example.org/x?page=3>; rel="next", </x?page=9>; rel="last"', "https://api.example.org/x?page=3"),
        ('</x?page=1>; rel="prev"', None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_the_next_link_is_found_in_the_header(link: str, found: str | None) -> None:
    assert next_link(Answer(URL, 200, b"", {"link": link}, NOW)) == found


@pytest.mark.parametrize(
    ("value", "total"), [("205", 205), ("0", 0), ("", None), ("many", None), ("-1", None), ("²", None)]
)
def test_a_total_is_read_from_a_header(value: str, total: int | None) -> None:
    assert total_in_header(Answer(URL, 200, b"", {"x-total-count": value}, NOW), "X-Total-Count") == total
