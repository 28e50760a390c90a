"""The connection breaks, or the whole server stops, in the middle of a run: a clear error, then a clean rerun."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from etl.core.errors import WarehouseUnavailableError
from etl.lake import silver
from etl.lake.store import Lake
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.state import migrations
from tests import postmaster
from tests.conftest import MakeDatabase
from tests.waiting import eventually
from tests.warehouse.states import Steps, changed, owner, published, rows, run, state

HANG_UP = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where application_name = 'etl' and datname = current_database()
"""


@pytest.fixture
def database(old: str, make_database: MakeDatabase) -> Iterator[str]:
    with make_database(like=old) as dsn:
        yield dsn


def _hang_up(dsn: str) -> Callable[[], None]:
    def terminate() -> None:
        with owner(dsn) as cursor:
            cursor.execute(HANG_UP)

    return terminate


@pytest.mark.parametrize("step", ["check", "extract", "transform", "stage", "audit", "publish"])
def test_a_connection_lost_at_any_step_ends_in_one_line_and_a_clean_rerun(
    database: str, tmp_path: Path, step: str
) -> None:
    lake, before = Lake(str(tmp_path / "lake")), state(database)
    with pytest.raises(WarehouseUnavailableError) as caught:
        run(database, lake, changed(), listener=Steps(**{step: _hang_up(database)}))
    _assert_clear(caught.value)
    assert state(database) == before
    run(database, lake, changed())
    assert rows(database, "select status from ops.run order by started_at offset 1") == [
        ("abandoned",),
        ("published",),
    ]
    assert state(database) != before


def test_a_connection_lost_while_rows_are_sent_ends_in_one_line_and_a_clean_rerun(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, before = Lake(str(tmp_path / "lake")), state(database)
    real = silver.batches

    def batches(*given: Any) -> Iterator[Any]:
        for batch in real(*given):
            yield batch
            _hang_up(database)()
            yield from [batch] * 2_000  # more than any buffer holds

    monkeypatch.setattr(silver, "batches", batches)
    with pytest.raises(WarehouseUnavailableError) as caught:
        run(database, lake, changed())
    _assert_clear(caught.value)
    assert state(database) == before
    monkeypatch.undo()
    run(database, lake, changed())
    assert state(database) != before


def test_a_server_that_stops_abruptly_comes_back_as_it_was_and_the_rerun_is_clean(tmp_path: Path) -> None:
    data, lake = tmp_path / "postgres", Lake(str(tmp_path / "lake"))
    with embedded.server(data) as dsn:
        with Warehouse(dsn) as session:
            migrations.migrate(session)
        run(dsn, lake)
        before = published(dsn)
        _lose_the_server(dsn, data, lake, at="publish")
    with embedded.server(data) as dsn:
        assert published(dsn) == before
        _lose_the_server(dsn, data, lake, at="stage")
    with embedded.server(data) as dsn:
        assert published(dsn) == before
        assert run(dsn, lake, changed()).published.status == "published"
        statuses = [status for (status,) in rows(dsn, "select status from ops.run order by started_at")]
        assert statuses == ["published", "abandoned", "abandoned", "published"]


def _lose_the_server(dsn: str, data: Path, lake: Lake, at: str) -> None:
    with pytest.raises(WarehouseUnavailableError) as caught:
        run(dsn, lake, changed(), listener=Steps(**{at: lambda: _stop_at_once(data)}))
    _assert_clear(caught.value)


def _assert_clear(error: WarehouseUnavailableError) -> None:
    assert error.exit_code == os.EX_TEMPFAIL
    assert error.message.startswith("Postgres cannot be reached, or closed the connection: ")
    assert "\n" not in error.message
    assert "run the same command again" in error.hint


def _stop_at_once(data: Path) -> None:
    """What `pg_ctl stop -m immediate` does: no checkpoint, no goodbye."""
    postmaster.of(data).send_signal(signal.SIGQUIT)
    eventually(lambda: not (data / "postmaster.pid").exists())
