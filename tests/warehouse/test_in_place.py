"""Publication in place: only what differs is written, gold follows, and what readers see is never a mix."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.errors import AuditError
from etl.core.events import ignore
from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.core.outcomes import TableOutcome
from etl.destinations.postgres.publication import PostgresDestination, Publication
from etl.engines import local
from etl.engines.base import nothing_before
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from tests.conftest import IS_THOROUGH, MakeDatabase
from tests.lakes import create_gold
from tests.warehouse.states import owner, rows, value
from tests.warehouse.test_sensors import source_at

SOURCE = source_at("http://nowhere.invalid")
[READINGS] = SOURCE.datasets
GOLD = {table.name: table for table in SOURCE.gold}
Row = dict[str, Any]
History = dict[tuple[str, date], Row]


def a_reading(sensor: int, day: date, *, mm: float | None = 0.0, warmest: float | None = 20.0, **others: Any) -> Row:
    """A row of silver.sensor_readings; the derived columns are made up here."""
    level = None if mm is None else "none" if mm == 0 else "light"
    return {
        "sensor_id": f"SENSOR_{sensor:04}",
        "region": f"ZONE_{sensor % 2}",
        "latitude": float(sensor),
        "longitude": 13.4,
        "reading_date": day,
        "temperature_max": warmest,
        "temperature_min": 5.0,
        "temperature_avg": warmest,
        "temperature_range": None if warmest is None else warmest - 5.0,
        "temperature_max_f": None,
        "temperature_min_f": 41.0,
        "temperature_avg_f": None,
        "precipitation": mm,
        "temp_category": None if warmest is None else "mild",
        "precipitation_level": level,
        "is_complete": mm is not None and warmest is not None,
        "data_quality_score": 100,
        "region_avg_temp": None,
        "region_total_precipitation": None,
        "received_at": datetime(2026, 6, 1, tzinfo=UTC),
        "processed_at": datetime(2026, 6, 1, tzinfo=UTC),
        "processing_version": "1",
    } | others


def publish(dsn: str, days: DataInterval, found: Sequence[Row]) -> dict[str, TableOutcome]:
    """Publish what was read of these days, whatever is lost."""
    with publishing(dsn, found, days) as (new, _):
        new.audit(accepts_loss=True)
        outcomes = new.publish()
    return {outcome.table: outcome for outcome in outcomes}


@contextmanager
def publishing(dsn: str, found: Sequence[Row], *days: DataInterval) -> Iterator[tuple[Publication, Warehouse]]:
    """The transaction of a run that has staged what it read of these days."""
    table = pa.Table.from_pylist(list(found), READINGS.schema)
    with (
        Warehouse(dsn, role="etl_loader") as warehouse,
        PostgresDestination(warehouse).open(SOURCE, None, days, ignore, new_id()) as new,
    ):
        new.stage(lambda _: table.to_batches(), days, ())
        yield new, warehouse


def month(number: int, *, year: int = 2024) -> DataInterval:
    return DataInterval(date(year, number, 1), date(year, number + 1, 1))


def every_day(days: DataInterval, *sensors: int, **values: Any) -> list[Row]:
    count = (days.end - days.start).days
    return [a_reading(s, days.start + timedelta(n), **values) for s in sensors or (1, 2) for n in range(count)]


def in_warehouse(dsn: str, name: str) -> list[tuple[Any, ...]]:
    table = {**GOLD, READINGS.name: READINGS}[name]
    schema = "gold" if name in GOLD else "silver"
    columns = ", ".join(column.name for column in table.columns if not column.is_bookkeeping)
    return sorted(rows(dsn, f"select {columns} from {schema}.{name}"), key=repr)


def at_once(history: History) -> dict[str, list[tuple[Any, ...]]]:
    """Gold of the whole history, made by DuckDB in one go."""
    silver = pa.Table.from_pylist(list(history.values()), READINGS.schema)
    with local.session() as connection:
        local.register(connection, Lake("/tmp"), {"silver.sensor_readings": silver} | nothing_before(SOURCE.gold))
        create_gold(connection, GOLD.values())
        return {
            name: sorted(
                (tuple(row.values()) for row in local.rows(connection, f"select * from gold.{name}")), key=repr
            )
            for name in GOLD
        }


@pytest.fixture(scope="module")
def empty(make_database: MakeDatabase) -> Iterator[str]:
    with make_database() as dsn:
        yield dsn


@pytest.fixture
def database(empty: str, make_database: MakeDatabase) -> Iterator[str]:
    with make_database(like=empty) as dsn:
        yield dsn


# What is written


def test_a_row_that_did_not_change_is_not_written_again(database: str) -> None:
    days = month(1)
    publish(database, days, every_day(days))
    before = rows(database, "select reading_date, sensor_id, xmin::text, ctid::text from silver.sensor_readings")
    corrected = every_day(days)
    corrected[3] |= {"temperature_max": 33.0}
    assert publish(database, days, corrected)["sensor_readings"].is_changed
    after = rows(database, "select reading_date, sensor_id, xmin::text, ctid::text from silver.sensor_readings")
    assert len(set(after) - set(before)) == 1
    assert value(database, "select max(temperature_max) from silver.sensor_readings") == 33.0


def test_rows_that_differ_only_in_when_they_were_received_are_the_same(database: str) -> None:
    days = month(1)
    publish(database, days, every_day(days))
    later = [row | {"received_at": datetime(2026, 7, 1, tzinfo=UTC)} for row in every_day(days)]
    assert not any(outcome.is_changed for outcome in publish(database, days, later).values())


def test_what_is_gone_from_days_that_were_read_again_is_gone_and_other_days_stay(database: str) -> None:
    publish(database, month(1), every_day(month(1)))
    window = DataInterval(date(2024, 1, 10), date(2024, 1, 12))
    publish(database, window, every_day(window, 1))
    gone = "select count(*) from silver.sensor_readings where sensor_id = 'SENSOR_0002'"
    assert value(database, f"{gone} and reading_date in ('2024-01-10', '2024-01-11')") == 0
    assert value(database, gone) == 29


def test_a_month_of_which_every_row_is_gone_leaves_no_gold(database: str) -> None:
    publish(database, month(1), every_day(month(1)))
    publish(database, month(2), every_day(month(2)))
    publish(database, month(1), [])
    for name in GOLD:
        if GOLD[name].month:
            assert value(database, f"select min(month_start_date) from gold.{name}") == date(2024, 2, 1)
    assert publish(database, month(2), every_day(month(2)))["sensor_readings"].rows_published == 58


def test_gold_of_months_that_did_not_change_is_not_made_again(database: str) -> None:
    for number in (1, 2, 3):
        publish(database, month(number), every_day(month(number), mm=1.0))
    before = rows(database, "select month_start_date, xmin::text from gold.sensor_region_months")
    publish(database, month(2), every_day(month(2), mm=2.0))
    after = rows(database, "select month_start_date, xmin::text from gold.sensor_region_months")
    assert {start for start, _ in set(after) - set(before)} == {date(2024, 2, 1)}


def test_a_dry_spell_that_a_late_rain_ends_is_shorter_in_every_later_month(database: str) -> None:
    driest = "select value, reading_date from gold.sensor_extremes where kind = 'driest'"
    for number in (1, 2, 3):
        publish(database, month(number), every_day(month(number), 1))
    assert rows(database, driest) == [(91.0, date(2024, 3, 31))]
    rain = every_day(month(1), 1)
    rain[30] |= {"precipitation": 3.0, "precipitation_level": "moderate"}
    publish(database, month(1), rain)
    assert rows(database, driest) == [(60.0, date(2024, 3, 31))]
    publish(database, month(1), every_day(month(1), 1))
    assert rows(database, driest) == [(91.0, date(2024, 3, 31))]


def test_gold_of_another_statement_is_made_again_for_all_months(database: str) -> None:
    for number in (1, 2):
        publish(database, month(number), every_day(month(number)))
    with owner(database) as cursor:
        cursor.execute("update ops.table_part set made_by = 'an earlier one' where table_name = 'sensor_quality'")
        cursor.execute("update gold.sensor_quality set readings = 0")
    publish(database, month(2), every_day(month(2)))
    assert value(database, "select min(readings) from gold.sensor_quality") == 58


def test_what_is_counted_part_by_part_is_what_the_table_holds(database: str) -> None:
    publish(database, month(1), every_day(month(1)))
    publish(database, month(2), every_day(month(2)))
    window = DataInterval(date(2024, 1, 30), date(2024, 2, 3))
    outcomes = publish(database, window, every_day(window, 1, 3, warmest=None))
    for name, table in {READINGS.name: READINGS, **GOLD}.items():
        schema = "gold" if name in GOLD else "silver"
        bookkeeping = [column.name for column in table.columns if column.is_bookkeeping]
        whole = rows(
            database, "select row_count, content_checksum from ops.content(%s, %s, %s)", [schema, name, bookkeeping]
        )
        assert whole == [(outcomes[name].rows_published, outcomes[name].content_checksum)], name


def test_a_sensor_that_moved_is_found_by_what_is_published_of_other_months(database: str) -> None:
    publish(database, month(1), every_day(month(1)))
    for days in (month(3), month(1, year=2023)):
        with pytest.raises(Exception, match="no_sensor_in_two_places found 2 rows"):
            publish(database, days, every_day(days, longitude=99.0))


def test_it_is_found_between_days_that_are_read_again_and_not_on_these(database: str) -> None:
    first, middle = DataInterval(date(2024, 1, 1), date(2024, 1, 6)), DataInterval(date(2024, 1, 6), date(2024, 1, 10))
    last = DataInterval(date(2024, 1, 10), date(2024, 1, 15))
    publish(database, middle, every_day(middle, 1, longitude=99.0))
    around = [*every_day(first, 1), *every_day(last, 1)]
    with (
        pytest.raises(AuditError, match="no_sensor_in_two_places"),
        publishing(database, around, first, last) as (new, _),
    ):
        new.audit(accepts_loss=True)
    publish(database, middle, every_day(DataInterval(middle.start, date(2024, 1, 8)), 1))  # moved, and fewer days


def test_a_lost_day_needs_consent_however_long_the_history_is(database: str) -> None:
    for number in range(1, 6):
        publish(database, month(number), every_day(month(number)))
    day = DataInterval(date(2024, 3, 3), date(2024, 3, 4))
    with pytest.raises(AuditError, match="no_row_lost"), publishing(database, every_day(day, 1), day) as (new, _):
        new.audit(accepts_loss=False)


def test_gold_follows_readings_that_were_restored_and_months_that_were_lost(database: str) -> None:
    for number in (1, 2, 3):
        publish(database, month(number), every_day(month(number)))
    with owner(database) as cursor:  # what `restore table` does, with a backup that knows two months, one of them older
        cursor.execute("update silver.sensor_readings set temperature_max = 44 where reading_date = '2024-01-05'")
        cursor.execute("drop table parts.sensor_readings_2024_02")
        cursor.execute("delete from ops.table_part where table_name = 'sensor_readings'")
    publish(database, month(3), every_day(month(3)))
    assert rows(database, "select distinct month_start_date, temperature_max from gold.sensor_region_months") == [
        (date(2024, 1, 1), 44.0),
        (date(2024, 3, 1), 20.0),
    ]


def test_locks_do_not_grow_much_with_the_months_that_a_run_makes(database: str) -> None:
    """A server has some thousands for all transactions together."""
    held = []
    for years in (1, 3):
        days = DataInterval(date(2000, 1, 1), date(2000 + years, 1, 1))
        with publishing(database, every_day(days, 1, mm=float(years)), days) as (new, warehouse):
            new.publish()
            held.append(warehouse.execute("select count(*) as n from pg_locks where pid = pg_backend_pid()")[0]["n"])
    assert held[1] - held[0] <= 24 * 6


# Whatever the order


DAYS = DataInterval(date(2024, 1, 27), date(2024, 4, 4))
a_piece = st.tuples(
    st.integers(0, 67), st.sampled_from([1, 2, 6, 30, 40]), st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.3])
)


def read(piece: tuple[int, int, int, float]) -> tuple[DataInterval, list[Row]]:
    """What an extraction of some days found: values by chance, mostly dry, some unknown, some missing."""
    import random

    first, length, seed, missing = piece
    start = DAYS.start + timedelta(first)
    days = DataInterval(start, min(start + timedelta(length), DAYS.end))
    dice = random.Random(seed)
    return days, [
        row
        | {"precipitation": mm, "precipitation_level": None if mm is None else "none" if mm == 0 else "light"}
        | {"temperature_max": warmest, "temperature_range": None if warmest is None else warmest - 5}
        for row in every_day(days, 1, 2, 3)
        if dice.random() >= missing
        for mm in [dice.choice([0.0] * 20 + [1.0, None])]
        for warmest in [dice.choice([None, 19.0, 20.0, 30.0])]
    ]


@given(pieces=st.lists(a_piece, min_size=1, max_size=6))
@settings(max_examples=40 if IS_THOROUGH else 6)
def test_days_published_in_any_pieces_and_order_give_the_gold_of_all_at_once(
    pieces: list[tuple[int, int, int, float]], empty: str, make_database: MakeDatabase
) -> None:
    history: History = {}
    with make_database(like=empty) as dsn:
        for piece in pieces:
            days, found = read(piece)
            publish(dsn, days, found)
            history = {key: row for key, row in history.items() if not days.start <= key[1] < days.end}
            history |= {(row["sensor_id"], row["reading_date"]): row for row in found}
        published = in_warehouse(dsn, READINGS.name)
        names = [column.name for column in READINGS.columns if not column.is_bookkeeping]
        assert published == sorted((tuple(row[name] for name in names) for row in history.values()), key=repr)
        expected = at_once(history)
        for name in GOLD:
            assert in_warehouse(dsn, name) == expected[name], name


# What readers see


@dataclass(frozen=True)
class Reader:
    """How somebody reads everything that is published, as one figure."""

    isolation: str
    repeats: int  # reads in one transaction, which must agree unless it is read committed


READERS = [Reader("read committed", 1), Reader("repeatable read", 3), Reader("serializable", 2)]
LOOK = """
select
    (select coalesce(sum(hashtextextended(t::text, 0)), 0) from silver.sensor_readings as t)
    || ' ' || (select coalesce(sum(hashtextextended(t::text, 0)), 0) from gold.sensor_region_months as t)
    || ' ' || (select coalesce(sum(hashtextextended(t::text, 0)), 0) from gold.sensor_extremes as t)
