"""Bronze: an API's answers as received, one folder per endpoint and run.

`bronze/<endpoint>/p_creation_date=<day>/<run id>/page-00001.json.gz` and, written last, `manifest.json`. While a
run is under way its folder holds `progress.json` instead; a run that was killed goes on from there. A run whose
extraction is shared by several processes has such a folder for each of them in its own: `part-2-of-4/`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import socket
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from etl.core.errors import LakeUnavailableError, SourceChangedError, SourceContractError, UsageError
from etl.core.ids import started_at
from etl.core.intervals import DataInterval, today
from etl.core.pages import Asked, Page
from etl.core.source import Endpoint, Part, Source
from etl.lake import layout
from etl.lake.store import Lake

PART = re.compile(r"part-(\d+)-of-(\d+)/manifest\.json")
RESUMABLE = timedelta(hours=24)  # an older half is not completed: the API's state has moved on
MARKS = ("manifest.json", "progress.json")
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
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> Asked:
        return Asked(self.about, datetime.fromisoformat(self.received_at))


@dataclass(frozen=True)
class Manifest:
    """One endpoint's part of a run: complete if it was read from `manifest.json`."""

    run_id: str
    endpoint: str
    origin: str
    interval: tuple[str, str] | None
    page_size: int | None = None
    question: str = ""
    pages: tuple[PageEntry, ...] = ()
    is_whole: bool = False
    part: str | None = None

    @property
    def folder(self) -> str:
        """Where it and its pages are."""
        return layout.folder("bronze", self.endpoint, self.run_id) + (
            f"/part-{self.part.replace('/', '-of-')}" if self.part else ""
        )

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
    part: Part | None = None,
) -> Manifest:
    """Keep all pages of an endpoint; those that an earlier, killed attempt of this run kept are not asked for again."""
    fresh = Manifest(
        run_id,
        endpoint.name,
        origin,
        days(interval),
        endpoint.page_size,
        endpoint.request_fingerprint,
        part=None if part is None else str(part),
    )
    manifest, under_way = f"{fresh.folder}/manifest.json", f"{fresh.folder}/progress.json"
    kept = lake.list(fresh.folder)
    if manifest in kept:
        return _of_the_same(read(lake, manifest), fresh)
    progress = _of_the_same(read(lake, under_way) if under_way in kept else fresh, fresh)
    if (progress.page_size, progress.question) != (fresh.page_size, fresh.question):  # its pages are others
        progress = fresh
    _write(lake, progress, "progress.json")
    try:
        for page in ask(len(progress.pages) + 1) if not progress.is_whole else ():
            entry = _keep(lake, progress, page)
            progress = replace(progress, pages=(*progress.pages, entry), is_whole=page.is_last)
            _write(lake, progress, "progress.json")
            on_page(page)
    except (SourceChangedError, SourceContractError):
        _write(lake, fresh, "progress.json")  # pages that may not fit together are not gone on with
        raise
    _write(lake, progress, "manifest.json")
    lake.delete(under_way)
    return progress


def body(lake: Lake, page: PageEntry) -> bytes:
    """A page's bytes as received.

    Raises: LakeUnavailableError if they are not what the manifest says.
    """
    try:
        found = gzip.decompress(lake.read(page.file))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise lake.damaged(page.file) from error
    if hashlib.sha256(found).hexdigest() != page.sha256:
        raise lake.damaged(page.file)
    return found


def unfinished(lake: Lake, source: Source, interval: DataInterval | None, now: datetime) -> str | None:
    """The newest run that was killed while it extracted the same thing, to go on with; none if a later one is whole."""
    for run_id, files in sorted(_runs(lake, source, now - RESUMABLE).items(), reverse=True):
        if any("/" in file for _, file in files):  # shared: each process goes on with its own part
            continue
        try:
            told = [_read(lake, f"{layout.folder('bronze', endpoint, run_id)}/{file}") for endpoint, file in files]
        except LakeUnavailableError:  # damaged, or finished by its own process just now
            continue
        if any(part.interval != days(interval) or part.origin != source.origin for part, _ in told):
            continue
        if is_whole(source, files):
            return None
        if not any(_alive(writer, now) for _, writer in told):
            return run_id
    return None


def latest(lake: Lake, source: Source, interval: DataInterval | None) -> str | None:
    """The newest run whose extraction of that interval is complete."""
    for run_id, files in sorted(_runs(lake, source).items(), reverse=True):
        if is_whole(source, files):
            found = read_manifest(lake, source.endpoints[0].name, run_id)
            if is_about(source, found.interval, interval):
                return run_id
    return None


def is_complete(lake: Lake, source: Source, run_id: str) -> bool:
    """Whether every endpoint of that run was extracted, with all its parts."""
    files = {(each.name, file) for each in source.endpoints for file in _files(lake, each.name, run_id)}
    return is_whole(source, files)


