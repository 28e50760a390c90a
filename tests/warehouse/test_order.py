"""What came first is for the ledger to say: machines' clocks are late, early, or jump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Self

import pytest

from etl.core.errors import ConfigError
from etl.core.ids import new_id
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from etl.state import ledger
from tests.conftest import Simulate, client_of, spacex_at
from tests.warehouse.states import owner, published, rows, run, snapshot, value

MONTH = timedelta(days=30)


def extracted(url: str, lake: Lake, clock_is_off_by: timedelta) -> tuple[Pipeline, str]:
    """A pipeline and the extraction of a machine whose clock is off."""
    pipeline = Pipeline(spacex_at(url), lake, 0.05, LocalEngine())
    with client_of(url) as client:
        return pipeline, pipeline.extract(client, None, new_id(datetime.now(UTC) + clock_is_off_by))


@pytest.mark.parametrize("off_by", [MONTH, -MONTH, timedelta(minutes=6), -timedelta(minutes=6)])
def test_a_run_on_a_machine_whose_clock_is_off_is_refused_before_it_asks_anything(
    database: str, lake: Lake, monkeypatch: pytest.MonkeyPatch, off_by: timedelta
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Self:
            return super().now(UTC) + off_by

    monkeypatch.setattr(ledger, "datetime", Clock)
    with pytest.raises(ConfigError, match=r"This machine's clock says .* UTC, the warehouse's .* UTC") as caught:
        run(database, lake)
    assert "Set the one that is wrong" in caught.value.hint
    assert rows(database, "select status, exit_code from ops.run") == [("failed", 78)]
    assert lake.list("bronze") == []


def test_an_extraction_from_the_future_is_refused_with_both_times(
    warehouse: Warehouse, database: str, simulate: Simulate, lake: Lake
) -> None:
    pipeline, extraction_id = extracted(simulate(), lake, MONTH)
    transformed = pipeline.transform(extraction_id)
    with pytest.raises(ConfigError, match=f"{extraction_id} is from the future: by the warehouse's clock it is") as c:
        pipeline.publish(warehouse, transformed)
    assert "--extraction" in c.value.hint
    assert rows(database, "select status, exit_code from ops.run") == [("failed", 78)]
    assert run(database, Lake(f"{lake.url}-2")).published.status == "published"


def test_a_few_minutes_are_no_reason_to_refuse(warehouse: Warehouse, simulate: Simulate, lake: Lake) -> None:
    pipeline, extraction_id = extracted(simulate(), lake, timedelta(minutes=4))
    assert pipeline.publish(warehouse, pipeline.transform(extraction_id)).status == "published"


@pytest.mark.parametrize(
    "clocks_were_off_by",
    [MONTH, *(pytest.param(other, marks=pytest.mark.thorough) for other in (-MONTH, timedelta(days=36500)))],
)
def test_what_was_published_while_all_clocks_were_wrong_stands_in_nobodys_way(
    database: str, lake: Lake, clocks_were_off_by: timedelta
) -> None:
    """As on a laptop, where the warehouse has the machine's own clock."""
    first = run(database, Lake(f"{lake.url}-1"))
    facts = snapshot()
    facts["landpads"][0]["status"] = "lost"
    second = run(database, Lake(f"{lake.url}-2"), facts)
    with owner(database) as cursor:
        cursor.execute(
            "update ops.run set extraction_id = %s, started_at = started_at + %s, ended_at = ended_at + %s "
            "where run_id = %s",
            [new_id(datetime.now(UTC) + clocks_were_off_by), clocks_were_off_by, clocks_were_off_by, second.run_id],
        )
    assert value(database, "select run_id from ops.latest_run") == second.run_id
    before = published(database)
    third = run(database, Lake(f"{lake.url}-3"))
    assert third.published.status == "published"
    assert published(database) != before
    assert value(database, "select run_id from ops.latest_run") == third.run_id
    assert rows(database, "select run_id from ops.run order by run_number") == [
        (each.run_id,) for each in (first, second, third)
    ]


def test_a_late_extraction_is_told_which_newer_one_was_published_and_when(
    warehouse: Warehouse, database: str, simulate: Simulate, lake: Lake
) -> None:
    pipeline, late = extracted(simulate(), lake, -timedelta(hours=1))
    newer = run(database, Lake(f"{lake.url}-2"))
    found = pipeline.publish(warehouse, pipeline.transform(late))
    assert found.status == "unchanged"
    assert found.newer is not None
    assert found.newer.extraction_id == newer.transformed.extraction_id
    assert found.newer.published_at == value(database, "select published_at from ops.latest_run")
    assert value(database, "select run_id from ops.latest_run") == newer.run_id
