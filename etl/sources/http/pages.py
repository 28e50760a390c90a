"""Reading a list that an API serves whole, and what to say of an answer that is not one."""

from __future__ import annotations

from collections.abc import Iterator

from etl.core.api import Answer, Client
from etl.core.documents import BrokenPageError
from etl.core.errors import SourceContractError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.sources.records import records_of

CHANGED = "Compare the answer with the API's documentation; nothing was published."


def whole_list(path: str, client: Client, _interval: DataInterval | None = None, _first: int = 1) -> Iterator[Page]:
    """Yield the one page of a list without paging; `partial(whole_list, path)` are the pages of an endpoint.

    Raises: SourceContractError if it is not a list, or is empty, as from an API that lost its data.
    """
    answer = client.get(path)
    try:
        records = records_of(answer.document)
    except BrokenPageError as error:
        raise SourceContractError(f"{answer.url}: {error}.", hint=CHANGED) from error
    if not records:
        raise SourceContractError(f"{answer.url} returned an empty list.", hint=CHANGED)
    yield page_of(answer, 1, len(records), is_last=True)


def page_of(answer: Answer, number: int, records: int, *, is_last: bool) -> Page:
    """An answer as a page with that number."""
    return Page(number, answer.url, answer.status, answer.body, records, answer.received_at, is_last)