def read_manifest(lake: Lake, endpoint: str, run_id: str) -> Manifest:
    """What a complete extraction of an endpoint says of itself; its parts as one, pages numbered through."""
    files = [file for file in _files(lake, endpoint, run_id) if file.endswith("manifest.json")]
    parts = [read(lake, f"{layout.folder('bronze', endpoint, run_id)}/{file}") for file in sorted(files, key=_by_part)]
    if not parts:
        raise lake.damaged(f"{layout.folder('bronze', endpoint, run_id)}/manifest.json")
    if len({(part.interval, part.origin) for part in parts}) > 1:
        raise UsageError(
            f"The parts of run {run_id} are about different days, or from different places.",
            hint="Extract all of them again, with a new --run-id and the same --from and --to.",
        )
    pages = enumerate((page for part in parts for page in part.pages), start=1)
    return replace(parts[0], pages=tuple(replace(page, number=number) for number, page in pages), part=None)


def read(lake: Lake, path: str) -> Manifest:
    """What a `manifest.json` or `progress.json` says."""
    return _read(lake, path)[0]


def is_about(source: Source, kept: tuple[str, str] | None, interval: DataInterval | None) -> bool:
    """Whether a run is of the interval asked for; without one, any will do unless the source has a whole state."""
    return kept == days(interval) or (interval is None and not source.serves_everything)


def days(interval: DataInterval | None) -> tuple[str, str] | None:
    """An interval as manifests write it."""
    return None if interval is None else (interval.start.isoformat(), interval.end.isoformat())


def _folder(endpoint: str, run_id: str) -> str:
    return layout.folder("bronze", endpoint, run_id)


def _files(lake: Lake, endpoint: str, run_id: str) -> list[str]:
    """Files of a run, as they are called within its folder."""
    folder = _folder(endpoint, run_id)
    return [path.removeprefix(f"{folder}/") for path in lake.list(folder)]


def _by_part(file: str) -> int:
    found = PART.match(file)
    return int(found[1]) if found else 0


def _keep(lake: Lake, manifest: Manifest, page: Page) -> PageEntry:
    file = f"{manifest.folder}/page-{page.number:05}.json.gz"
    lake.write(file, gzip.compress(page.body, compresslevel=4, mtime=0))
    return PageEntry(
        page.number,
        file,
        page.url,
        page.status,
        len(page.body),
        hashlib.sha256(page.body).hexdigest(),
        page.records,
        page.received_at.isoformat(),
        dict(page.about),
    )


def _write(lake: Lake, manifest: Manifest, file: str) -> None:
    pages = [vars(page) for page in manifest.pages]  # as they are: this is done anew after each page
    writer = {"host": socket.gethostname(), "pid": os.getpid(), "at": datetime.now(UTC).isoformat()}
    told = vars(manifest) | {"pages": pages} | writer
    for_people = 1 if file == "manifest.json" else None
    lake.write(f"{manifest.folder}/{file}", json.dumps(told, indent=for_people).encode())


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


def _runs(lake: Lake, source: Source, since: datetime | None = None) -> dict[str, set[tuple[str, str]]]:
    """By run id, the (endpoint, file) of each manifest.json and progress.json, also those of parts, in the lake."""
    runs: dict[str, set[tuple[str, str]]] = {}
    for path in _paths(lake, source, since):
        place = layout.place(path)
        if place is None or not place.file.endswith(MARKS):
            continue
        if since is None or started_at(place.run_id) >= since:
            runs.setdefault(place.run_id, set()).add((place.name, place.file))
    return runs


def _paths(lake: Lake, source: Source, since: datetime | None) -> Iterator[str]:
    """All files, or those of runs that began since; of a long history only the last days are listed."""
    days = None if since is None else [since.date() + timedelta(n) for n in range((today() - since.date()).days + 1)]
    for endpoint in source.endpoints:
        for folder in [""] if days is None else [f"/{layout.day(day)}" for day in days]:
            yield from lake.list(f"bronze/{endpoint.name}{folder}")


def is_whole(source: Source, files: Collection[tuple[str, str]]) -> bool:
    """Whether these files of a run, each with its endpoint, say that every endpoint was extracted with all parts."""
    return all(_has_all({file for name, file in files if name == endpoint.name}) for endpoint in source.endpoints)


def _has_all(files: set[str]) -> bool:
    """Whether an endpoint has its manifest, or those of all parts."""
    parts = {int(found[1]): int(found[2]) for file in files if (found := PART.fullmatch(file))}
    return "manifest.json" in files or (bool(parts) and set(parts) == set(range(1, max(parts.values()) + 1)))


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
