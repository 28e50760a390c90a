"""What everyone shares: intervals, datasets, pages, parsed rows, refused records."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from etl.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
MOST_PARTS = 999
HOW_A_PART_IS_WRITTEN = "Write it like 2/4: the second of 4."


def new_run_id(now: datetime | None = None) -> str:
    """A name that sorts by time, to the microsecond: `20240517T120000Z-1a2b3c`."""
    now = now or datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.randbelow(16):x}"


def started_at(run_id: str) -> datetime:
    """The instant a run id was made, to the second."""
    return datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def is_run_id(text: str) -> bool:
    """Whether a text is the name of a run."""
    if not RUN_ID.fullmatch(text):
        return False
    try:
        started_at(text)
    except ValueError:  # such as a 13th month
        return False
    return True


def today() -> date:
    """The day it is in UTC."""
    return datetime.now(UTC).date()


class Sink(StrEnum):
    """Where gold goes: into tables of the warehouse, or as Parquet into the lake."""

    WAREHOUSE = "warehouse"
    LAKE = "lake"


@dataclass(frozen=True, order=True)
class DataInterval:
    """The days `[start, end)` in UTC that a run is about."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise UsageError(
                f"The interval ends on {self.end}, not after its start on {self.start}.",
                hint="--to is the first day that is left out: give a later --to or an earlier --from.",
            )

    def __str__(self) -> str:
        return f"[{self.start}, {self.end})"

    @classmethod
    def parse(cls, start: str, end: str) -> DataInterval:
        """From two ISO days. Raises: ValueError, UsageError."""
        return cls(date.fromisoformat(start), date.fromisoformat(end))

    def without(self, others: Iterable[DataInterval]) -> list[DataInterval]:
        """What is left of it when the days of all others are taken away, oldest first."""
        left = [self]
        for other in others:
            halves = [
                half
                for each in left
                for half in ((each.start, min(each.end, other.start)), (max(each.start, other.end), each.end))
            ]
            left = [DataInterval(start, end) for start, end in halves if start < end]
        return left


@dataclass(frozen=True)
class Column:
    """A column as the lake and the warehouse keep it; `about` feeds the data catalogue."""

    name: str
    type: pa.DataType
    about: str
    nullable: bool = True


@dataclass(frozen=True)
class Dataset:
    """One table of `silver` or `gold`: its grain, key and columns.

    `part_of` names the dataset to whose rows these belong, and whose key they carry (core slots to a launch): when such
    a row is read again, so are all its parts.
    `day` names the column that says to which day of an interval a row belongs, for data that are read by days; what SQL
    makes of such rows it must make of each day alone, as an engine may give it some days at a time.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    part_of: str | None = None
    day: str | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The declared Arrow schema, the same in Parquet, on the wire to Postgres and in Spark."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])


@dataclass(frozen=True)
class Part:
    """One of `of` equal shares of an extraction, from 1: what one of several pods asks for."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of <= MOST_PARTS:
            raise UsageError(
                f"There is no part {self.number} of {self.of}.", hint="Write it like 2/4: the second of 4."
            )

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read `2/4`. Raises: UsageError."""
        found = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text.strip())
        if not found:
            raise UsageError(f"'{text}' is no part of an extraction.", hint=HOW_A_PART_IS_WRITTEN)
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class Page:
    """One answer of an API, as received; after the last one there is nothing more to ask for.

    `about` is what a parser must know of the question because the answer does not say it: plain JSON values.
    """

    number: int
    url: str
    status: int
    body: bytes
    records: int
    received_at: datetime
    is_last: bool
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What a page answers and when it did: the part of its story that a parser may need."""

    about: Mapping[str, Any]
    received_at: datetime


@dataclass(frozen=True)
class Refused:
    """A record that broke its contract: where it stood, why, and its text (JSON).

    `reason` is for people; `kind` is one of a few words such as `missing`, to count by. Files of before have none.
    """

    position: int
    reason: str
    record: str
    kind: str = field(default="unknown", kw_only=True)


@dataclass(frozen=True)
class Parsed:
    """What one page became: rows by dataset, refused records, fields the contract does not know."""

    batches: Mapping[str, pa.RecordBatch]
    records: int
    refused: tuple[Refused, ...] = ()
    unknown_fields: frozenset[str] = frozenset()


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
