"""How pictures are asked for: one by one, the newest first, within a budget of bytes; then a list of the others.

Each is asked for on the server that its URL names, if that is one of NASA's that we know; a server that fails again and
again is asked no more, and the pictures of the others are described all the same.

A page is a picture, with the records of all rows that show it beside it. Facts are asked for before the page is kept,
so that a picture in bronze has them, and a killed run fetches and computes nothing twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from etl.core.api import Answer, Client
from etl.core.errors import (
    AccessError,
    BudgetSpentError,
    LakeUnavailableError,
    PlatformError,
    SourceContractError,
    SourceUnavailableError,
    SourceWithdrawnError,
)
from etl.core.pages import Page
from etl.core.source import Kept, LookUp, Row
from etl.settings import PictureFactsSettings
from etl.sources.picture_facts.contract import KNOWN, LISTED, NOTHING, Status
from etl.sources.picture_facts.enricher import Enricher, RefusedPictureError, enricher

FIRST_PAUSE, LONGEST_PAUSE = timedelta(hours=12), timedelta(days=30)  # after a failure; it doubles with each
MOST_FAILURES = 3  # in succession: then it is the server that fails, not a picture
NASA = "https://assets.science.nasa.gov"
MARS = "https://mars.nasa.gov"
OF_THIS_PICTURE = (SourceContractError, SourceWithdrawnError, AccessError)
LIST = "sql/listings/picture_facts.sql"


def probe(client: Client) -> str:
    """Whether the server answers at all; it need not have anything at its root."""
    with suppress(*OF_THIS_PICTURE):
        client.get("/", accept="*/*", most_bytes=1_000_000)
    return "it serves pictures one by one"


def pictures(
    client: Client, listed: Sequence[Row], look_up: LookUp, kept: Kept, settings: PictureFactsSettings
) -> Iterator[Page]:
    """Yield a page for each picture that is due and within the budget, then one with the records of the others.

    Raises: SourceUnavailableError if no server or not the service answers; what was received is kept.
    """
    records_kept = [record for about in kept.abouts for record in about["records"]]
    done = {_name(record) for record in records_kept}
    left = sorted((row for row in listed if _name(row) not in done), key=_order, reverse=True)
    budget = Budget(settings, len(kept.abouts), sum(about["bytes"] for about in kept.abouts))
    number, now = len(kept.abouts) + 1, datetime.now(UTC)
    others: list[Row] = []
    with enricher(settings.enrichment) as describing:
        servers = Servers(client, settings.base_url)
        run = Run(servers, look_up, kept, describing, describing.version(), settings.bytes_per_picture, now)
        run.remember(records_kept)
        for rows in _by_url(left):
            if budget.is_spent or not is_due(rows[0], run.version, now) or servers.of(rows[0]).is_down:
                others += [_record(row) for row in rows]
                continue
            tried = run.attempt(rows[0], number)
            records = [_record(row) | tried.known for row in rows]
            if tried.body is None:
                others += records
            else:
                about = {"records": records, "bytes": tried.received}
                yield Page(number, rows[0]["picture_url"], 200, tried.body, len(records), now, False, about)
                number += 1
            budget.spend(tried.received)
            if tried.ends_with is not None:
                raise tried.ends_with
        servers.raise_if_all_are_down()
    yield Page(number, LIST, 200, json.dumps(others).encode(), len(others), now, is_last=True)


def is_due(row: Row, version: str, now: datetime) -> bool:
    """Whether a picture lacks facts of that version, and the pause after its last failure is over."""
    if row["facts_version"] == version:
        return False
    attempts, tried_at = row["attempts"] or 0, row["tried_at"]
    if row["facts_version"] is not None or not attempts or tried_at is None:
        return True
    return bool(now >= tried_at + min(FIRST_PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE))


@dataclass
class Server:
    """A server of pictures, and the failures of the last ones in succession."""

    client: Client
    failures: list[SourceUnavailableError] = field(default_factory=list)

    @property
    def is_down(self) -> bool:
        return len(self.failures) >= MOST_FAILURES


class Servers:
    """The servers of a run. If `base_url` is not NASA's, it stands for all of them."""

    def __init__(self, client: Client, base_url: str) -> None:
        self._main = Server(client)
        self._others = {MARS: Server(client.elsewhere(MARS))} if base_url == NASA else {}
        self._asked: list[Server] = []

    def of(self, row: Row) -> Server:
        link = urlsplit(row["picture_url"])
        return self._others.get(f"{link.scheme}://{link.netloc}", self._main)

    def get(self, row: Row, most_bytes: int) -> Answer:
        """The picture. Raises: what the client raises."""
        server = self.of(row)
        self._asked.append(server)
        path = urlsplit(row["picture_url"])._replace(scheme="", netloc="").geturl()
        try:
            answer = server.client.get(path, accept="image/*", most_bytes=most_bytes)
        except BudgetSpentError:
            raise
        except SourceUnavailableError as error:
            server.failures.append(error)
            raise
        server.failures.clear()
        return answer

    def raise_if_all_are_down(self) -> None:
        """Raises: SourceUnavailableError, the last one of a server that was asked."""
        if self._asked and all(server.is_down for server in self._asked):
            raise self._asked[-1].failures[-1]


