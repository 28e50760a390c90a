"""Several at once: runs take turns, readers see the old state or the new one, the living are told from the dead."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from etl.core.errors import ConfigError, WarehouseUnavailableError
from etl.core.events import Event, StepEnded, ignore
from etl.core.ids import new_id, started_at
from etl.lake import bronze
from etl.lake.store import Lake, StoredFile
from etl.pipeline.pipeline import Summary
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from tests.conftest import MakeDatabase, spacex_at
from tests.reliability.victims import Job, Victims
from tests.waiting import PATIENCE_S, eventually
from tests.warehouse.states import (
    Snapshot,
    State,
    Steps,
    changed,
    owner,
    published,
    published_to,
    rows,
    run,
    state,
    value,
)


class Gate:
    """Holds whoever passes until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self._open.wait(PATIENCE_S)

    def open(self) -> None:
        self._open.set()


Start = Callable[..., "Future[Summary]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a run in a thread and, if it has a gate, waits until it stands there."""
    with ThreadPoolExecutor(4) as threads:
        gates: list[Gate] = []

        def begin(dsn: str, facts: Snapshot | None = None, *, step: str = "", gate: Gate | None = None, **options):  # type: ignore[no-untyped-def]
            lake = Lake(str(tmp_path / f"lake {len(gates)} {time.monotonic_ns()}"))
            listener = Steps(**{step: gate}) if gate else ignore
            running = threads.submit(run, dsn, lake, facts, listener=listener, **options)
            if gate:
                gates.append(gate)
                assert gate.reached.wait(PATIENCE_S), running.result(0)
            return running

        try:
            yield begin
        finally:
            for gate in gates:
                gate.open()


@pytest.fixture
def database(old: str, make_database: MakeDatabase) -> Iterator[str]:
    with make_database(like=old) as dsn:
        yield dsn


def test_of_two_runs_at_once_one_waits_and_nothing_doubles(database: str, start: Start, new_state: State) -> None:
    gate = Gate()
    first = start(database, changed(), step="publish", gate=gate)
    second = start(database, changed())
    eventually(lambda: _waiting(database, "classid = 49"))
    assert not second.done()
    gate.open()
    assert first.result(PATIENCE_S).published.status == "published"
    assert second.result(PATIENCE_S).published.status == "unchanged"
    assert state(database) == new_state
    assert rows(database, "select status, count(*) from ops.run group by 1 order by 1") == [
        ("published", 2),
        ("unchanged", 1),
    ]


def test_two_processes_at_once_end_as_one_would(
    database: str, start: Start, new_state: State, victims: Victims, tmp_path: Path
) -> None:
    gate = Gate()
    first = start(database, changed(), step="audit", gate=gate)
    lake = Lake(str(tmp_path / "of the other"))
    with ThreadPoolExecutor(1) as other, server.serve(spacex.make_app(snapshot=changed())) as simulator:
        second = other.submit(victims.run, Job(database, lake.url, simulator.url))
        eventually(lambda: _waiting(database, "classid = 49"))
        gate.open()
        assert (second.result(PATIENCE_S).signal, second.result().exit_code) == (0, 0)
    assert first.result(PATIENCE_S).published.status == "published"
    assert state(database) == new_state


def test_a_run_that_may_not_wait_says_that_another_holds_the_tables(
    database: str, start: Start, new_state: State
) -> None:
    gate = Gate()
    first = start(database, changed(), step="publish", gate=gate)
    second = start(database, changed(), lock_timeout_s=0.1)
    with pytest.raises(
        WarehouseUnavailableError, match="Another run or a long query is holding a lock on the tables"
    ) as caught:
        second.result(PATIENCE_S)
    assert caught.value.exit_code == os.EX_TEMPFAIL
    assert "etl status" in caught.value.hint
    gate.open()
    first.result(PATIENCE_S)
    assert state(database) == new_state
    assert rows(database, "select status, exit_code from ops.run order by started_at offset 1") == [
        ("published", 0),
        ("failed", 75),
    ]


ISOLATION = {"read committed": False, "repeatable read": True, "serializable": True}  # do they keep their snapshot?


@pytest.mark.parametrize("isolation", ISOLATION)
def test_a_reader_delays_no_run_and_sees_one_state_of_tables_that_it_had_not_read_yet(
    database: str, start: Start, new_state: State, isolation: str
) -> None:
    reader = psycopg2.connect(database)
    reader.set_session(isolation_level=isolation, readonly=True)
    with reader.cursor() as cursor:
        cursor.execute("select count(*) from silver.spacex_landpads")
        before = published(database)
        start(database, changed(), lock_timeout_s=0.1).result(PATIENCE_S)
        assert state(database) == new_state
        expected = before if ISOLATION[isolation] else published(database)
        assert published_to(cursor) == expected
    reader.close()


def test_a_cursor_held_open_goes_on_with_the_state_in_which_it_was_opened(database: str, start: Start) -> None:
    everything = sorted(rows(database, "select launch_id, name, is_success from silver.spacex_launches"))
    reader = psycopg2.connect(database)
    with reader.cursor("held") as cursor:
        cursor.itersize = 10
        cursor.execute("select launch_id, name, is_success from silver.spacex_launches")
        first = cursor.fetchmany(10)
        start(database, changed(), lock_timeout_s=0.1).result(PATIENCE_S)
        assert sorted(first + cursor.fetchall()) == everything
    reader.close()


def test_a_run_holds_no_lock_that_a_reader_could_wait_for(database: str, tmp_path: Path) -> None:
    held = (
        "select relation::regclass from pg_locks inner join pg_class on pg_class.oid = relation "
        "where mode = 'AccessExclusiveLock' and relnamespace in "
        "('silver'::regnamespace, 'gold'::regnamespace, 'parts'::regnamespace)"
    )
    found: list[list[tuple[object, ...]]] = []

    def look(event: Event) -> None:
        if isinstance(event, StepEnded) and event.step == "publish":  # everything is written, nothing committed
            found.append(rows(database, held))

    run(database, Lake(str(tmp_path / "lake")), changed(), listener=look)
    assert found == [[]]


def test_rows_may_be_referred_to_unless_they_are_gone(database: str, start: Start, new_state: State) -> None:
    gone = changed()
    gone["landpads"].pop()
    with owner(database) as cursor:
        cursor.execute("create table public.notes (about text references silver.spacex_landpads (landpad_id))")
        cursor.execute("insert into public.notes select landpad_id from silver.spacex_landpads")
    assert start(database, changed()).result(PATIENCE_S).published.status == "published"
    assert state(database) == new_state
    with pytest.raises(ConfigError, match=r"silver.spacex_landpads are gone, but public.notes refers to them"):
        start(database, gone, accepts_loss=True).result(PATIENCE_S)
    assert state(database) == new_state


@pytest.mark.parametrize("step", ["stage", "audit", "publish"])
def test_in_the_middle_of_every_step_readers_see_the_old_state(database: str, start: Start, step: str) -> None:
    before = published(database)
    gate = Gate()
    running = start(database, changed(), step=step, gate=gate)
    assert published(database) == before
    gate.open()
    running.result(PATIENCE_S)
    assert published(database) != before


def test_readers_that_never_stop_see_the_old_state_or_the_new_one_and_no_mix(database: str, start: Start) -> None:
    old_rows = published(database)
    seen: list[State] = []
    refused: list[str] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                seen.append(published(database))
            except psycopg2.Error as error:
                refused.append(str(error))

    gate = Gate()
    running = start(database, changed(), step="publish", gate=gate)
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    eventually(lambda: len(seen) >= 2)
    gate.open()
    running.result(PATIENCE_S)
    after = len(seen)
    eventually(lambda: len(seen) >= after + 4)
    ended.set()
    for reader in readers:
        reader.join(PATIENCE_S)
    new_rows = published(database)
    assert new_rows != old_rows
    assert refused == []
    assert all(found in (old_rows, new_rows) for found in seen)
    assert seen[0] == old_rows
    assert seen[-1] == new_rows


def test_a_killed_run_shows_as_abandoned_once_the_next_one_starts(
    database: str, start: Start, victims: Victims, tmp_path: Path
) -> None:
    death = victims.run(Job(database, str(tmp_path / "lake"), "http://127.0.0.1:9", dies_at=6))
    assert death.signal == signal.SIGKILL
    assert rows(database, "select status from ops.run order by started_at") == [("published",), ("running",)]
    sessions = "select count(*) from pg_stat_activity where application_name = 'etl' and datname = current_database()"
    eventually(lambda: value(database, sessions) == 0)
    start(database).result(PATIENCE_S)
    assert rows(database, "select status, error, ended_at is not null from ops.run order by started_at") == [
        ("published", None, True),
        ("abandoned", "the process exited without reporting a result", True),
        ("unchanged", None, True),
    ]


@pytest.mark.parametrize("step", [pytest.param("extract", marks=pytest.mark.thorough), "stage"])
def test_a_run_that_is_alive_is_not_taken_for_abandoned(database: str, start: Start, step: str) -> None:
    gate = Gate()
    first = start(database, changed(), step=step, gate=gate)
    second = start(database, changed(), lock_timeout_s=0.1)
    if step == "stage":
        with pytest.raises(WarehouseUnavailableError):
            second.result(PATIENCE_S)
    else:
        second.result(PATIENCE_S)
    assert value(database, "select count(*) from ops.run where status = 'running'") == 1
    assert value(database, "select count(*) from ops.run where status = 'abandoned'") == 0
    gate.open()
    assert first.result(PATIENCE_S).published.status in ("published", "unchanged")


def test_a_lost_session_that_comes_back_cannot_hide_a_run_that_ended(database: str, start: Start) -> None:
    gate = Gate()
    first = start(database, changed(), step="extract", gate=gate)
    with owner(database) as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'etl' and datname = current_database()"
        )
    start(database, changed()).result(PATIENCE_S)
    gate.open()
    with pytest.raises(WarehouseUnavailableError):
        first.result(PATIENCE_S)
    assert rows(database, "select status from ops.run order by started_at offset 1") == [
        ("abandoned",),
        ("published",),
    ]


def test_a_run_that_finishes_while_another_looks_for_unfinished_ones_does_not_disturb_it(tmp_path: Path) -> None:
    source, extraction_id = spacex_at("http://nowhere.invalid"), new_id()
    endpoint = source.endpoints[0]

    class Moving(Lake):
        """Between being listed and being read, progress.json makes way for manifest.json."""

        def list_files(self, path: str) -> list[StoredFile]:
            found = super().list_files(path)
            for name in (file.path for file in found):
                if name.endswith("progress.json"):
                    self.write(name.replace("progress", "manifest"), self.read(name))
                    self.delete(name)
            return found

    lake = Moving(str(tmp_path / "lake"))
    progress = bronze.Manifest(extraction_id, endpoint.name, source.origin, None)
    bronze._write(lake, progress, "progress.json")
    assert bronze.unfinished(lake, source, None, started_at(extraction_id)) is None


def _waiting(dsn: str, lock: str) -> bool:
    """Whether a session of this database waits for such a lock."""
    mine = "database = (select oid from pg_database where datname = current_database())"
    return bool(value(dsn, f"select count(*) from pg_locks where not granted and {mine} and {lock}") == 1)
