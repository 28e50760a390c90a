"""What an object store does differently from a directory."""

import os
import pickle
import signal
from typing import Any, NoReturn

import pyarrow as pa
import pytest

from etl.core.errors import LakeUnavailableError, PlatformError
from etl.engines import work as pages
from etl.engines.local import LocalEngine
from etl.lake import parquet, store
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from tests.conftest import Simulate, client_of, spacex_at
from tests.object_store import Watched

LARGE = 12_000_000  # more than one part of an upload


def test_a_small_file_is_one_request_however_it_is_written(watched: Watched) -> None:
    lake = Lake(watched.url)
    lake.write("a/note.json", b"{}")
    with lake.create("a/rows.parquet") as file:
        file.write(b"x" * 1_000_000)
    assert [request.split(" ")[0] for request in watched.asked] == ["PUT", "PUT"]


def test_a_file_is_read_in_one_request_however_large(watched: Watched) -> None:
    lake, content = Lake(watched.url), b"x" * 1_000_000
    lake.write("a/notes.json", content)
    watched.asked.clear()
    assert lake.read("a/notes.json") == content
    assert [request.split(" ")[0] for request in watched.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("written", "prefix"),
    [
        ("with space", "with space"),
        ("größe", "größe"),
        ("50%", "50%"),
        ("50%25", "50%"),
        ("a%20b", "a b"),
        ("a+b&c='d'", "a+b&c='d'"),
        ("x/", "x"),
    ],
)
def test_a_prefix_may_have_any_characters(s3: str, written: str, prefix: str) -> None:
    bucket, separator, options = s3.partition("?")
    lake = Lake(f"{bucket}/{written}{separator}{options}")
    lake.write("a/file", b"content")
    assert lake.read("a/file") == b"content"
    assert lake.list("") == ["a/file"]
    assert Lake(s3).list("") == [f"{prefix}/a/file"]


def test_nothing_is_sent_of_a_file_that_is_not_finished(watched: Watched) -> None:
    def begin() -> None:
        with Lake(watched.url).create("a/rows.parquet") as file:
            file.write(b"x" * LARGE)
            raise KeyError

    with pytest.raises(KeyError):
        begin()
    assert watched.asked == []


def test_an_upload_that_breaks_off_leaves_the_old_content(watched: Watched) -> None:
    lake = Lake(watched.url)
    lake.write("a/file", b"old")
    watched.before = lambda request: "403 Forbidden" if "partNumber=2" in request else None
    with pytest.raises(PlatformError):
        lake.write("a/file", b"x" * LARGE)
    watched.before = lambda _: None
    assert lake.read("a/file") == b"old"


def _error(code: str) -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>Please.</Message></Error>'.encode()


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_store_that_asks_to_slow_down_is_asked_again(watched: Watched, method: str) -> None:
    lake, content = Lake(watched.url), b"x" * 1000  # pyarrow gives up on a read that is shorter than the error's text
    lake.write("a/file", b"old")
    refusals = iter(["503 Slow Down"] * 3)
    watched.error = _error("SlowDown")
    watched.before = lambda request: next(refusals, None) if request.startswith(method) else None
    lake.write("a/file", content)
    assert lake.read("a/file") == content
    assert next(refusals, "all met") == "all met"


@pytest.mark.parametrize(
    "times",
    [1, pytest.param(1000, marks=pytest.mark.thorough)],  # pyarrow tries for ten seconds
)
def test_an_upload_that_fails_after_its_200_is_retried_or_leaves_no_file(watched: Watched, times: int) -> None:
    lake, content = Lake(watched.url), os.urandom(LARGE)
    failures = iter(["200 OK"] * times)
    watched.error = _error("InternalError")
    watched.before = lambda request: (
        next(failures, None) if request.startswith("POST") and "uploadId" in request else None
    )
    if times == 1:
        lake.write("a/file", content)
        assert lake.read("a/file") == content
    else:
        with pytest.raises(LakeUnavailableError, match="INTERNAL_FAILURE"):
            lake.write("a/file", content)
        assert not lake.exists("a/file")


class TerminatedError(Exception):
    """What a signal's handler raises."""


def _terminated(*_: object) -> NoReturn:
    raise TerminatedError


@pytest.mark.parametrize("size", [3, LARGE])
def test_a_signal_amid_an_upload_waits_until_the_file_is_whole(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(store, "CHUNK_BYTES", 1_000_000)

    def interrupt(request: str) -> None:
        if request.startswith("PUT") and len([asked for asked in watched.asked if asked.startswith("PUT")]) == 1:
            os.kill(os.getpid(), signal.SIGUSR1)

    lake = Lake(watched.url)
    watched.before = interrupt
    handler = signal.signal(signal.SIGUSR1, _terminated)
    try:
        with pytest.raises(TerminatedError):
            lake.write("a/file", b"x" * size)
    finally:
        signal.signal(signal.SIGUSR1, handler)
    assert lake.read("a/file") == b"x" * size


def test_rows_are_read_in_few_requests_however_many_columns(watched: Watched) -> None:
    lake = Lake(watched.url)
    table = pa.table({f"column_{n}": pa.array([float(n)] * 200_000) for n in range(30)})
    with parquet.rows_into(lake, "a/rows.parquet", table.schema) as rows:
        for batch in table.to_batches(65_536):
            rows.write(batch)
    watched.asked.clear()
    assert pa.Table.from_batches(parquet.batches(lake, ["a/rows.parquet"])) == table
    assert len(watched.asked) <= 6


@pytest.mark.parametrize("credentials", ["", pytest.param("test:test@", marks=pytest.mark.thorough)])
def test_processes_side_by_side_parse_into_the_same_lake(
    s3: str, simulate: Simulate, monkeypatch: pytest.MonkeyPatch, credentials: str
) -> None:
    monkeypatch.setattr(pages, "BYTES", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    lake = Lake(s3.replace("s3://", f"s3://{credentials}"))
    if credentials:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert pickle.loads(pickle.dumps(lake)).list("") == []
    source = spacex_at(simulate(), 100)
    pipeline = Pipeline(source, lake, 0.05, LocalEngine())
    with client_of(source.api.base_url) as client:
        done = pipeline.transform(pipeline.extract(client, None))
    assert len(done.files["spacex_launches"]) == 3
    assert (done.rows["spacex_launches"], done.rows["spacex_launch_cores"]) == (205, 215)


def test_a_history_of_runs_is_not_listed_to_begin_one_more(
    watched: Watched, simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, source = Lake(watched.url), spacex_at(simulate())
    for n in range(3):
        lake.write(f"bronze/spacex_cores/p_creation_date=2024-01-0{n + 1}/20240101T000000Z-00000{n}/manifest.json", b"")
    listed: list[Any] = []
    monkeypatch.setattr(Lake, "list", lambda _, path: listed.append(path) or [])
    with client_of(source.api.base_url) as client:
        Pipeline(source, lake, 0.05, LocalEngine()).extract(client, None)
    assert listed
    assert all("p_creation_date=" in path for path in listed)
    assert not any("2024-01-0" in path for path in listed)
