"""A source as it is declared: which API it reads, how, and what the answers become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from etl.core.api import Api, Client
from etl.core.intervals import DataInterval
from etl.core.pages import Page, PageContext, Parsed
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


Pages = Callable[[Client, DataInterval | None, int], Iterator[Page]]
Row = Mapping[str, Any]
LookUp = Callable[[Row], Sequence[Row]]


class Kept(Protocol):
    """Bronze, as an endpoint sees it that asks for what is listed."""

    @property
    def abouts(self) -> Sequence[Row]:
        """What is noted of the pages that an earlier, killed process has kept; new ones follow them."""
        ...

    def file(self, number: int) -> str:
        """Where the page of that number will be."""
        ...

    def body(self, file: str, sha256: str) -> bytes:
        """The body of a page of any extraction. Raises: LakeUnavailableError if it is not there, or another."""
        ...


@dataclass(frozen=True)
class Listed:
    """Pages that are asked for one by one, as a list says that follows from what is published.

    `listing` is a statement, `sql/<listing>.sql`, about the days of the run; `lookup` is another, for `look_up`, with
    parameters of its own. `pages(client, rows, look_up, kept)` yields the pages that are not kept yet; the list may
    have changed since those were.
    """

    listing: str
    lookup: str
    pages: Callable[[Client, Sequence[Row], LookUp, Kept], Iterator[Page]]


@dataclass(frozen=True)
class Endpoint:
    """One resource of an API.

    `pages(client, interval, first)` yields the pages from number `first` on (1-based); an interval of None means
    everything. `parse` is a plain function of one page and never raises because of what a record holds.
    `page_size` is the number of records requested per page; None: there is only one page. `request_fingerprint` is
    whatever else the pages depend on: an interrupted extraction is resumed only if it is unchanged.
    `knows_intervals` is false if the API always answers with everything.
    `part` returns the endpoint that reads one share of the pages; None: it cannot be shared.
    """

    name: str
    datasets: tuple[Dataset, ...]
    pages: Pages | Listed
    parse: Callable[[bytes, PageContext], Parsed]
    page_size: int | None = None
    request_fingerprint: str = ""
    knows_intervals: bool = False
    part: Callable[[Part], Endpoint] | None = None


@dataclass(frozen=True)
class Cost:
    """What a run asks of an API: the number of requests, and their weight against its limits."""

    requests: int
    weight: float


def whole_state(_next_start: date | None, _today: date) -> None:
    """The interval of a run without dates, for an API that always serves everything: none."""


@dataclass(frozen=True)
class Source:
    """What is read from an API, and the tables that it becomes.

    `origin` is where the data came from, as manifests and the ledger say it: the API's URL, or a simulator.
    `silver` are the tables published from what the endpoints parse; those that no endpoint parses are made by
    `sql/silver/<name>.sql`, which reads `parsed.*`. Empty: just what is parsed. `gold` is made by `sql/gold/`.
    `interval(next_start, today)` is what a run without dates covers, given how far the source is published.
    `start` is the first day that somebody wants: if it lies before all published ones, such a run begins there.
    `await_days` is how many days after a day its unknown values are still awaited.
    `follows` are tables of other sources that its lists are made of: a run without dates ends with the last of their
    days.
    `keeps_pages`: rows of later extractions may refer to its pages, so that these do not expire.
    `cost(interval)` is the requests of such a run, and their weight.
    """

    name: str
    about: str
    api: Api
    origin: str
    endpoints: tuple[Endpoint, ...]
    silver: tuple[Dataset, ...] = ()
    gold: tuple[Dataset, ...] = ()
    interval: Callable[[date | None, date], DataInterval | None] = whole_state
    start: date | None = None
    await_days: int = 0
    follows: tuple[str, ...] = ()
    keeps_pages: bool = False
    cost: Callable[[DataInterval | None], Cost] | None = None

    @property
    def probe(self) -> Callable[[Client], str]:
        """One small request that shows whether the API works."""
        return self.api.probe

    @property
    def parsed(self) -> tuple[Dataset, ...]:
        """What the endpoints' parsers turn pages into."""
        return tuple(dataset for endpoint in self.endpoints for dataset in endpoint.datasets)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """The tables of `silver` that are published."""
        return self.silver or self.parsed

    @property
    def derived(self) -> tuple[Dataset, ...]:
        """Those of them that SQL makes from what is parsed."""
        parsed = {dataset.name for dataset in self.parsed}
        return tuple(dataset for dataset in self.datasets if dataset.name not in parsed)

    @property
    def with_day(self) -> tuple[Dataset, ...]:
        """Those whose rows belong to a day."""
        return tuple(dataset for dataset in self.datasets if dataset.day)

    @property
    def without_day(self) -> tuple[Dataset, ...]:
        """Those of which each extraction holds a whole state, if the source is read by days."""
        return tuple(dataset for dataset in self.datasets if not dataset.day)

    @property
    def served_whole(self) -> frozenset[str]:
        """The names of those that the API always serves whole, whichever days a run is about."""
        whole = (endpoint for endpoint in self.endpoints if not endpoint.knows_intervals)
        return frozenset(dataset.name for endpoint in whole for dataset in endpoint.datasets)

    @property
    def serves_everything(self) -> bool:
        """Whether a run without dates is about the whole state rather than about some days."""
        return self.interval is whole_state
