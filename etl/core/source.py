"""A source as it is declared: what it serves, how it is asked, what its answers become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from etl.core.intervals import DataInterval
from etl.core.pages import Asked, Page, Parsed
from etl.core.tables import Dataset

MOST_PARTS = 999


@dataclass(frozen=True)
class Part:
    """One of `of` equal shares of an extraction, counted from 1: what one of several pods extracts.

    Raises: ValueError for a share that there is not.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of <= MOST_PARTS:
            raise ValueError(f"There is no part {self.number} of {self.of}.")

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read `2/4`. Raises: ValueError."""
        found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text.strip())
        if not found:
            raise ValueError(f"'{text}' is not a valid part.")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class Answer:
    """An API's answer: bytes as received and the JSON in them."""

    url: str
    status: int
    body: bytes
    document: Any
    received_at: datetime


class Client(Protocol):
    """What a source needs of HTTP; `etl.sources.http.HttpClient` is the real one."""

    def get(self, path: str, params: Mapping[str, str] | None = None, *, weight: float = 1) -> Answer: ...

    def post(self, path: str, document: Mapping[str, Any], *, weight: float = 1) -> Answer: ...

    def left(self) -> list[tuple[Limit, float]]:
        """What may still be asked of each of the API's limits; none if it has none."""
        ...


@dataclass(frozen=True)
class Endpoint:
    """One resource of an API.

    `pages(client, interval, first)` asks for the pages from number `first` on (1-based); an interval of None
    means everything. `parse` is a plain function of one page: it never raises for what a record holds.
    `page_size` is how many records a page was asked for; None: there is one page. `question` tells what else the
    pages depend on: a run that was begun with other questions is not gone on with.
    `knows_intervals` is false if it always answers with everything.
    `part` gives the endpoint that asks for one share of the pages; None: it cannot be shared.
    """

    name: str
    datasets: tuple[Dataset, ...]
    pages: Callable[[Client, DataInterval | None, int], Iterator[Page]]
    parse: Callable[[bytes, Asked], Parsed]
    page_size: int | None = None
    question: str = ""
    knows_intervals: bool = False
    part: Callable[[Part], Endpoint] | None = None


@dataclass(frozen=True)
class Limit:
    """How much an API may be asked in any stretch of `seconds`; `is_spread`: beyond half of it, evenly."""

    calls: float
    seconds: int
    name: str
    is_spread: bool = False


@dataclass(frozen=True)
class Cost:
    """What a run asks of an API: how often, and what that weighs against its limits."""

    requests: int
    weight: float


def whole_state(_next_start: date | None, _today: date) -> None:
    """The interval of a run without dates, for an API that always serves everything: none."""


@dataclass(frozen=True)
class Source:
    """An API: where it is, what it serves, how to see in one small request whether it works.

    `origin` is what manifests and the ledger say of where the data came from.
    `silver` are the tables published from what the endpoints parse; those that no endpoint parses are made by
    `sql/silver/<name>.sql`, which reads `parsed.*`. Empty: just what is parsed. `gold` is made by `sql/gold/`.
    `interval(next_start, today)` is what a run without dates is about, given how far the source is published.
    `cost(interval)` tells what such a run asks; `limits` are those of the API.
    """

    name: str
    about: str
    base_url: str
    origin: str
    endpoints: tuple[Endpoint, ...]
    probe: Callable[[Client], str]
    silver: tuple[Dataset, ...] = ()
    gold: tuple[Dataset, ...] = ()
    interval: Callable[[date | None, date], DataInterval | None] = whole_state
    limits: tuple[Limit, ...] = ()
    cost: Callable[[DataInterval | None], Cost] | None = None

    @property
    def parsed(self) -> tuple[Dataset, ...]:
        """What the endpoints' parsers make of pages."""
        return tuple(dataset for endpoint in self.endpoints for dataset in endpoint.datasets)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The tables of `silver` that are published."""
        return self.silver or self.parsed

    @property
    def derived(self) -> tuple[Dataset, ...]:
        """Those of them that SQL makes of what is parsed."""
        parsed = {dataset.name for dataset in self.parsed}
        return tuple(dataset for dataset in self.datasets if dataset.name not in parsed)

    @property
    def serves_everything(self) -> bool:
        """Whether a run without dates is about the whole state rather than about some days."""
        return self.interval is whole_state
