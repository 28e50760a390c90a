"""The engine for a cluster: Spark's tasks parse the pages, Spark runs the SQL, our own code reads and writes files."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa
import sqlglot
from sqlglot import exp

from etl.core.tables import Dataset
from etl.engines import work as pages
from etl.engines.base import Selected, Tables
from etl.engines.dialects import steps, transpile, without_schema
from etl.engines.spark_session import errors_to_driver, our_errors, session
from etl.engines.work import Done, Work
from etl.lake import parquet
from etl.lake.layout import Stored
from etl.lake.parquet import rows_into, write_months
from etl.lake.store import Lake
from etl.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Batches: TypeAlias = Iterator[pa.RecordBatch]

TASK = pa.schema([pa.field("task", pa.binary())])
DONE = pa.schema([pa.field("done", pa.binary())])
WRITTEN = pa.schema([pa.field("file", pa.string())]).append(pa.field("rows", pa.int64()))
MOST_PARTITIONS = 200


@contextmanager
def engine(settings: Settings) -> Iterator[SparkEngine]:
    """The engine, on a Spark started for it. Raises: ConfigError if that is not possible."""
    with session(settings.spark) as started:
        yield SparkEngine(started)


class SparkEngine:
    """The driver sees which files there are, never the rows in them."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark

    def parse(self, tasks: Sequence[Work]) -> Iterator[Done]:
        given = self._frame(pa.table({"task": [pickle.dumps(work) for work in tasks]}, TASK))
        for row in _outcome(given, _parse, DONE):
            yield pickle.loads(row["done"])  # noqa: S301 - written by one of our tasks

    def select(
        self,
        lake: Lake,
        statement: str,
        tables: Tables,
        into: Dataset,
        path: Callable[[int], str],
        *,
        by_month: bool = False,
    ) -> Selected:
        day = into.day if by_month else None
        with our_errors(), ExitStack() as stack:
            self._expect(sum(1 if isinstance(table, pa.Table) else _count(table) for table in tables.values()))
            wanted = Wanted.by(statement)
            for name, table in tables.items():
                rows = self._frame(table) if isinstance(table, pa.Table) else self._stored(lake, table, wanted)
                stack.enter_context(_known(rows, without_schema(name), wanted.tables[name]))
            selected = stack.enter_context(selecting(self._spark, statement))
            if day is None:
                written = _outcome(selected, partial(_write, lake, into.schema, path), WRITTEN)
            else:
                write = partial(_write_months, lake, into.schema, path, day)
                written = _outcome(_by_month(selected, day), write, WRITTEN)
        if not written and day is None:
            with rows_into(lake, path(1), into.schema):
                written = [{"file": path(1), "rows": 0}]
        files = tuple(sorted(row["file"] for row in written))
        return Selected(sum(row["rows"] for row in written), files)

    def _expect(self, files: int) -> None:
        """Shuffle into more partitions the more there is to read; Spark merges those that turn out small."""
        cores = self._spark.sparkContext.defaultParallelism
        partitions = min(MOST_PARTITIONS, max(2 * cores, files))
        self._spark.conf.set("spark.sql.shuffle.partitions", str(partitions))

    def _stored(self, lake: Lake, table: Sequence[Stored], wanted: Wanted) -> DataFrame:
        """The rows of all files, each read by a task of its own."""
        dataset = wanted.of(table[0].dataset)
        shares = [pickle.dumps(Stored(dataset, (file,), stored.days)) for stored in table for file in stored.files]
        return self._frame(pa.table({"task": shares}, TASK)).mapInArrow(partial(_read, lake), _in_spark(dataset.schema))

    def _frame(self, table: pa.Table) -> DataFrame:
        return self._spark.createDataFrame(table)


