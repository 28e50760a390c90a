"""On a server that takes no writes, reading works, and writing fails with an error that says that waiting helps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.core.errors import WarehouseUnavailableError
from etl.lake.store import Lake
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.state import migrations
from tests.warehouse.states import owner, rows, run

pytestmark = pytest.mark.thorough  # starts a server three times


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[str]:
    """A standby whose primary is gone; it has one run that was alive when it last heard of it."""
    data = tmp_path / "postgres"
    with embedded.server(data) as dsn:
        with Warehouse(dsn) as session:
            migrations.migrate(session)
        with owner(dsn) as cursor:
            cursor.execute(
                "insert into ops.run (run_id, source, status, origin) values ('alive', 'spacex', 'running', 'a test')"
            )
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\nwal_level = replica\n")
    with embedded.server(data):
        pass
    (data / "standby.signal").touch()
    with embedded.server(data) as dsn:
        yield dsn


def test_status_works_on_a_replica_and_a_run_waits_for_the_primary(replica: str, tmp_path: Path) -> None:
    assert rows(replica, "select pg_is_in_recovery()") == [(True,)]
    with Warehouse(replica, role="etl_loader") as session:
        migrations.require_current(session)
        assert [row["status"] for row in session.run("ledger/last_runs", {"limit": 10})] == ["running"]
        assert session.run("ledger/watermarks") == []
    with pytest.raises(WarehouseUnavailableError, match="Postgres is read-only") as caught:
        run(replica, Lake(str(tmp_path / "lake")))
    assert "PGHOST" in caught.value.hint
