"""The lake's tables: Apache Iceberg, with a catalogue in Postgres. Import it where it is needed: that takes a second.

Our engines write the rows, pyiceberg the metadata. The catalogue says what is current: it changes in the transaction of
the connection that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, ValidationException
from pyiceberg.expressions import BooleanExpression, parser
from pyiceberg.io.pyarrow import PyArrowFileIO, parquet_file_to_data_file, schema_to_pyarrow
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table import Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Snapshot
from pyiceberg.table.update.snapshot import _ManifestMergeManager, _OverwriteFiles
from pyiceberg.transforms import MonthTransform
from pyiceberg.types import ListType
from sqlalchemy import create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from etl.core.errors import ConfigError, LakeUnavailableError
from etl.core.intervals import DataInterval
from etl.core.tables import Column, Dataset
from etl.lake import layout, parquet
from etl.lake.layout import Stored
from etl.lake.store import Lake
from etl.sql.days import within

CATALOGUE = "lake"  # as other readers have to call it, too
SCHEMA = "iceberg"
MOST_MANIFESTS = 16  # which say what files a snapshot has; more become one,
MANIFEST_BYTES = 8 * 2**20  # or several of that size
PROPERTIES = {
    "format-version": "2",
    # No delete files: whoever reads the files of the current snapshot reads its rows.
    **{f"write.{what}.mode": "copy-on-write" for what in ("delete", "update", "merge")},
}


class Tables:
    """The tables of a lake, as the catalogue has them that is behind a connection of psycopg2's."""

    def __init__(self, lake: Lake, connection: Any) -> None:
        self._lake = lake
        self._catalogue = _Catalogue(lake, connection)

    def names(self) -> list[str]:
        """All tables, such as `silver.sensor_readings`."""
        with _errors(self._lake):
            listed = chain(*(self._catalogue.list_tables(namespace) for namespace in ("silver", "gold")))
            return sorted(".".join(name) for name in listed)

    def find(self, name: str, dataset: Dataset | None = None) -> Table | None:
        """The table of that name, if there is one, with the columns declared, or else with its own."""
        with _errors(self._lake):
            try:
                found = self._catalogue.load_table(name)
            except NoSuchTableError:
                return None
            except FileNotFoundError as error:
                raise ConfigError(
                    f"The catalogue says where the metadata of {name} is, but it is not there: {error}.",
                    hint="Set ETL_LAKE__URL to the lake that this warehouse knows, or run `etl lake repair`.",
                ) from error
        return Table(self._lake, found, name, dataset or _as_it_is(found, name))

    def require(self, name: str, dataset: Dataset, *, by_month: bool = True) -> Table:
        """The table with exactly the columns declared, made if there is none; to be called in a transaction.

        A new one whose rows have a day is cut into months, unless told otherwise.
        """
        found = self.find(name, dataset)
        with _errors(self._lake):
            if found is None:
                location = self._lake.location(layout.table(name))
                made = self._catalogue.create_table(name, _documented(dataset.columns), location, properties=PROPERTIES)
                if dataset.day and by_month:
                    with made.update_spec() as spec:
                        spec.add_field(dataset.day, MonthTransform(), f"{dataset.day}_month")
                return Table(self._lake, made, name, dataset)
            found.declare()
            return found

    def register(self, name: str, metadata: str) -> None:
        """Have the catalogue say that the table's metadata is in that file of the lake, whatever it said before."""
        with _errors(self._lake):
            self.forget(name)
            self._catalogue.register_table(name, self._lake.location(metadata))

    def forget(self, name: str) -> None:
        """Have the catalogue know nothing of the table; its files stay."""
        with _errors(self._lake), suppress(NoSuchTableError):
            self._catalogue.drop_table(name)