@dataclass(frozen=True)
class Wanted:
    """What a statement refers to: tables and how often, columns of any table (None: all of them)."""

    tables: Counter[str]
    columns: frozenset[str] | None

    @classmethod
    def by(cls, statement: str) -> Wanted:
        parsed = sqlglot.parse_one(statement, read="postgres")
        wants_all = any(not isinstance(star.parent, exp.Count) for star in parsed.find_all(exp.Star))
        columns = frozenset(column.name for column in parsed.find_all(exp.Column))
        return cls(
            Counter(f"{table.db}.{table.name}" for table in parsed.find_all(exp.Table)), None if wants_all else columns
        )

    def of(self, dataset: Dataset) -> Dataset:
        """The dataset with only the columns wanted, but at least one, so that rows can be counted."""
        if self.columns is None:
            return dataset
        columns = [column for column in dataset.columns if column.name in {*self.columns, dataset.day}]
        return replace(dataset, columns=tuple(columns or dataset.columns[:1]))


@contextmanager
def selecting(spark: SparkSession, statement: str) -> Iterator[DataFrame]:
    """The rows of a statement, step by step: on its own, Spark would recompute a step at each reference to it."""
    made, last = steps(statement)
    with ExitStack() as stack:
        for step in made:
            rows = spark.sql(transpile(step.text, "spark", without_schema))
            stack.enter_context(_known(rows, step.name, step.references))
        yield spark.sql(transpile(last, "spark", without_schema))


@contextmanager
def _known(rows: DataFrame, name: str, references: int) -> Iterator[None]:
    """Rows under a name; if it is referred to more than once, they are kept on the executors' disks."""
    from pyspark import StorageLevel

    if references > 1:
        rows.persist(StorageLevel.DISK_ONLY)
    rows.createOrReplaceTempView(name)
    try:
        yield
    finally:
        if references > 1:
            rows.unpersist()


def _by_month(rows: DataFrame, day: str) -> DataFrame:
    """Each month in one partition, in the order of its days."""
    from pyspark.sql import functions

    return rows.repartition(functions.date_trunc("month", day)).sortWithinPartitions(day)


def _count(table: Sequence[Stored]) -> int:
    return sum(len(stored.files) for stored in table)


def _outcome(given: DataFrame, task: Callable[[Batches], Batches], schema: pa.Schema) -> list[dict[str, Any]]:
    """What the tasks report, one row or none each."""
    with our_errors():
        rows: list[dict[str, Any]] = given.mapInArrow(task, _in_spark(schema)).toArrow().to_pylist()
    return rows


def _in_spark(schema: pa.Schema) -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)


# The rest runs in tasks. A task that is repeated writes the same files again.


def _parse(tasks: Batches) -> Batches:
    with errors_to_driver():
        for work in _given(tasks):
            yield pa.RecordBatch.from_pylist([{"done": pickle.dumps(pages.parse(work))}], DONE)


def _read(lake: Lake, tasks: Batches) -> Batches:
    with errors_to_driver():
        for stored in _given(tasks):
            yield from parquet.rows_of(lake, stored)


def _given(tasks: Batches) -> Iterator[Any]:
    for batch in tasks:
        for row in batch.to_pylist():
            yield pickle.loads(row["task"])  # noqa: S301 - written by our driver


def _write(lake: Lake, schema: pa.Schema, path: Callable[[int], str], batches: Batches) -> Batches:
    """The rows of this task's partition into a file, if there are any."""
    from pyspark import TaskContext

    full = (batch for batch in batches if batch.num_rows)
    first = next(full, None)
    if first is None:
        return
    task = TaskContext.get()
    file = path(task.partitionId() + 1 if task else 1)
    with errors_to_driver():
        with rows_into(lake, file, schema) as rows:
            for batch in chain([first], full):
                rows.write(batch.cast(schema))
        yield pa.RecordBatch.from_pylist([{"file": file, "rows": rows.rows}], WRITTEN)


def _write_months(lake: Lake, schema: pa.Schema, path: Callable[[int], str], day: str, batches: Batches) -> Batches:
    """The rows of this task's partition, a file for each month."""
    with errors_to_driver():
        for file, rows in write_months(lake, path, schema, day, batches):
            yield pa.RecordBatch.from_pylist([{"file": file, "rows": rows}], WRITTEN)
