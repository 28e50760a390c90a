"""Where things are in the lake: `<layer>/<endpoint or dataset>/p_creation_date=<day>/<run id>/…`.

Layers: `bronze` (as received), `parsed` (typed rows that SQL goes on with; gone when it has), `silver`, `gold` and
`quarantine` (refused records). `silver/_runs/<source>/<run id>.json` says what a run became.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from etl.core.ids import is_id, started_at
from etl.core.intervals import DataInterval
from etl.core.tables import Dataset

LAYERS = ("bronze", "parsed", "silver", "gold", "quarantine")
NOTES = "_runs"
PATH = re.compile(rf"({'|'.join(LAYERS)})/([^/]+)/p_creation_date=[^/]+/([^/]+)/(.+)")


@dataclass(frozen=True)
class Stored:
    """Rows of a dataset in Parquet files of the lake; `days`: only those of these days count."""

    dataset: Dataset
    files: tuple[str, ...]
    days: DataInterval | None = None


def creation_date(extraction_id: str) -> date:
    """The day in `p_creation_date=`."""
    return started_at(extraction_id).date()


def day(creation: date) -> str:
    """The folder of all runs that began on a day."""
    return f"p_creation_date={creation}"


def folder(layer: str, name: str, extraction_id: str) -> str:
    """Where a run's files of one endpoint or dataset are."""
    return f"{layer}/{name}/{day(creation_date(extraction_id))}/{extraction_id}"


def part(layer: str, name: str, extraction_id: str, number: int) -> str:
    """One Parquet file of a run's rows, numbered from 1."""
    return f"{folder(layer, name, extraction_id)}/part-{number:05}.parquet"


def refusals(endpoint: str, extraction_id: str, number: int) -> str:
    """The refused records beside the part of that number, one JSON object per line."""
    return f"{folder('quarantine', endpoint, extraction_id)}/part-{number:05}.jsonl"


def run(source: str, extraction_id: str) -> str:
    """What is said of a whole run."""
    return f"{runs(source)}/{extraction_id}.json"


def runs(source: str) -> str:
    """Where that is said of each run of a source."""
    return f"silver/{NOTES}/{source}"


@dataclass(frozen=True)
class Place:
    """What a path tells: `name` is the endpoint or dataset, `file` how a file is called within its run's folder."""

    layer: str
    name: str
    extraction_id: str
    file: str


def place(path: str) -> Place | None:
    """Where a file of a run is; None for any other file."""
    found = PATH.fullmatch(path)
    return Place(found[1], found[2], found[3], found[4]) if found and is_id(found[3]) else None
