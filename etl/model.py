"""What everyone shares: intervals, datasets, pages, parsed rows, refused records."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from etl.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


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
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    part_of: str | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The declared Arrow schema, the same in Parquet, on the wire to Postgres and in Spark."""
        import pyarrow as pa

        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])


@dataclass(frozen=True)
class Page:
    """One answer of an API, as received; after the last one there is nothing more to ask for."""

    number: int
    url: str
    status: int
    body: bytes
    records: int
    received_at: datetime
    is_last: bool


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

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer: ...

    def post(self, path: str, document: Mapping[str, Any]) -> Answer: ...


@dataclass(frozen=True)
class Endpoint:
    """One resource of an API.

    `pages(client, interval, first)` asks for the pages from number `first` on (1-based); an interval of None
    means everything. `parse` is a plain function of one page's bytes: it never raises for what a record holds.
    `page_size` is how many records a page was asked for; None: there is one page.
    `knows_intervals` is false if it always answers with everything.
    """

    name: str
    datasets: tuple[Dataset, ...]
    pages: Callable[[Client, DataInterval | None, int], Iterator[Page]]
    parse: Callable[[bytes], Parsed]
    page_size: int | None = None
    knows_intervals: bool = False


@dataclass(frozen=True)
class Source:
    """An API: where it is, what it serves, how to see in one small request whether it works.

    `origin` is what manifests and the ledger say of where the data came from.
    """

    name: str
    about: str
    base_url: str
    origin: str
    endpoints: tuple[Endpoint, ...]
    probe: Callable[[Client], str]
    gold: tuple[Dataset, ...] = ()

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        return tuple(dataset for endpoint in self.endpoints for dataset in endpoint.datasets)
