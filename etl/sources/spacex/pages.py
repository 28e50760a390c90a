"""How launches are read from the SpaceX API: by pages of a query; everything else it serves as one list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from etl.core.api import Answer, Client
from etl.core.errors import SourceContractError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.sources.http.pages import CHANGED
from etl.sources.http.paginators import Batch, PageNumber, read_pages

PATH = "/v5/launches/query"
SHAPE = {"docs": list, "totalDocs": int, "page": int, "hasNextPage": bool}


def probe(client: Client) -> str:
    """Ask for one launch and say how many there are."""
    return f"{_read(client.post(PATH, _query(None, page=1, limit=1)), page=1).total} launches"


def launches(client: Client, interval: DataInterval | None, first: int, page_size: int) -> Iterator[Page]:
    """The pages of all launches, or of those in an interval, from page `first` on.

    Sorted by id, which never changes: a launch that is added or moved while we read shifts no page.
    """

    def ask(page: int) -> Answer:
        return client.post(PATH, _query(interval, page, page_size))

    def read(answer: Answer, page: int) -> Batch:
        batch = _read(answer, page)
        if interval is None and page == 1 and batch.total == 0:
            raise SourceContractError(
                f"{answer.url} returned an empty list; it has hundreds of launches.", hint=CHANGED
            )
        return batch

    return read_pages(PageNumber(page_size), ask, read, first, noun="launches")


def _query(interval: DataInterval | None, page: int, limit: int) -> dict[str, Any]:
    days = {"$gte": f"{interval.start}T00:00:00.000Z", "$lt": f"{interval.end}T00:00:00.000Z"} if interval else None
    return {
        "query": {"date_utc": days} if days else {},
        "options": {"sort": {"_id": "asc"}, "page": page, "limit": limit, "pagination": True},
    }


def _read(answer: Answer, page: int) -> Batch:
    """The answer to the query, if it has the documented shape and is the page that was asked for."""
    envelope = answer.document
    if not isinstance(envelope, dict) or any(type(envelope.get(name)) is not kind for name, kind in SHAPE.items()):
        raise SourceContractError(f"{answer.url} did not answer a page of a query ({', '.join(SHAPE)}).", hint=CHANGED)
    if envelope["page"] != page:
        raise SourceContractError(f"{answer.url} answered page {envelope['page']} instead of {page}.", hint=CHANGED)
    return Batch(envelope["docs"], total=envelope["totalDocs"], more=envelope["hasNextPage"])
