"""Bronze keeps what was received, resumes where it was killed, and notices damage."""

import gzip
import hashlib
import json
import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.core.errors import LakeUnavailableError, SourceChangedError, SourceContractError, UsageError
from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.engines.local import LocalEngine
from etl.lake import bronze, layout
from etl.lake.bronze import Manifest
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.simulate import server
from etl.simulate.faults import Fault
from tests.conftest import Simulate, client_of, spacex_at
from tests.unit.lake.conftest import Counted, few

PAGES = 3 + 5  # five launches, two a page; five lists
Told = dict[str, Any]
Kept = tuple[str, int, str, int]


class Killed(BaseException):
    """The process is gone."""


class Doomed(Lake):
    """A lake whose process is killed around its n-th change."""

    def __init__(self, url: str, fatal: int, *, before: bool) -> None:
        super().__init__(url)
        self._left, self._before = fatal, before

    def write(self, path: str, content: bytes) -> None:
        self._do(lambda: super(Doomed, self).write(path, content))

    def delete(self, path: str) -> None:
        self._do(lambda: super(Doomed, self).delete(path))

    def _do(self, act: Callable[[], None]) -> None:
        self._left -= 1
        if self._left == 0 and self._before:
            raise Killed
        act()
        if self._left == 0:
            raise Killed


def extract(lake: Lake, source: Source, interval: DataInterval | None = None, extraction_id: str | None = None) -> str:
    with client_of(source.api.base_url) as client:
        return Pipeline(source, lake, 0.05, LocalEngine()).extract(client, interval, extraction_id)


def content(lake: Lake, source: Source, extraction_id: str) -> list[Kept]:
    """What a run holds, whoever received it, and whenever."""
    manifests = [bronze.read_manifest(lake, endpoint.name, extraction_id) for endpoint in source.endpoints]
    return [(m.endpoint, page.number, page.sha256, page.records) for m in manifests for page in m.pages]


def progress_of(lake: Lake, extraction_id: str, endpoint: str = "spacex_launches") -> tuple[str, Told]:
    path = f"bronze/{endpoint}/p_creation_date={layout.creation_date(extraction_id)}/{extraction_id}/progress.json"
    return path, json.loads(lake.read(path))


def begun(lake: Lake, source: Source, *, extraction_id: str | None = None, **changed: Any) -> str:
    """An extraction killed after its first page; `changed` says what its marks are to say instead, such as pid."""
    extraction_id = extraction_id or new_id()
    doomed = Doomed(lake.url, 4, before=True)
    with suppress(Killed):
        extract(doomed, source, extraction_id=extraction_id)
    path, told = progress_of(lake, extraction_id)
    entry = path.replace("progress.json", "progress/00001.json")
    assert [file for file in lake.list(path.rpartition("/")[0]) if "/progress/" in file] == [entry]
    lake.write(path, json.dumps(told | changed).encode())
    lake.write(entry, json.dumps(json.loads(lake.read(entry)) | writer_of(changed)).encode())
    return extraction_id


def writer_of(changed: dict[str, Any]) -> dict[str, Any]:
    """What of it a page's entry says, too: which process wrote it when."""
    return {name: value for name, value in changed.items() if name in ("host", "pid", "at")}


def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


# What is kept


def test_pages_are_kept_as_received_with_a_manifest_of_what_they_are(any_lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    extraction_id = extract(any_lake, source)
    manifest = bronze.read_manifest(any_lake, "spacex_launches", extraction_id)
    assert (manifest.origin, manifest.interval, manifest.records, manifest.is_whole) == ("the simulator", None, 5, True)
    assert [page.file for page in manifest.pages] == [f"{manifest.folder}/page-0000{n}.json.gz" for n in (1, 2, 3)]
    for entry in manifest.pages:
        body = bronze.body(any_lake, entry)
        assert (entry.status, entry.url) == (200, f"{small.url}/v5/launches/query")
        assert (entry.bytes, entry.sha256) == (len(body), hashlib.sha256(body).hexdigest())
        assert entry.records == len(json.loads(body)["docs"])
        assert datetime.now(UTC) - datetime.fromisoformat(entry.received_at) < timedelta(minutes=1)
    assert len(small.asked) == PAGES
    assert bronze.is_complete(any_lake, source, extraction_id)
    folder = f"bronze/spacex_cores/p_creation_date={layout.creation_date(extraction_id)}/{extraction_id}"
    assert any_lake.list(folder) == [f"{folder}/manifest.json", f"{folder}/page-00001.json.gz"]


def test_the_manifest_is_written_last(tmp_path: Path, small: Counted) -> None:
    written: list[str] = []

    class Watched(Lake):
        def write(self, path: str, content: bytes) -> None:
            written.append(path.rsplit("/", 1)[1])
            super().write(path, content)

    extract(Watched(str(tmp_path)), spacex_at(small.url, 2))
    assert written[:8] == ["progress.json"] + [
        f for n in (1, 2, 3) for f in (f"page-0000{n}.json.gz", f"0000{n}.json")
    ] + ["manifest.json"]


# Going on after a kill


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Kept]:
    """What a run that nobody killed holds."""
    api, lake = Counted(few()), Lake(str(tmp_path_factory.mktemp("undisturbed")))
    with server.serve(api) as running:
        source = spacex_at(running.url, 2)
        found = content(lake, source, extract(lake, source))
    assert len(api.asked) == PAGES == len(found)
    return found


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("fatal", range(1, 33))
def test_a_run_killed_at_any_change_resumes_and_ends_the_same(
    tmp_path: Path, small: Counted, undisturbed: list[Kept], fatal: int, before: bool
) -> None:
    source = spacex_at(small.url, 2)
    with suppress(Killed):
        extract(Doomed(str(tmp_path / "killed"), fatal, before=before), source)
    killed = Lake(str(tmp_path / "killed"))
    extraction_id = extract(killed, source)
    assert content(killed, source, extraction_id) == undisturbed
    assert len({path.split("/")[3] for path in killed.list("bronze")}) == 1, "it began anew instead of going on"
    assert PAGES <= len(small.asked) <= PAGES + 1, "it asked for more than the page that was lost"


