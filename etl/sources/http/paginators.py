"""How APIs page: by offset, by number, by link, by cursor. `read_pages` walks any of them, and never in circles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar
from urllib.parse import urljoin

from etl.core.api import Answer
from etl.core.errors import SourceChangedError, SourceContractError
from etl.core.pages import Page
from etl.sources.http.pages import CHANGED, page_of


@dataclass(frozen=True)
class Batch:
    """What a paginator needs of one answer: its records, and what the API announces, as far as it does.

    `total` is the number of records on all pages, `more` whether another page follows, `next` its link or token.
    """

    records: Sequence[Any]
    total: int | None = None
    more: bool | None = None
    next: str | None = None


P = TypeVar("P", int, str)


class Paginator(Protocol[P]):
    """Where pages are. A position is a page number, an offset, a link or a token; "" is that of a first page."""

    needs_full_pages: ClassVar[bool]

    @property
    def size(self) -> int | None: ...

    def start(self, first: int) -> tuple[int, P]:
        """The number and position of the page to begin with in order to read page `first`."""
        ...

    def after(self, position: P, batch: Batch, answer: Answer, received: int) -> P | None:
        """The position that follows; None after the last page."""
        ...


@dataclass(frozen=True)
class PageNumber:
    """Pages are numbered from 1."""

    size: int
    needs_full_pages: ClassVar[bool] = False

    def start(self, first: int) -> tuple[int, int]:
        return first, first

    def after(self, position: int, batch: Batch, _answer: Answer, received: int) -> int | None:
        return position + 1 if _has_more(batch, received, self.size) else None


@dataclass(frozen=True)
class Offset:
    """A page is so many records from a place on; all but the last are full, or a later run could not resume."""

    size: int
    needs_full_pages: ClassVar[bool] = True

    def start(self, first: int) -> tuple[int, int]:
        return first, (first - 1) * self.size

    def after(self, position: int, batch: Batch, _answer: Answer, received: int) -> int | None:
        return position + self.size if _has_more(batch, received, self.size) else None


@dataclass(frozen=True)
class Cursor:
    """An answer holds the token of the next page. To resume, the pages before are asked for once more."""

    size: None = None
    needs_full_pages: ClassVar[bool] = False

    def start(self, _first: int) -> tuple[int, str]:
        return 1, ""

    def after(self, _position: str, batch: Batch, _answer: Answer, _received: int) -> str | None:
        return batch.next or None


@dataclass(frozen=True)
class Link(Cursor):
    """An answer holds the URL of the next page, whole or relative; `next_link` finds it in the header Link."""

    def after(self, _position: str, batch: Batch, answer: Answer, _received: int) -> str | None:
        return urljoin(answer.url, batch.next) if batch.next else None


def read_pages(
    paginator: Paginator[P],
    ask: Callable[[P], Answer],
    read: Callable[[Answer, P], Batch],
    first: int = 1,
    *,
    noun: str = "records",
) -> Iterator[Page]:
    """Yield the pages from number `first` on.

    Raises: SourceContractError if the API repeats itself, or announces pages beyond its end; SourceChangedError if
    what it announces does not fit what it gave.
    """
    number, position = paginator.start(first)
    walk = _Walk(noun, received=(number - 1) * (paginator.size or 0))
    while True:
        answer = ask(position)
        batch = read(answer, position)
        walk.check(answer, batch, number, is_resumed=number == first > 1)
        following = paginator.after(position, batch, answer, walk.received)
        if following is None:
            if number == 1 and paginator.size and 0 < len(batch.records) < min(paginator.size, batch.total or 0):
                raise _capped(answer, noun, len(batch.records), paginator.size)
            walk.check_end(answer, batch, number, first)
        elif paginator.needs_full_pages and len(batch.records) != paginator.size:
            raise _capped(answer, noun, len(batch.records), paginator.size)
        if number >= first:
            yield page_of(answer, number, len(batch.records), is_last=following is None)
        if following is None:
            return
        number, position = number + 1, walk.step(answer, following, number)


def next_link(answer: Answer) -> str | None:
    """The URL with `rel="next"` in the header Link."""
    from requests.utils import parse_header_links  # late: it loads slowly, and a listing sends no requests

    links = parse_header_links(answer.headers.get("link", ""))
    return next((link["url"] for link in links if "next" in link.get("rel", "").split()), None)


def total_in_header(answer: Answer, name: str) -> int | None:
    """The number of records on all pages, as some APIs say it in a header such as X-Total-Count."""
    value = answer.headers.get(name.lower(), "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 18 else None


def _capped(answer: Answer, noun: str, given: int, asked: int | None) -> SourceContractError:
    return SourceContractError(
        f"{answer.url} answered {given} {noun} where {asked} were asked for.",
        hint=f"If it serves no more at a time, ask for {given}: `etl settings` lists the page sizes.",
    )


def _has_more(batch: Batch, received: int, size: int) -> bool:
    if batch.more is not None:
        return batch.more
    if batch.total is not None:
        return received < batch.total
    return len(batch.records) >= size


class _Walk:
    """What was received so far, to notice an API that walks in circles or changes meanwhile."""

    def __init__(self, noun: str, received: int) -> None:
        self.received = received
        self._noun = noun
        self._announced = 0
        self._pages: set[bytes] = set()
        self._positions: set[Any] = set()

    def check(self, answer: Answer, batch: Batch, number: int, *, is_resumed: bool) -> None:
        """Raise unless the page is new and fits what was announced; then count it."""
        total = batch.total
        if total is not None:
            if is_resumed and not batch.records:
                raise self._changed(answer, f"{self.received} {self._noun} received, {total} announced")
            if total < self._announced:  # a record was removed: later pages have moved up
                raise self._changed(answer, f"{self._announced} {self._noun} announced, then {total}")
            if number > 1 and self.received >= max(total, 1):
                raise self._repetition(answer, number)
            self._announced = total
        page = hashlib.sha256(json.dumps(batch.records).encode()).digest()
        if page in self._pages:
            raise self._repetition(answer, number)
        self._pages.add(page)
        self.received += len(batch.records)

    def check_end(self, answer: Answer, batch: Batch, number: int, first: int) -> None:
        """Raise if the last page comes too early."""
        if number < first:
            raise self._changed(answer, f"it ends with page {number}, and page {first - 1} was received before")
        if batch.total is not None and self.received != batch.total:
            raise self._changed(answer, f"{self.received} {self._noun} received, {batch.total} announced")

    def step(self, answer: Answer, following: P, number: int) -> P:
        """The position that follows, unless it was there before."""
        if following in self._positions:
            raise self._repetition(answer, number)
        self._positions.add(following)
        return following

    def _repetition(self, answer: Answer, number: int) -> SourceContractError:
        return SourceContractError(f"{answer.url} repeats itself: page {number} brings nothing new.", hint=CHANGED)

    def _changed(self, answer: Answer, how: str) -> SourceChangedError:
        return SourceChangedError(
            f"{answer.url} changed while it was read: {how}.",
            hint="Run the same command again: it starts from the first page.",
        )