class Table:
    """One table: its current snapshot, and how it gets the next one."""

    def __init__(self, lake: Lake, table: IcebergTable, name: str, dataset: Dataset) -> None:
        self._lake = lake
        self._table = table
        self._declared = dataset
        self.name = name

    @property
    def dataset(self) -> Dataset:
        """As declared, each column with its number in the table."""
        return replace(self._declared, columns=tuple(map(self._numbered, self._declared.columns)))

    @property
    def metadata(self) -> TableMetadata:
        """What is current, with its schemas and snapshots."""
        return self._table.metadata

    @property
    def metadata_location(self) -> str:
        """The file in which that is, as other engines name it."""
        return self._table.metadata_location

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self._summary.get("total-records", 0))

    @property
    def about(self) -> dict[str, str]:
        """What the current snapshot says of the run whose rows it has."""
        return {name: value for name, value in self._summary.items() if name.startswith("etl.")}

    def stored(self, days: Sequence[DataInterval] = ()) -> list[Stored]:
        """The files of the current snapshot, or those that may have rows of these days; empty if there are none.

        Raises: ConfigError if rows in them have been deleted by delete files, which we do not read.
        """
        files = self._files(tuple(days))
        return [Stored(self.dataset, tuple(sorted(files)))] if files else []

    def small_files(self, smaller_than: int) -> list[str]:
        """Files of fewer bytes than that, where there are several in one month, or in a table without months."""
        small: dict[str, list[str]] = {}
        for path, file in self._files(()).items():
            if file.file_size_in_bytes < smaller_than:
                small.setdefault(str(file.partition), []).append(path)
        return sorted(chain(*(paths for paths in small.values() if len(paths) > 1)))

    def sizes(self) -> dict[str, int]:
        """The files of the current snapshot, with their bytes."""
        return {path: file.file_size_in_bytes for path, file in self._files(()).items()}

    @property
    def snapshots(self) -> list[Snapshot]:
        """Those that can be read, the oldest first; the last one is current."""
        return sorted(self._table.metadata.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)

    @property
    def named(self) -> set[int]:
        """The snapshots that branches and tags name; `main` names the current one."""
        return {ref.snapshot_id for ref in self._table.metadata.refs.values()}

    @property
    def history(self) -> list[tuple[str, datetime]]:
        """The metadata files, each with the time until which it was current; the last one is."""
        metadata = self._table.metadata
        log = [(entry.metadata_file, entry.timestamp_ms) for entry in metadata.metadata_log]
        log.append((self._table.metadata_location, metadata.last_updated_ms))
        ends = [datetime.fromtimestamp(at / 1000, UTC) for _, at in log[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return [(self._path(file), end) for (file, _), end in zip(log, ends, strict=True)]

    def referred(self, snapshots: Iterable[Snapshot]) -> set[str]:
        """The files that these snapshots need."""
        manifests: dict[str, ManifestFile] = {}
        found = {self._path(snapshot.manifest_list) for snapshot in snapshots}
        for snapshot in snapshots:
            manifests |= {manifest.manifest_path: manifest for manifest in snapshot.manifests(self._table.io)}
        for path, manifest in manifests.items():
            found.add(self._path(path))
            found |= {self._path(e.data_file.file_path) for e in manifest.fetch_manifest_entry(self._table.io)}
        return found

    def expire(self, snapshots: Iterable[int]) -> None:
        """Forget these snapshots; their files stay."""
        with _errors(self._lake):
            self._table.maintenance.expire_snapshots().by_ids(list(snapshots)).commit()

    def replace(self, removed: Iterable[str], added: Iterable[str], about: Mapping[str, str]) -> None:
        """Make one snapshot without these files and with those; seen once the transaction is committed.

        A table has one even if it has no rows: older readers, such as Trino 406, fail on metadata that name none.
        """
        with _errors(self._lake):
            metadata = self._table.metadata
            new = [parquet_file_to_data_file(self._table.io, metadata, self._lake.location(path)) for path in added]
            old = self._held(removed)
            if not old and not any(file.record_count for file in new) and self._table.current_snapshot():
                return
            operation = Operation.OVERWRITE if self._table.current_snapshot() else Operation.APPEND
            with (
                _Transaction(self._table) as transaction,
                _Replacement(operation, transaction, self._table.io, snapshot_properties=dict(about)) as snapshot,
            ):
                for file in old:
                    snapshot.delete_data_file(file)
                for file in new:
                    if file.record_count:
                        snapshot.append_data_file(file)
        self._planned.clear()

    def declare(self) -> None:
        """Give the table the columns declared: new ones are null in what is there, and gone ones go."""
        has = {field.name for field in self._table.schema().fields}
        wants = {column.name for column in self._declared.columns}
        if has != wants:
            with self._table.update_schema(allow_incompatible_changes=True) as schema:
                for name in sorted(has - wants):
                    schema.delete_column(name)
                added = (column for column in self._declared.columns if column.name not in has)
                schema.union_by_name(_documented(replace(column, nullable=True) for column in added))

    @property
    def _summary(self) -> Mapping[str, str]:
        snapshot = self._table.current_snapshot()
        if snapshot is None or snapshot.summary is None:
            return {}
        return snapshot.summary.additional_properties

    @cached_property
    def _planned(self) -> dict[tuple[DataInterval, ...], dict[str, DataFile]]:
        return {}

    def _files(self, days: tuple[DataInterval, ...]) -> dict[str, DataFile]:
        """By path, the files of the current snapshot that may have rows of these days; planned once."""
        if days not in self._planned:
            with _errors(self._lake):
                self._planned[days] = self._plan(days)
        return self._planned[days]

    def _held(self, paths: Iterable[str]) -> list[DataFile]:
        """These files of the current snapshot; planning all of it costs more with every run, and is seldom needed."""
        planned = {path: file for files in self._planned.values() for path, file in files.items()}
        return [(planned if path in planned else self._files(()))[path] for path in paths]

    def _plan(self, days: tuple[DataInterval, ...]) -> dict[str, DataFile]:
        found = {}
        for task in self._table.scan(row_filter=_filter(within(self._declared.day, days))).plan_files():
            if task.delete_files:
                raise ConfigError(
                    f"{self.name} has delete files, which another engine must have written: it cannot be read here.",
                    hint="Rewrite its data files with that engine, in Spark "
                    f"`call {CATALOGUE}.system.rewrite_data_files(table => '{self.name}', "
                    "options => map('delete-file-threshold', '1'))`.",
                )
            found[self._path(task.file.file_path)] = task.file
        return found

    def _path(self, location: str) -> str:
        """Where a file is in the lake."""
        return location.removeprefix(self._lake.location(""))

    def _numbered(self, column: Column) -> Column:
        field = self._table.schema().find_field(column.name)
        kind = column.type
        if isinstance(kind, pa.ListType) and isinstance(field.field_type, ListType):
            about = {parquet.FIELD_ID: str(field.field_type.element_id)}
            kind = pa.list_(pa.field("element", kind.value_type, metadata=about))
        return replace(column, type=kind, field_id=field.field_id)


@lru_cache
def _filter(condition: str) -> BooleanExpression:
    """Parsing takes longer than planning, and the same few days are asked for again and again."""
    return parser.parse(condition)


class _Transaction(Transaction):
    """Until something changes, the metadata are the table's: pyiceberg copies all snapshots for whoever looks at them.

    See https://github.com/apache/iceberg-python/pull/3784.
    """

    @property
    def table_metadata(self) -> TableMetadata:
        return super().table_metadata if self._updates else self._table.metadata


class _Replacement(_OverwriteFiles):
    """An overwrite that keeps manifests few: pyiceberg's adds one or two for each run, and every run opens them all.

    See https://github.com/apache/iceberg-python/pull/3103.
    """

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        """Without those that only tell what earlier runs removed; many small ones become one."""
        merging = _ManifestMergeManager(MANIFEST_BYTES, MOST_MANIFESTS, merge_enabled=True, snapshot_producer=self)
        return merging.merge_manifests([*filter(self._is_needed, manifests)])

    def _is_needed(self, manifest: ManifestFile) -> bool:
        is_new = manifest.added_snapshot_id == self.snapshot_id
        return is_new or manifest.has_added_files() or manifest.has_existing_files()


class _Catalogue(SqlCatalog):
    """pyiceberg's catalogue in Postgres, in somebody else's transaction."""

    def __init__(self, lake: Lake, connection: Any) -> None:
        files: dict[str, Any] = {"py-io-impl": f"{__name__}.{_Files.__name__}", "lake": lake}
        super().__init__(CATALOGUE, uri="etl+joined://", warehouse=lake.location(layout.TABLES), **files)
        joined = create_engine("etl+joined://", creator=lambda: connection, poolclass=StaticPool)
        self.engine = joined.execution_options(schema_translate_map={None: SCHEMA})

    def _init_catalog(self) -> None:
        self._schema_version = "v1"  # which our migration made


class Joined(PGDialect_psycopg2):
    """Neither commits nor rolls back nor closes: the connection is somebody else's, and so is its transaction."""

    supports_statement_cache = True

    def do_commit(self, dbapi_connection: Any) -> None: ...

    def do_rollback(self, dbapi_connection: Any) -> None: ...

    def do_close(self, dbapi_connection: Any) -> None: ...


registry.register("etl.joined", __name__, Joined.__name__)


class _Files(PyArrowFileIO):
    """Files of the lake, with the options that its URL has."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        super().__init__(dict(properties))
        lake: Lake = properties["lake"]
        if not lake.is_local:
            self.fs_by_scheme = lambda _scheme, _bucket: lake.files


@contextmanager
def _errors(lake: Lake) -> Iterator[None]:
    """Errors of the lake as ours; those of Postgres as the driver's own, for whoever began the transaction."""
    try:
        with lake.errors():
            yield
    except DBAPIError as error:
        if error.orig is None:
            raise
        raise error.orig from error
    except (CommitFailedException, ValidationException) as error:
        raise LakeUnavailableError(
            f"Another process has changed the lake's tables meanwhile: {error}.", hint="Run the same command again."
        ) from error


def _documented(columns: Iterable[Column]) -> pa.Schema:
    """A schema that says what each column is about."""
    return pa.schema([pa.field(c.name, c.type, nullable=c.nullable, metadata={"doc": c.about}) for c in columns])


def _as_it_is(table: IcebergTable, name: str) -> Dataset:
    """The table as it says itself."""
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    columns = tuple(Column(field.name, field.type, "", field.nullable) for field in schema)
    return Dataset(name.partition(".")[2], "", (columns[0].name,), columns)
