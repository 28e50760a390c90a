"""Measures what one more day costs and writes docs/benchmarks-day.md: `python -m tests.bench.day [--years 1 4 10]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa

from etl.core.events import ignore
from etl.core.ids import new_id
from etl.core.intervals import DataInterval, month_of
from etl.destinations.postgres.publication import PostgresDestination
from etl.postgres import embedded
from etl.postgres.connection import Warehouse
from etl.postgres.copy import Encoded
from etl.state import migrations
from etl.state.ledger import Attempt
from tests.bench import day_page, peers, warehouse
from tests.bench.made_up import SENSORS, SOURCE, readings

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks-day.md"
TODAY = date(2026, 3, 21)
WINDOW_DAYS = 6
DEFAULTS = """
# Postgres' own defaults, whatever the embedded server's are
wal_level = replica
max_wal_senders = 10
shared_buffers = 128MB
maintenance_work_mem = 64MB
work_mem = 4MB
max_wal_size = 1GB
checkpoint_timeout = 5min
"""
KEYED = "public.keyed_readings"


@dataclass
class Ways:
    """What was measured at one size: by way, the seconds of each day; and ours in detail."""

    rows: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    steps: list[dict[str, float]] = field(default_factory=list)
    wal_mb: list[float] = field(default_factory=list)
    longest_read_ms: list[float] = field(default_factory=list)
    month_s: list[float] = field(default_factory=list)
    bloat: tuple[int, float, float] | None = None  # days lived, bytes per row before and after


def main(arguments: list[str]) -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.day", description=__doc__)
    parser.add_argument(
        "--months", type=int, nargs="+", default=[1, 12, 48, 120], help="history before each measurement"
    )
    parser.add_argument("--days", type=int, default=5, help="days published at each size (5)")
    parser.add_argument("--peer-months", type=int, default=48, help="the largest history that peers get, too (48)")
    parser.add_argument("--more-days", type=int, default=60, help="published at the last size, for the bloat (60)")
    parser.add_argument("--quick", action="store_true", help="a month, one day, printed: does it work at all?")
    chosen = parser.parse_args(arguments)
    if chosen.quick:
        chosen.months, chosen.days, chosen.more_days = [1], 1, 1
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, server(Path(folder) / "postgres") as dsn:
        for found in measure(dsn, Path(folder), sorted(chosen.months), chosen):
            page = day_page.render(found)
            if not chosen.quick:
                PAGE.write_text(page, encoding="utf-8")  # after each size: the next one may take half an hour
    if chosen.quick:
        print(page)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """A migrated warehouse on a server with Postgres' default settings."""
    with embedded.server(folder):
        pass
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(DEFAULTS)
    with embedded.server(folder) as dsn:
        with Warehouse(dsn) as owner:
            migrations.migrate(owner)
            owner.execute(f"create table {KEYED} (like silver.sensor_readings including all)")
        yield dsn


def measure(dsn: str, folder: Path, months: list[int], chosen: argparse.Namespace) -> Iterator[list[Ways]]:
    """For each size: fill in the missing months, the newest first, then publish days, all ways taking turns.

    Yields what is known so far, after each size, and once the last one has lived more days.
    """
    found: list[Ways] = []
    today, month = TODAY, month_of(TODAY)
    publish(dsn, DataInterval(month, today), 0)
    others = _peers(dsn, folder)
    for load in (keyed_upsert, *others.values()):
        load(dsn, DataInterval(month, today), 0)
    filled = 0
    for history in months:
        ways = Ways(0)
        while filled < history:
            days_of = DataInterval(month_of(month - timedelta(days=1)), month)
            begin = time.perf_counter()
            publish(dsn, days_of, 0)
            ways.month_s.append(time.perf_counter() - begin)
            _append(dsn, days_of)
            for name in others if history <= chosen.peer_months else ():
                _append_to_peer(dsn, name, days_of)
            month, filled = days_of.start, filled + 1
            _say(f"{history} months: {filled} filled, the last in {ways.month_s[-1]:.1f} s")
        _value(dsn, "vacuum analyze")  # as autovacuum has done after a while
        for number in range(1, chosen.days + 1):
            _one_day(dsn, _window(today), number, ways, others if history <= chosen.peer_months else {})
            today += timedelta(days=1)
        ways.rows = warehouse.count(dsn, "silver.sensor_readings")
        found.append(ways)
        yield found
    before = _bytes_per_row(dsn)
    for number in range(chosen.more_days):
        publish(dsn, _window(today), chosen.days + 1 + number)
        _value(dsn, "vacuum silver.sensor_readings")  # as autovacuum does between two days
        today += timedelta(days=1)
    found[-1].bloat = (chosen.more_days, before, _bytes_per_row(dsn))
    yield found


def _window(today: date) -> DataInterval:
    return DataInterval(today - timedelta(days=WINDOW_DAYS - 1), today + timedelta(days=1))


def _bytes_per_row(dsn: str) -> float:
    """Of the readings with their indexes."""
    parts = "select sum(pg_total_relation_size(relid)) from pg_partition_tree('silver.sensor_readings')"
    return float(_value(dsn, parts)) / warehouse.count(dsn, "silver.sensor_readings")


