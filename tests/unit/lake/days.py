"""A source that is read by days, small enough to write its runs by hand."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from etl.core.api import Api, Client
from etl.core.ids import new_id
from etl.core.intervals import DataInterval
from etl.core.pages import Page, PageContext, Parsed
from etl.core.source import Endpoint, Source
from etl.core.tables import Column, Dataset
from etl.engines import local as local_engine
from etl.lake import bronze, layout, parquet, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake

FIRST = date(2024, 1, 1)
NOTHING = "nothing"  # a value that is not known
NOW = datetime.now(UTC)
READINGS = Dataset(
    "readings",
    grain="one row per day",
    key=("day",),
    day="day",
    columns=(
        Column("day", pa.date32(), "The day.", nullable=False),
        Column("value", pa.string(), "Who read it."),
        Column("read_at", pa.timestamp("us", tz="UTC"), "When."),
    ),
)


def pages_of(_client: Client, _interval: DataInterval | None, _first: int) -> Iterator[Page]:
    yield Page(1, "http://readings", 200, b"[]", 3, NOW, is_last=True)


def parse(_body: bytes, _context: PageContext) -> Parsed:
    return Parsed({}, 0)


SOURCE = Source(
    name="days",
    about="Readings by day.",
    api=Api("days", "http://readings", probe=lambda _client: "well"),
    origin="http://readings",
    endpoints=(Endpoint("days", (), pages_of, parse, knows_intervals=True),),
    silver=(READINGS,),
    gold=(Dataset("sums", "one row", ("day",), READINGS.columns),),
    interval=lambda _next, _today: days(0, 1),
)


def days(first: int, end: int) -> DataInterval:
    """Days counted from the first of 2024."""
    return DataInterval(FIRST + timedelta(first), FIRST + timedelta(end))


def id_of(days_ago: float) -> str:
    return new_id(NOW - timedelta(days_ago))


def extracted(lake: Lake, extraction_id: str, interval: DataInterval | None, source: Source = SOURCE) -> str:
    """A run whose bronze is there."""
    for endpoint in source.endpoints:
        with bronze.writer(lake, endpoint, extraction_id, source.origin, interval) as writer:
            for page in pages_of(None, None, 1):  # type: ignore[arg-type]
                writer.keep(page)
    return extraction_id


def transformed(
    lake: Lake, extraction_id: str, interval: DataInterval, origin: str = SOURCE.origin, value: str | None = None
) -> Transformed:
    """A run whose silver is there, too: a row for each day, and one for the day after, which does not count."""
    extracted(lake, extraction_id, interval)
    file = layout.part("silver", "readings", extraction_id, 1)
    rows = [
        {
            "day": interval.start + timedelta(n),
            "value": None if value == NOTHING else value or extraction_id,
            "read_at": NOW,
        }
        for n in range((interval.end - interval.start).days + 1)
    ]
    with parquet.rows_into(lake, file, READINGS.schema) as into:
        into.write(pa.RecordBatch.from_pylist(rows, READINGS.schema))
    refusals = layout.refusals("days", extraction_id, 1)
    lake.write(refusals, b"")
    told = (interval.start.isoformat(), interval.end.isoformat())
    note = Transformed(
        extraction_id, SOURCE.name, origin, told, 3, 0, {"readings": len(rows)}, {"readings": [file]}, [refusals]
    )
    silver.write(lake, note)
    return note


def gold(lake: Lake, extraction_id: str) -> None:
    lake.write(layout.part("gold", "sums", extraction_id, 1), b"gold")


def content(lake: Lake) -> list[tuple[date, str]]:
    """What readers of silver see."""
    with local_engine.session() as connection:
        local_engine.register(connection, lake, silver.state(lake, SOURCE))
        rows = local_engine.rows(connection, "select day, value from silver.readings order by day, value")
    return [(row["day"], row["value"]) for row in rows]


def read_by(*stretches: tuple[int, int, str]) -> list[tuple[date, str]]:
    """The content in which each stretch of days has the rows of one run."""
    return [(FIRST + timedelta(day), value) for first, end, value in stretches for day in range(first, end)]


def newest(runs: Mapping[str, DataInterval]) -> list[tuple[date, str]]:
    """The content if each day has the row of the newest run about it, told day by day."""
    found: dict[date, str] = {}
    for extraction_id, interval in sorted(runs.items()):
        found |= {interval.start + timedelta(n): extraction_id for n in range((interval.end - interval.start).days)}
    return sorted(found.items())
