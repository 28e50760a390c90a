"""Where things are in the lake: `<layer>/<endpoint or dataset>/p_creation_date=<day>/<extraction id>/…`.

Layers: `bronze` (as received), `parsed` (typed rows for SQL to work on; deleted afterwards), `silver`, `gold` and
`quarantine` (rejected records). `silver/_runs/<source>/<extraction id>.json`, the note, says what an extraction became;
`silver/_runs/<source>.json` is a copy of many notes.

Beside the layers is what is published: `tables/<silver or gold>/<table>/data/` and `metadata/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from etl.core.ids import is_id, started_at
from etl.core.intervals import DataInterval
from etl.core.tables import Dataset

LAYERS = ("bronze", "parsed", "silver", "gold", "quarantine")
NOTES = "_runs"
TABLES = "tables"
RUN_ID, EXTRACTION_ID = "etl.run-id", "etl.extraction-id"  # in the summary of a table's snapshot
PATH = re.compile(rf"({'|'.join(LAYERS)})/([^/]+)/p_creation_date=[^/]+/([^/]+)/(.+)")


@dataclass(frozen=True)
class Stored:
    """Rows of a dataset in Parquet files of the lake; if `days` is given, only those of these days count."""

    dataset: Dataset
    files: tuple[str, ...]
    days: DataInterval | None = None


def creation_date(extraction_id: str) -> date:
    """The day in `p_creation_date=`."""
    return started_at(extraction_id).date()


def day(creation: date) -> str:
    """The folder of all extractions that began on a day."""
    return f"p_creation_date={creation}"


def folder(layer: str, name: str, extraction_id: str) -> str:
    """The folder of an extraction's files of one endpoint or dataset."""
    return f"{layer}/{name}/{day(creation_date(extraction_id))}/{extraction_id}"


def part(layer: str, name: str, extraction_id: str, number: int) -> str:
    """One Parquet file of an extraction's rows, numbered from 1."""
    return f"{folder(layer, name, extraction_id)}/part-{number:05}.parquet"


def refusals(endpoint: str, extraction_id: str, number: int) -> str:
    """The rejected records that belong to the part of that number, one JSON object per line."""
    return f"{folder('quarantine', endpoint, extraction_id)}/part-{number:05}.jsonl"


def note(source: str, extraction_id: str) -> str:
    """The note about an extraction."""
    return f"{notes(source)}/{extraction_id}.json"


def notes(source: str) -> str:
    """The folder of all notes of a source."""
    return f"silver/{NOTES}/{source}"


def extraction_of_note(source: str, path: str) -> str | None:
    """The extraction that a note is about; None if the file is not a note of this source."""
    folder = f"{notes(source)}/"
    if not path.startswith(folder):
        return None
    extraction_id = path.removeprefix(folder).removesuffix(".json")
    return extraction_id if is_id(extraction_id) else None


def kept_notes(source: str) -> str:
    """The file in which many notes of a source are kept together."""
    return f"silver/{NOTES}/{source}.json"


def table(name: str) -> str:
    """The folder of a table such as `silver.sensor_readings`."""
    return f"{TABLES}/{name.replace('.', '/')}"


def table_part(name: str, run_id: str, number: int) -> str:
    """One file of a table's rows: the month, such as 202405, or a number from 1, of those that a run has written."""
    return f"{table(name)}/data/{run_id}-{number:06}.parquet"


class Place(NamedTuple):
    """The parts of a path: `name` is the endpoint or dataset, `file` the path within the extraction's folder."""

    layer: str
    name: str
    extraction_id: str
    file: str


def place(path: str) -> Place | None:
    """Parse the path of an extraction's file; None for any other file."""
    found = PATH.fullmatch(path)
    return Place(*found.groups()) if found and is_id(found[3]) else None
