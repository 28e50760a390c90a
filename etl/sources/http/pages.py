"""How any API is asked for a list without paging, and what to say of an answer that is none."""

from __future__ import annotations

from collections.abc import Iterator

from etl.core.errors import SourceContractError
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Client
from etl.sources.records import BrokenPageError, records_of

CHANGED = "Compare the answer with the API's documentation; nothing was published."


def whole_list(path: str, client: Client, _interval: DataInterval | None = None, _first: int = 1) -> Iterator[Page]:
    """Yield the one page that a list without paging is; with `partial(whole_list, path)` the pages of an endpoint.

    Raises: SourceContractError if it is no list, or has no records, as an API that lost its data answers.
    """
    answer = client.get(path)
    try:
        records = records_of(answer.document)
    except BrokenPageError as error:
        raise SourceContractError(f"{answer.url}: {error}.", hint=CHANGED) from error
    if not records:
        raise SourceContractError(f"{answer.url} answered an empty list.", hint=CHANGED)
    yield Page(1, answer.url, answer.status, answer.body, len(records), answer.received_at, is_last=True)
