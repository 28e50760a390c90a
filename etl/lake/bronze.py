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
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from etl.errors import LakeUnavailableError, SourceChangedError, SourceContractError, UsageError
from etl.lake.store import Lake
from etl.model import DataInterval, Endpoint, Page, Source, is_run_id, started_at

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
    page_size: int | None = None
    pages: tuple[PageEntry, ...] = ()
    is_whole: bool = False

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
    fresh = Manifest(run_id, endpoint.name, origin, days(interval), endpoint.page_size)
    if lake.exists(_path(endpoint.name, run_id, "manifest.json")):
        return _of_the_same(read_manifest(lake, endpoint.name, run_id), fresh)
    progress = _of_the_same(_progress(lake, endpoint, run_id) or fresh, fresh)
    if progress.page_size != fresh.page_size:  # its pages are cut differently
        progress = fresh
    _write(lake, progress, "progress.json")
    try:
        for page in ask(len(progress.pages) + 1) if not progress.is_whole else ():
            entry = _keep(lake, endpoint, run_id, page)
            progress = replace(progress, pages=(*progress.pages, entry), is_whole=page.is_last)
            _write(lake, progress, "progress.json")
            on_page(page)
    except (SourceChangedError, SourceContractError):
        _write(lake, fresh, "progress.json")  # pages that may not fit together are not gone on with
        raise
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
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise lake.damaged(path) from error
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise lake.damaged(path)
        yield entry, body


def unfinished(lake: Lake, source: Source, interval: DataInterval | None, now: datetime) -> str | None:
    """The newest run that was killed while it extracted the same thing, to go on with; none if a later one is whole."""
    for run_id, parts in sorted(_runs(lake, source, now - RESUMABLE).items(), reverse=True):
        try:
            told = [_read(lake, _path(endpoint, run_id, file)) for endpoint, file in parts]
        except LakeUnavailableError:  # damaged, or finished by its own process just now
            continue
        if any(part.interval != days(interval) or part.origin != source.origin for part, _ in told):
            continue
        if _complete(source, parts):
            return None
        if not any(_alive(writer, now) for _, writer in told):
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
    return _read(lake, _path(endpoint, run_id, "manifest.json"))[0]


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


def _read(lake: Lake, path: str) -> tuple[Manifest, dict[str, Any]]:
    """A manifest, and who wrote it when: host, pid, at."""
    try:
        told = json.loads(lake.read(path))
        writer = {name: told.pop(name) for name in ("host", "pid", "at")}
        interval = (told["interval"][0], told["interval"][1]) if told["interval"] else None
        pages = tuple(PageEntry(**page) for page in told["pages"])
        return Manifest(**told | {"interval": interval, "pages": pages}), writer
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise lake.damaged(path) from error


def _of_the_same(kept: Manifest, fresh: Manifest) -> Manifest:
    """What is kept of a run, unless it is about something else than what is asked for now."""
    if (kept.interval, kept.origin) == (fresh.interval, fresh.origin):
        return kept
    what = f"[{', '.join(kept.interval)})" if kept.interval else "everything"
    raise UsageError(
        f"Run {kept.run_id} is about {what} from {kept.origin}.",
        hint="Give the --from and --to of that run, or leave out --run-id.",
    )


def _progress(lake: Lake, endpoint: Endpoint, run_id: str) -> Manifest | None:
    path = _path(endpoint.name, run_id, "progress.json")
    return _read(lake, path)[0] if lake.exists(path) else None


def _runs(lake: Lake, source: Source, since: datetime | None = None) -> dict[str, set[tuple[str, str]]]:
    """By run id, the (endpoint, manifest.json or progress.json) that stand in the lake."""
    runs: dict[str, set[tuple[str, str]]] = {}
    for endpoint in source.endpoints:
        for path in lake.list(f"bronze/{endpoint.name}"):
            *_, run_id, file = path.split("/")
            if not is_run_id(run_id):
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
