"""Gold in the lake follows silver month by month, and is the same as if all of it had been made at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.destinations.lake import compaction
from etl.destinations.lake.publication import LakeDestination, tables
from etl.engines.local import LocalEngine
from etl.lake import layout, silver
from etl.lake.parquet import rows_into
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from etl.sql.statements import statement
from tests import lakes
from tests.conftest import IS_THOROUGH, MakeDatabase
from tests.warehouse.test_in_place import GOLD, READINGS, SOURCE, History, a_piece, at_once, every_day, month, read

Row = dict[str, Any]


def publish(
    warehouse: Warehouse, lake: Lake, days: DataInterval, found: Sequence[Row], engine: LocalEngine | None = None
) -> None:
    """Publish what was read of these days, whatever is lost."""
    extraction_id = new_id()
    file = layout.part("silver", READINGS.name, extraction_id, 1)
    with rows_into(lake, file, READINGS.schema) as rows:
        rows.write(pa.RecordBatch.from_pylist(list(found), READINGS.schema))
    made = silver.Transformed(
        extraction_id,
        SOURCE.name,
        SOURCE.origin,
        (days.start.isoformat(), days.end.isoformat()),
        rows={READINGS.name: len(found)},
        files={READINGS.name: [file]},
    )
    silver.write(lake, made)
    engine = engine or LocalEngine()
    pipeline = Pipeline(SOURCE, lake, 0.05, engine, accepts_loss=True)
    pipeline.publish(warehouse, made, LakeDestination(warehouse, lake, engine))


class Counting(LocalEngine):
    """Notes which statements it runs about which days of the readings."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[tuple[str, DataInterval | None]] = []

    def select(self, lake, statement, tables, into, path, *, by_month=False):  # type: ignore[no-untyped-def]
        if into.name in GOLD and "silver.sensor_readings" in tables:
            read = tables["silver.sensor_readings"]
            self.made.append((into.name, None if isinstance(read, pa.Table) else read[0].days))
        return super().select(lake, statement, tables, into, path, by_month=by_month)

    def months(self, table: str) -> list[int | None]:
        """The months of which a table was made since the last question; None: of all at once."""
        found = [days and days.start.month for name, days in self.made if name == table]
        self.made = [each for each in self.made if each[0] != table]
        return found


def gold(warehouse: Warehouse, lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    content = lakes.content(warehouse, lake, SOURCE)
    return {name: sorted((tuple(row.values()) for row in content[f"gold.{name}"]), key=repr) for name in GOLD}


def history(*parts: Sequence[Row]) -> History:
    return {(row["sensor_id"], row["reading_date"]): row for found in parts for row in found}


@pytest.mark.thorough
@given(pieces=st.lists(a_piece, min_size=1, max_size=6))
@settings(
    max_examples=40 if IS_THOROUGH else 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_days_published_in_any_pieces_and_order_give_the_gold_of_all_at_once(
    pieces: list[tuple[int, int, int, float]], make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory
) -> None:
    known: History = {}
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    with make_database() as dsn, Warehouse(dsn, role="etl_loader") as warehouse:
        for piece in pieces:
            days, found = read(piece)
            publish(warehouse, lake, days, found)
            known = {key: row for key, row in known.items() if not days.start <= key[1] < days.end} | history(found)
        assert gold(warehouse, lake) == at_once(known)


def test_only_months_whose_readings_changed_are_made_again(warehouse: Warehouse, lake: Lake) -> None:
    engine, parts = Counting(), [every_day(month(number)) for number in (1, 2, 3)]
    for number, found in enumerate(parts, 1):
        publish(warehouse, lake, month(number), found, engine)
    for table in ("sensor_quality", "sensor_dry_spells"):
        assert engine.months(table) == [None, 2, 3]
    publish(warehouse, lake, month(2), parts[1], engine)
    assert engine.months("sensor_quality") == [2]
    assert engine.months("sensor_dry_spells") == [2]  # March continues what has not changed
    assert gold(warehouse, lake) == at_once(history(*parts))


@pytest.mark.thorough
def test_a_dry_spell_that_a_late_rain_ends_is_shorter_in_every_later_month(warehouse: Warehouse, lake: Lake) -> None:
    engine, parts = Counting(), [every_day(month(number)) for number in (1, 2, 3)]
    for number, found in enumerate(parts, 1):
        publish(warehouse, lake, month(number), found, engine)
    engine.made.clear()
    parts[0] = [row | {"precipitation_level": "light"} if row["reading_date"].day == 20 else row for row in parts[0]]
    publish(warehouse, lake, month(1), parts[0], engine)
    assert engine.months("sensor_dry_spells") == [1, 2, 3]
    assert engine.months("sensor_quality") == [1]
    assert gold(warehouse, lake) == at_once(history(*parts))


@pytest.mark.thorough
def test_many_months_are_made_at_once(warehouse: Warehouse, lake: Lake) -> None:
    engine, half = Counting(), DataInterval(date(2024, 1, 1), date(2024, 7, 1))
    publish(warehouse, lake, month(1), every_day(month(1)), engine)
    engine.made.clear()
    publish(warehouse, lake, half, every_day(half), engine)
    assert engine.months("sensor_quality") == engine.months("sensor_dry_spells") == [None]
    assert gold(warehouse, lake) == at_once(history(every_day(half)))


@pytest.mark.thorough
def test_after_files_were_made_one_its_months_are_made_one_by_one_as_before(warehouse: Warehouse, lake: Lake) -> None:
    engine, parts = Counting(), [every_day(month(number)) for number in (1, 2, 3)]
    for number, found in enumerate(parts, 1):
        publish(warehouse, lake, month(number), found)
    with warehouse.transaction():
        plan = compaction.make_plan(tables(warehouse, lake), SOURCE, 2**20)
        assert {rewrite.table.name for rewrite, _ in compaction.apply(plan, lake, engine)} >= {"gold.sensor_quality"}
    parts[1] = every_day(month(2), warmest=30.0)
    publish(warehouse, lake, month(2), parts[1], engine)
    assert engine.months("sensor_quality") == [2]
    assert gold(warehouse, lake) == at_once(history(*parts))


@pytest.mark.thorough
def test_gold_of_another_statement_is_made_again_for_all_months(
    warehouse: Warehouse, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, parts = Counting(), [every_day(month(number)) for number in (1, 2)]
    publish(warehouse, lake, month(1), parts[0], engine)
    monkeypatch.setattr("etl.destinations.gold.statement", lambda name: statement(name) + "\n")
    publish(warehouse, lake, month(2), parts[1], engine)
    assert engine.months("sensor_quality") == [None, None]


@pytest.mark.thorough
def test_gold_that_is_not_of_the_silver_before_is_made_again_for_all_months(warehouse: Warehouse, lake: Lake) -> None:
    """As when another program has written to silver, or one of the tables was repaired."""
    engine, parts = Counting(), [every_day(month(number)) for number in (1, 2, 3)]
    publish(warehouse, lake, month(1), parts[0], engine)
    publish(warehouse, lake, month(2), parts[1], engine)
    with warehouse.transaction():
        found = tables(warehouse, lake).find(f"silver.{READINGS.name}", READINGS)
        assert found is not None
        [january] = found.stored([month(1)])
        found.replace(january.files, (), {})
    publish(warehouse, lake, month(3), parts[2], engine)
    assert engine.months("sensor_quality") == [None, 2, None]
    assert gold(warehouse, lake) == at_once(history(parts[1], parts[2]))