def _one_day(
    dsn: str, window: DataInterval, revision: int, ways: Ways, others: dict[str, Callable[..., float]]
) -> None:
    warehouse.checkpoint(dsn)
    before = _value(dsn, "select pg_current_wal_insert_lsn()")
    with reading(dsn) as longest:
        steps = publish(dsn, window, revision)
    ways.steps.append(steps)
    ways.seconds.setdefault("etl", []).append(sum(steps.values()))
    ways.wal_mb.append(float(_value(dsn, f"select (pg_current_wal_insert_lsn() - '{before}'::pg_lsn) / 1e6")))
    ways.longest_read_ms.append(longest[0] * 1000)
    for name, load in {"keyed upsert": keyed_upsert, **others}.items():
        warehouse.checkpoint(dsn)
        ways.seconds.setdefault(name, []).append(load(dsn, window, revision))
    _say(f"{window}: " + ", ".join(f"{name} {each[-1]:.1f} s" for name, each in ways.seconds.items()))


def publish(dsn: str, days: DataInterval, revision: int) -> dict[str, float]:
    """Stage, audit, publish with gold, and enter in the ledger; the seconds of each."""
    with Warehouse(dsn, role="etl_loader") as session:
        clock = [time.perf_counter()]
        attempt = Attempt(session, new_id(), SOURCE.name, days, "warehouse")
        attempt.start("bench")
        with PostgresDestination(session).open(SOURCE, None, [days], ignore, new_id()) as new:
            new.stage(lambda _: readings(days, revision), [days], ())
            clock.append(time.perf_counter())
            new.audit(accepts_loss=False)
            clock.append(time.perf_counter())
            outcomes = new.publish()
            clock.append(time.perf_counter())
            attempt.finish(status="published", origin="bench", extraction_id=None, outcomes=outcomes)
        clock.append(time.perf_counter())
    return dict(zip(("stage", "audit", "publish", "commit"), map(float.__sub__, clock[1:], clock[:-1]), strict=True))


def keyed_upsert(dsn: str, days: DataInterval, revision: int) -> float:
    """The limit: COPY into a temporary table, and `on conflict do update` of everything; no audits, gold or ledger."""
    columns = SOURCE.datasets[0].schema.names
    update = ", ".join(f"{name} = excluded.{name}" for name in columns)
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        begin = time.perf_counter()
        cursor.execute(f"create temporary table new (like {KEYED}) on commit drop")
        _copy(cursor, "new", days, revision)
        cursor.execute(
            f"insert into {KEYED} select * from new on conflict (sensor_id, reading_date) do update set {update}"
        )
        connection.commit()
        return time.perf_counter() - begin


def _append(dsn: str, days: DataInterval) -> None:
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        _copy(cursor, KEYED, days, 0)


def _append_to_peer(dsn: str, name: str, days: DataInterval) -> None:
    """History that the peer might have loaded itself, from the keyed table; its own loads of it would take hours."""
    columns = ", ".join(SOURCE.datasets[0].schema.names)
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            f"insert into {_schema(name)}.readings ({columns}) "
            f"select {columns} from {KEYED} where reading_date >= %s and reading_date < %s",
            (days.start, days.end),
        )


def _schema(name: str) -> str:
    return name.replace(" ", "_").replace("-", "_")


def _copy(cursor: Any, table: str, days: DataInterval, revision: int) -> None:
    schema = SOURCE.datasets[0].schema
    encoded = Encoded(schema, readings(days, revision))
    cursor.copy_expert(
        f"copy {table} ({', '.join(schema.names)}) from stdin with (format binary)", encoded, size=1 << 16
    )


def _peers(dsn: str, folder: Path) -> dict[str, Callable[..., float]]:
    """dlt's ways to merge, if it is installed."""
    if "dlt" in peers.missing():
        _say("not installed, so left out: dlt")
        return {}

    def loader(strategy: str) -> Callable[..., float]:
        pipeline = peers.dlt_pipeline(dsn, folder / "dlt", _schema(f"dlt {strategy}"))

        def load(_dsn: str, days: DataInterval, revision: int) -> float:
            table = pa.Table.from_batches(readings(days, revision))
            begin = time.perf_counter()
            pipeline.run(
                table,
                table_name="readings",
                write_disposition={"disposition": "merge", "strategy": strategy},
                primary_key=["sensor_id", "reading_date"],
                loader_file_format="parquet",
            ).raise_on_failed_jobs()
            return time.perf_counter() - begin

        return load

    return {f"dlt {strategy}": loader(strategy) for strategy in ("delete-insert", "upsert")}


@contextmanager
def reading(dsn: str) -> Iterator[list[float]]:
    """Somebody reads one sensor's month and an answer, again and again; yields the seconds of the longest read."""
    longest, ended = [0.0], threading.Event()
    of_month = f"sensor_id = '{SENSORS[777]}' and reading_date >= '{month_of(TODAY)}'"
    sensor = f"select count(*) from silver.sensor_readings where {of_month}"

    def read() -> None:
        with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not ended.is_set():
                for query in (sensor, "select * from gold.sensor_extremes"):
                    begin = time.perf_counter()
                    cursor.execute(query)
                    longest[0] = max(longest[0], time.perf_counter() - begin)
                time.sleep(0.005)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield longest
    finally:
        ended.set()
        reader.join()


def _value(dsn: str, query: str) -> Any:
    with Warehouse(dsn) as session:
        found = session.execute(query)
    return next(iter(found[0].values())) if found else None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