@dataclass
class Budget:
    """What a run may ask for; the picture that exceeds it is the last."""

    settings: PictureFactsSettings
    pictures: int
    bytes: int

    @property
    def is_spent(self) -> bool:
        return self.pictures >= self.settings.pictures_per_run or self.bytes >= self.settings.bytes_per_run

    def spend(self, received: int) -> None:
        self.pictures += 1
        self.bytes += received


@dataclass(frozen=True)
class Tried:
    """The result for a picture: what is known now, the page's body if there is one, the error that ends the run."""

    known: dict[str, Any]
    body: bytes | None = None
    received: int = 0
    ends_with: PlatformError | None = None


@dataclass
class Run:
    """What a run asks for pictures with, and the facts that it has found."""

    servers: Servers
    look_up: LookUp
    kept: Kept
    describing: Enricher
    version: str
    most_bytes: int
    now: datetime
    described: dict[str, Row] = field(default_factory=dict)

    def remember(self, records: Iterable[Row]) -> None:
        """Facts of this run, which are not published yet."""
        self.described |= {each["sha256"]: each for each in records if each["facts_version"] == self.version}

    def attempt(self, row: Row, number: int) -> Tried:
        """Describe a picture: from bronze if it is there, else as the server returns it."""
        known = _in_bronze(row, self.kept)
        if known is not None:
            described = self._described(row, known, row["file"])
            return Tried(described.known, json.dumps(described.known).encode(), 0, described.ends_with)
        try:
            answer = self.servers.get(row, self.most_bytes)
        except BudgetSpentError:
            raise
        except (SourceUnavailableError, *OF_THIS_PICTURE) as error:
            return Tried(self._in_vain(row, Status.UNREACHABLE, error.message))
        return self._described(row, answer.body, self.kept.file(number))

    def _described(self, row: Row, body: bytes, file: str) -> Tried:
        """What is said about its bytes; the picture is kept even if the service does not answer."""
        sha256 = hashlib.sha256(body).hexdigest()
        where = {"file": file, "sha256": sha256, "bytes": len(body)}
        if known := self._known(sha256):
            return Tried(known | {"file": file}, body, len(body))
        try:
            description = self.describing.describe(body, row["title"], row["explanation"] or "")
        except RefusedPictureError as error:
            return Tried(self._in_vain(row, Status.REFUSED, str(error)) | where, body, len(body))
        except PlatformError as error:
            unknown = dict(NOTHING) | where | {"reason": error.message}
            return Tried(unknown, body, len(body), ends_with=error)
        known = dict(NOTHING) | where | description.flat()
        known |= {"status": Status.DESCRIBED, "tried_at": _text(self.now)}
        self.remember([known])
        return Tried(known, body, len(body))

    def _known(self, sha256: str) -> dict[str, Any] | None:
        """What is said about the same bytes elsewhere, in this version."""
        key = {"sha256": sha256, "facts_version": self.version}
        found = self.described.get(sha256) or next(iter(self.look_up(key)), None)
        return None if found is None else {name: _text(found[name]) for name in KNOWN}

    def _in_vain(self, row: Row, status: Status, reason: str) -> dict[str, Any]:
        attempts = (row["attempts"] or 0) + 1
        return dict(NOTHING) | {
            "status": status,
            "reason": reason,
            "attempts": attempts,
            "tried_at": _text(self.now),
        }


def _in_bronze(row: Row, kept: Kept) -> bytes | None:
    """The picture as received before, if it was received and is still there."""
    if row["file"] is None or row["status"] == Status.REFUSED:
        return None
    with suppress(LakeUnavailableError):
        return kept.body(row["file"], row["sha256"])
    return None


def _by_url(rows: Iterable[Row]) -> Iterable[list[Row]]:
    """The rows that show the same file, together."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["picture_url"], []).append(row)
    return found.values()


def _order(row: Row) -> tuple[date, str, str]:
    """By day, the same in every process."""
    return row["picture_date"], row["source"], row["item_id"]


def _name(row: Row) -> tuple[str, str]:
    return row["source"], row["item_id"]


def _record(row: Row) -> dict[str, Any]:
    """A row of the list as a record, with what was known before."""
    listed = {name: _text(row[name]) for name in LISTED}
    known = {name: _text(row[name]) for name in KNOWN if row[name] is not None}
    return listed | dict(NOTHING) | known


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
