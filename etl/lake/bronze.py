"""Bronze: an API's answers as received, one folder per endpoint and run.

`bronze/<endpoint>/p_creation_date=<day>/<run id>/page-00001.json.gz` and, written last, `manifest.json`. While a
run is under way its folder holds `progress.json` instead; a run that was killed goes on from there.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.errors import LakeUnavailableError
from etl.lake.store import Lake
from etl.model import RUN_ID, DataInterval, Endpoint, Page, Source, started_at

RESUMABLE = timedelta(hours=24)  # an older half is not completed: the API's state has moved on
SILENT = timedelta(minutes=10)  # another machine's run that wrote nothing for so long is taken for dead


@dataclass(frozen=True)
class PageEntry:
    """What the manifest says of a page; `bytes` and `sha256` are of the body as received, before gzip."""

    number: int
    file: str
    url: str
    status: int
    bytes: int
    sha256: str
    records: int
    received_at: str


@dataclass(frozen=True)
class Manifest:
    """One endpoint's part of a run: complete if it was read from `manifest.json`."""

    run_id: str
    endpoint: str
    origin: str
    interval: tuple[str, str] | None
    pages: tuple[PageEntry, ...] = ()

    @property
    def records(self) -> int:
        return sum(page.records for page in self.pages)

    @property
    def bytes(self) -> int:
        return sum(page.bytes for page in self.pages)


def extract(
    lake: Lake,
    endpoint: Endpoint,
    run_id: str,
    origin: str,
    interval: DataInterval | None,
    ask: Callable[[int], Iterator[Page]],
    on_page: Callable[[Page], None],
) -> Manifest:
    """Keep all pages of an endpoint; those that an earlier, killed attempt of this run kept are not asked for again."""
    if lake.exists(_path(endpoint.name, run_id, "manifest.json")):
        return read_manifest(lake, endpoint.name, run_id)
    progress = _progress(lake, endpoint, run_id) or Manifest(run_id, endpoint.name, origin, days(interval))
    _write(lake, progress, "progress.json")
    for page in ask(len(progress.pages) + 1):
        entry = _keep(lake, endpoint, run_id, page)
        progress = replace(progress, pages=(*progress.pages, entry))
        _write(lake, progress, "progress.json")
        on_page(page)
    _write(lake, progress, "manifest.json")
    lake.delete(_path(endpoint.name, run_id, "progress.json"))
    return progress


def bodies(lake: Lake, manifest: Manifest) -> Iterator[tuple[PageEntry, bytes]]:
    """Each page's bytes as received.

    Raises: LakeUnavailableError if a page is not what its manifest says.
    """
    for entry in manifest.pages:
        path = _path(manifest.endpoint, manifest.run_id, entry.file)
        try:
            body = gzip.decompress(lake.read(path))
        except (gzip.BadGzipFile, EOFError) as error:
            raise _damaged(lake, path) from error
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise _damaged(lake, path)
        yield entry, body


def unfinished(lake: Lake, source: Source, interval: DataInterval | None, now: datetime) -> str | None:
    """The newest run that was killed while it extracted the same thing, to go on with."""
    for run_id, parts in sorted(_runs(lake, source, now - RESUMABLE).items(), reverse=True):
        told = [json.loads(lake.read(_path(endpoint, run_id, file))) for endpoint, file in parts]
        same = all(_manifest_of(t).interval == days(interval) and t["origin"] == source.origin for t in told)
        if same and not _complete(source, parts) and not any(_alive(t, now) for t in told):
            return run_id
    return None


def latest(lake: Lake, source: Source, interval: DataInterval | None) -> str | None:
    """The newest run whose extraction of that interval is complete."""
    for run_id, parts in sorted(_runs(lake, source).items(), reverse=True):
        if _complete(source, parts):
            manifest = read_manifest(lake, source.endpoints[0].name, run_id)
            if manifest.interval == days(interval):
                return run_id
    return None


def is_complete(lake: Lake, source: Source, run_id: str) -> bool:
    """Whether every endpoint of that run was extracted."""
    return all(lake.exists(_path(endpoint.name, run_id, "manifest.json")) for endpoint in source.endpoints)


def read_manifest(lake: Lake, endpoint: str, run_id: str) -> Manifest:
    """What a complete extraction of an endpoint says of itself."""
    return _manifest(lake.read(_path(endpoint, run_id, "manifest.json")))


def days(interval: DataInterval | None) -> tuple[str, str] | None:
    """An interval as manifests write it."""
    return None if interval is None else (interval.start.isoformat(), interval.end.isoformat())


def creation_date(run_id: str) -> date:
    """The day in `p_creation_date=`."""
    return started_at(run_id).date()


def _path(endpoint: str, run_id: str, file: str) -> str:
    return f"bronze/{endpoint}/p_creation_date={creation_date(run_id)}/{run_id}/{file}"


def _keep(lake: Lake, endpoint: Endpoint, run_id: str, page: Page) -> PageEntry:
    file = f"page-{page.number:05}.json.gz"
    lake.write(_path(endpoint.name, run_id, file), gzip.compress(page.body, compresslevel=6, mtime=0))
    digest = hashlib.sha256(page.body).hexdigest()
    received = page.received_at.isoformat()
    return PageEntry(page.number, file, page.url, page.status, len(page.body), digest, page.records, received)


def _write(lake: Lake, manifest: Manifest, file: str) -> None:
    told = asdict(manifest) | {"host": socket.gethostname(), "pid": os.getpid(), "at": datetime.now(UTC).isoformat()}
    lake.write(_path(manifest.endpoint, manifest.run_id, file), json.dumps(told, indent=1).encode())


def _manifest(content: bytes) -> Manifest:
    return _manifest_of(json.loads(content))


def _manifest_of(told: dict[str, Any]) -> Manifest:
    interval = (told["interval"][0], told["interval"][1]) if told["interval"] else None
    pages = tuple(PageEntry(**page) for page in told["pages"])
    return Manifest(told["run_id"], told["endpoint"], told["origin"], interval, pages)


def _progress(lake: Lake, endpoint: Endpoint, run_id: str) -> Manifest | None:
    path = _path(endpoint.name, run_id, "progress.json")
    return _manifest(lake.read(path)) if lake.exists(path) else None


def _runs(lake: Lake, source: Source, since: datetime | None = None) -> dict[str, set[tuple[str, str]]]:
    """By run id, the (endpoint, manifest.json or progress.json) that stand in the lake."""
    runs: dict[str, set[tuple[str, str]]] = {}
    for endpoint in source.endpoints:
        for path in lake.list(f"bronze/{endpoint.name}"):
            *_, run_id, file = path.split("/")
            if not RUN_ID.fullmatch(run_id):
                continue
            if file in ("manifest.json", "progress.json") and (since is None or started_at(run_id) >= since):
                runs.setdefault(run_id, set()).add((endpoint.name, file))
    return runs


def _complete(source: Source, parts: set[tuple[str, str]]) -> bool:
    return all((endpoint.name, "manifest.json") in parts for endpoint in source.endpoints)


def _alive(told: dict[str, Any], now: datetime) -> bool:
    """Whether the process that wrote this may still be at work."""
    if told["host"] != socket.gethostname():
        return now - datetime.fromisoformat(told["at"]) < SILENT
    try:
        os.kill(told["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return bool(told["pid"] != os.getpid())


def _damaged(lake: Lake, path: str) -> LakeUnavailableError:
    return LakeUnavailableError(
        f"{lake.address(path)} is not what its manifest says: it was damaged or changed.",
        hint="Extract again; the warehouse is as it was.",
    )