"""


def test_readers_of_every_kind_see_one_state_or_the_next_and_no_mix(database: str) -> None:
    publish(database, month(1), every_day(month(1)))
    states = [value(database, LOOK)]
    seen: list[list[str]] = []
    ended = threading.Event()

    def look(reader: Reader) -> None:
        with closing(psycopg2.connect(database)) as connection:
            connection.set_session(isolation_level=reader.isolation, readonly=True)
            while not ended.is_set():
                with connection, connection.cursor() as cursor:
                    found = []
                    for _ in range(reader.repeats):
                        cursor.execute(LOOK)
                        found += [row[0] for row in cursor.fetchall()]
                    seen.append(found)

    with old_snapshots(database) as check:
        threads = [threading.Thread(target=look, args=[reader]) for reader in READERS]
        for thread in threads:
            thread.start()
        for number in range(1, 9):  # months are new, corrected, and taken away
            days = month(1 + number % 4)
            publish(database, days, every_day(days, *range(1, 1 + number % 3), mm=float(number)))
            states.append(value(database, LOOK))
        ended.set()
        for thread in threads:
            thread.join()
        check(states[0])
    assert [found for found in seen if len(set(found)) != 1] == []
    assert {found for each in seen for found in each} <= set(states)
    assert len(seen) > len(READERS)


@contextmanager
def old_snapshots(dsn: str) -> Iterator[Callable[[str], None]]:
    """Transactions that began before and read a table only afterwards: what they must see is what there was then."""
    connections = [psycopg2.connect(dsn) for _ in range(2)]
    for connection, isolation in zip(connections, ["repeatable read", "serializable"], strict=True):
        connection.set_session(isolation_level=isolation)
        connection.cursor().execute("select 1 from ops.run limit 1")  # takes the snapshot

    def check(expected: str) -> None:
        for connection in connections:
            cursor = connection.cursor()
            cursor.execute(LOOK)
            assert cursor.fetchall() == [(expected,)]

    try:
        yield check
    finally:
        for connection in connections:
            connection.close()