def test_a_run_resumes_in_an_object_store_too(s3: str, small: Counted) -> None:
    source, lake = spacex_at(small.url, 2), Lake(s3)
    with suppress(Killed):
        extract(DoomedS3(s3), source)
    assert len(small.asked) == 2
    assert len(content(lake, source, extract(lake, source))) == PAGES
    assert len(small.asked) == PAGES + 1


class DoomedS3(Doomed):
    """Killed between the second page and its entry."""

    def __init__(self, url: str) -> None:
        super().__init__(url, 5, before=True)


def test_only_the_missing_pages_are_asked_for(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    extraction_id = begun(lake, source)
    small.asked.clear()
    assert extract(lake, source) == extraction_id
    assert small.asked == ["/v5/launches/query"] * 2 + [f"/v4/{endpoint.name[7:]}" for endpoint in source.endpoints[1:]]


def test_a_finished_run_that_is_named_asks_for_nothing(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    extraction_id = extract(lake, source)
    small.asked.clear()
    assert extract(lake, source, extraction_id=extraction_id) == extraction_id
    assert small.asked == []
    assert extract(lake, source) != extraction_id


def test_a_page_size_that_has_changed_restarts_an_endpoint(lake: Lake, small: Counted) -> None:
    extraction_id = begun(lake, spacex_at(small.url, 1))
    other = spacex_at(small.url, 2)
    assert extract(lake, other) == extraction_id
    manifest = bronze.read_manifest(lake, "spacex_launches", extraction_id)
    assert [page.records for page in manifest.pages] == [2, 2, 1]


def test_pages_that_do_not_fit_together_are_not_resumed(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)

    class Vanishing(Lake):
        def write(self, path: str, content: bytes) -> None:
            super().write(path, content)
            if path.endswith("page-00001.json.gz") and len(small.snapshot["launches"]) == 5:
                del small.snapshot["launches"][0]

    with pytest.raises(SourceChangedError, match="changed while it was read"):
        extract(Vanishing(lake.url), source)
    extraction_id = extract(lake, source)
    assert bronze.read_manifest(lake, "spacex_launches", extraction_id).records == len(small.snapshot["launches"])


def test_a_run_that_failed_for_good_starts_again(lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate(Fault("empty", times=1)), 100)
    with pytest.raises(SourceContractError):
        extract(lake, source)
    extraction_id = extract(lake, source)
    assert bronze.read_manifest(lake, "spacex_launches", extraction_id).records == 205


# What is not gone on with


def test_a_half_run_of_yesterday_is_left_alone(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    now = datetime.now(UTC)
    old = begun(lake, source, extraction_id=new_id(now - timedelta(hours=25)))
    young = begun(lake, source, extraction_id=new_id(now - timedelta(hours=23)))
    assert bronze.unfinished(lake, source, None, now) == young
    assert bronze.unfinished(lake, source, None, now + timedelta(hours=2)) is None
    assert old not in (extract(lake, source), extract(lake, source))


def test_of_several_half_runs_the_newest_is_resumed(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    now = datetime.now(UTC)
    ids = [begun(lake, source, extraction_id=new_id(now - timedelta(hours=hours))) for hours in (3, 1, 2)]
    assert bronze.unfinished(lake, source, None, now) == ids[1]


@pytest.mark.parametrize(
    "interval", [DataInterval(date(2006, 1, 1), date(2007, 1, 1)), DataInterval(date(2006, 1, 1), date(2030, 1, 1))]
)
def test_a_half_run_for_another_interval_is_left_alone(lake: Lake, small: Counted, interval: DataInterval) -> None:
    source = spacex_at(small.url, 2)
    begun(lake, source)
    assert bronze.unfinished(lake, source, interval, datetime.now(UTC)) is None
    other = begun(lake, source, interval=[str(interval.start), str(interval.end)])
    assert bronze.unfinished(lake, source, interval, datetime.now(UTC)) == other


def test_a_half_run_from_elsewhere_is_left_alone(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    begun(lake, source, origin="https://api.spacexdata.com")
    assert bronze.unfinished(lake, source, None, datetime.now(UTC)) is None


def test_a_half_run_whose_process_lives_is_left_to_it(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    begun(lake, source, pid=os.getppid())
    assert bronze.unfinished(lake, source, None, datetime.now(UTC)) is None


def test_a_half_run_whose_process_is_gone_is_resumed(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    extraction_id = begun(lake, source, pid=gone())
    assert bronze.unfinished(lake, source, None, datetime.now(UTC)) == extraction_id


@pytest.mark.parametrize(("silent", "found"), [(timedelta(minutes=9), False), (timedelta(minutes=11), True)])
def test_another_machines_half_run_is_left_alone_until_it_is_silent(
    lake: Lake, small: Counted, silent: timedelta, found: bool
) -> None:
    source = spacex_at(small.url, 2)
    now = datetime.now(UTC)
    extraction_id = begun(lake, source, host=f"not-{socket.gethostname()}", at=(now - silent).isoformat())
    assert (bronze.unfinished(lake, source, None, now) == extraction_id) is found


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff", b"null"])
def test_a_half_run_whose_progress_is_damaged_is_left_alone(lake: Lake, small: Counted, damage: bytes) -> None:
    source = spacex_at(small.url, 2)
    extraction_id = begun(lake, source)
    lake.write(progress_of(lake, extraction_id)[0], damage)
    assert extract(lake, source) != extraction_id


def test_what_is_not_a_run_is_ignored(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    for stray in ("notes.txt", "p_creation_date=2024-01-01/20241399T999999Z-abcdef/manifest.json", "x/y/progress.json"):
        lake.write(f"bronze/spacex_launches/{stray}", b"?")
    assert bronze.unfinished(lake, source, None, datetime.now(UTC)) is None
    extraction_id = extract(lake, source)
    assert bronze.latest(lake, source, None) == extraction_id


def test_a_named_run_about_something_else_is_refused(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    whole, half = extract(lake, source), begun(lake, source)
    for extraction_id in (whole, half):
        with pytest.raises(
            UsageError, match=f"^Extraction {extraction_id} is about everything from the simulator"
        ) as told:
            extract(lake, source, DataInterval(date(2006, 1, 1), date(2007, 1, 1)), extraction_id)
        assert "--extraction" in told.value.hint


# The newest whole run


def test_the_newest_whole_run_of_an_interval_is_found(lake: Lake, small: Counted) -> None:
    source = spacex_at(small.url, 2)
    interval = DataInterval(date(2006, 1, 1), date(2007, 1, 1))
    now = datetime.now(UTC)
    old, new = (extract(lake, source, extraction_id=new_id(now - timedelta(hours=hours))) for hours in (2, 1))
    part = extract(lake, source, interval)
    begun(lake, source)
    assert bronze.latest(lake, source, None) == new != old
    assert bronze.latest(lake, source, interval) == part
    assert bronze.latest(lake, source, DataInterval(date(2006, 1, 1), date(2006, 2, 1))) is None


# Damage


@pytest.mark.parametrize(
    "bend",
    [
        lambda packed: packed[:-5],
        lambda packed: packed[:40] + bytes([packed[40] ^ 0xFF]) + packed[41:],
        lambda packed: b"no gzip at all",
        lambda packed: b"",
        lambda packed: gzip.compress(gzip.decompress(packed).replace(b"SpaceX", b"Spacex").replace(b"a", b"b")),
        lambda packed: packed + packed,
    ],
    ids=["cut", "bent", "no gzip", "empty", "other bytes", "doubled"],
)
def test_a_damaged_page_is_refused(lake: Lake, small: Counted, bend: Callable[[bytes], bytes]) -> None:
    source = spacex_at(small.url, 2)
    extraction_id = extract(lake, source)
    path = f"{layout.folder('bronze', 'spacex_launches', extraction_id)}/page-00002.json.gz"
    lake.write(path, bend(lake.read(path)))
    with pytest.raises(LakeUnavailableError, match=r"page-00002\.json\.gz is not what was written") as told:
        Pipeline(source, lake, 0.05, LocalEngine()).transform(extraction_id)
    assert told.value.hint.startswith("Extract and transform again")
    assert lake.list("silver/_runs") == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_a_damaged_manifest_is_refused(lake: Lake, small: Counted, damage: bytes) -> None:
    source = spacex_at(small.url, 2)
    extraction_id = extract(lake, source)
    folder = f"bronze/spacex_launches/p_creation_date={layout.creation_date(extraction_id)}/{extraction_id}"
    lake.write(f"{folder}/manifest.json", damage)
    with pytest.raises(LakeUnavailableError, match=r"manifest\.json is not what was written"):
        Pipeline(source, lake, 0.05, LocalEngine()).transform(extraction_id)


def test_a_manifest_counts_its_records_and_bytes() -> None:
    entry = bronze.PageEntry(1, "f", "u", 200, 10, "s", 3, "t")
    manifest = Manifest("r", "e", "o", None, pages=(entry, entry))
    assert (manifest.records, manifest.bytes) == (6, 20)
