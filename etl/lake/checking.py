"""Whether the lake holds what its catalogue says, and how the catalogue is put right if it does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from etl.core.errors import ConfigError
from etl.lake import layout
from etl.lake.store import Lake

if TYPE_CHECKING:
    from etl.lake.glue import Glue
    from etl.lake.tables import Tables

METADATA = re.compile(rf"{layout.TABLES}/(\w+)/(\w+)/metadata/(\d+)-.*\.metadata\.json")


@dataclass(frozen=True)
class Finding:
    """What is wrong with a table; `is_lost` if the catalogue does not lead to it."""

    table: str
    says: str
    is_lost: bool = False


@dataclass(frozen=True)
class Repair:
    """Which metadata the catalogue names now; None: there is none, and the table is forgotten."""

    table: str
    metadata: str | None


def check(lake: Lake, tables: Tables, glue: Glue | None = None) -> Iterator[Finding]:
    """Compare the catalogue with the files (metadata, data, their sizes) and, if Glue follows, with what it shows."""
    known = tables.names()
    for name in known:
        try:
            table = tables.find(name)
            held = {file.path: file.bytes for file in lake.list_files(layout.table(name))}
            wanted = table.sizes() if table else {}
        except ConfigError as error:
            yield Finding(name, error.message, is_lost=True)
            continue
        if table and glue and (shown := glue.shows(name)) != table.metadata_location:
            yield Finding(name, f"Glue leads to {shown or 'no such table'}, which is not what is published.")
        if missing := sorted(path for path in wanted if path not in held):
            yield Finding(name, f"{len(missing)} of {len(wanted)} files are missing, such as {missing[0]}.")
        if other := sorted(path for path in wanted if held.get(path, wanted[path]) != wanted[path]):
            yield Finding(name, f"{len(other)} of {len(wanted)} files have another size, such as {other[0]}.")
    for name in sorted(_metadata(lake).keys() - set(known)):
        yield Finding(name, "The lake holds this table, and the catalogue does not know it.", is_lost=True)


def repair(lake: Lake, tables: Tables, is_published: Callable[[str], bool]) -> Iterator[Repair]:
    """Have the catalogue name the newest metadata of each table that it does not lead to.

    The newest is that of the newest run which `is_published`, by its ID: a later one may never have been committed.
    """
    found = _metadata(lake)
    for finding in list(check(lake, tables)):
        if finding.is_lost:
            metadata = _newest(lake, found.get(finding.table, []), is_published)
            if metadata is None:
                tables.forget(finding.table)
            else:
                tables.register(finding.table, metadata)
            yield Repair(finding.table, metadata)


def _metadata(lake: Lake) -> dict[str, list[str]]:
    """By table, its metadata files, the newest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for path in lake.list(layout.TABLES):
        if named := METADATA.fullmatch(path):
            found.setdefault(f"{named[1]}.{named[2]}", []).append((int(named[3]), path))
    return {name: [path for _, path in sorted(files, reverse=True)] for name, files in found.items()}


def _newest(lake: Lake, files: list[str], is_published: Callable[[str], bool]) -> str | None:
    of_runs = (path for path in files if (run_id := _run_id(lake, path)) and is_published(run_id))
    return next(of_runs, files[0] if files else None)


def _run_id(lake: Lake, path: str) -> str | None:
    metadata = json.loads(lake.read(path))
    current = metadata.get("current-snapshot-id")
    summaries = {each["snapshot-id"]: each.get("summary", {}) for each in metadata.get("snapshots", [])}
    found: str | None = summaries.get(current, {}).get(layout.RUN_ID)
    return found
