"""An API as it is declared beside its sources: where it is, how it lets us in, how often it may be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from etl.core.auth import NO_AUTH, Auth

JSON = "application/json"


@dataclass(frozen=True)
class Limit:
    """How much an API may be asked in any stretch of `seconds`; `is_spread`: beyond half of it, evenly."""

    calls: float
    seconds: int
    name: str
    is_spread: bool = False


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for what, and how often to try; all in seconds but `attempts`."""

    connect_s: float = 5
    read_s: float = 30
    attempts: int = 6
    retry_s: float = 90
    wait_s: float = 0.5


@dataclass(frozen=True)
class Answer:
    """An API's answer: `url` as it was asked, without any secret, and the body as received."""

    url: str
    status: int
    body: bytes
    headers: Mapping[str, str]
    received_at: datetime

    @cached_property
    def document(self) -> Any:
        """The JSON in the body. Raises: BrokenPageError."""
        from etl.core.documents import parse_json  # the command line starts without it

        return parse_json(self.body)


FormPart = tuple[str, tuple[str | None, bytes | str]]  # its name, its file's name if it is one, its content


class Client(Protocol):
    """What a source needs of HTTP; `etl.sources.http.client.HttpClient` is the real one."""

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        weight: float = 1,
        accept: str = JSON,
        most_bytes: int | None = None,
    ) -> Answer: ...

    def post(self, path: str, document: Mapping[str, Any], *, weight: float = 1, accept: str = JSON) -> Answer: ...

    def elsewhere(self, base_url: str) -> Client:
        """A client of another server, with the same patience; it gets no key, and what it asks counts as nothing."""
        ...

    def left(self) -> list[tuple[Limit, float]]:
        """What may still be asked of each of the API's limits; empty if it has none."""
        ...


@dataclass(frozen=True)
class Api:
    """Where an API is and what all its sources share: the key, the limits, and the budget that counts against them.

    `name` is the budget's key. `probe` asks one small question and says in a few words what it saw.
    `max_concurrency` is how many requests it answers at the same time; None: as many as are sent.
    """

    name: str
    base_url: str
    probe: Callable[[Client], str]
    auth: Auth = NO_AUTH
    limits: tuple[Limit, ...] = ()
    max_concurrency: int | None = None
