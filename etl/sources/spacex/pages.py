"""How the SpaceX API is asked for launches: by pages of a query; everything else it gives as one list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from etl.core.errors import SourceChangedError, SourceContractError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Answer, Client
from etl.sources.http.pages import CHANGED


def probe(client: Client) -> str:
    """Ask for one launch and say how many there are."""
    answer = client.post("/v5/launches/query", _question(None, page=1, limit=1))
    total = _envelope(answer, page=1)["totalDocs"]
    return f"{total} launches"


def launches(client: Client, interval: DataInterval | None, first: int, page_size: int) -> Iterator[Page]:
    """Yield the pages of all launches, or of those in an interval, from page `first` on.

    Sorted by id, which never changes: a launch that is added or moves while we read shifts no page.
    """
    number, seen, before, announced, is_last = first, 0, None, 0, False
    while not is_last:
        answer = client.post("/v5/launches/query", _question(interval, number, page_size))
        envelope = _envelope(answer, number)
        docs, total = envelope["docs"], envelope["totalDocs"]
        if number == first > 1 and not docs:
            raise _changed(answer, f"{(number - 1) * page_size} launches received, {total} announced")
        if total < announced:  # a launch was taken back: later pages have moved up
            raise _changed(answer, f"{announced} launches announced, then {total}")
        _refuse_repetition(answer, docs, before, number, total, page_size)
        if interval is None and total == 0:
            raise SourceContractError(
                f"{answer.url} answered an empty list; it has hundreds of launches.", hint=CHANGED
            )
        seen, before, announced, is_last = seen + len(docs), docs, total, not envelope["hasNextPage"]
        received = (first - 1) * page_size + seen
        if is_last and received != total:
            raise _changed(answer, f"{received} launches received, {total} announced")
        yield _page(number, answer, len(docs), is_last=is_last)
        number += 1


def _question(interval: DataInterval | None, page: int, limit: int) -> dict[str, Any]:
    days = {"$gte": f"{interval.start}T00:00:00.000Z", "$lt": f"{interval.end}T00:00:00.000Z"} if interval else None
    return {
        "query": {"date_utc": days} if days else {},
        "options": {"sort": {"_id": "asc"}, "page": page, "limit": limit, "pagination": True},
    }


def _envelope(answer: Answer, page: int) -> dict[str, Any]:
    """The query's answer if it has the announced shape and is the page that was asked for."""
    envelope = answer.document
    shape = {"docs": list, "totalDocs": int, "page": int, "hasNextPage": bool}
    if not isinstance(envelope, dict) or any(type(envelope.get(k)) is not t for k, t in shape.items()):
        raise SourceContractError(f"{answer.url} answered no page of a query ({', '.join(shape)}).", hint=CHANGED)
    if envelope["page"] != page:
        raise SourceContractError(f"{answer.url} answered page {envelope['page']} instead of {page}.", hint=CHANGED)
    return envelope


def _refuse_repetition(answer: Answer, docs: list[Any], before: Any, number: int, total: int, page_size: int) -> None:
    """An API that repeats a page, or announces pages beyond its end, would be read for ever."""
    if (docs and docs == before) or (number - 1) * page_size >= max(total, 1):
        raise SourceContractError(f"{answer.url} repeats itself: page {number} brings nothing new.", hint=CHANGED)


def _changed(answer: Answer, how: str) -> SourceChangedError:
    return SourceChangedError(
        f"{answer.url} changed while it was read: {how}.", hint="Run the same command again: it begins anew."
    )


def _page(number: int, answer: Answer, records: int, *, is_last: bool) -> Page:
    return Page(number, answer.url, answer.status, answer.body, records, answer.received_at, is_last)
