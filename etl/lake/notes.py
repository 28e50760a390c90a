"""All notes of a source at the price of a few: those that were read before are kept together, in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any

from etl.core.errors import PlatformError
from etl.lake import layout
from etl.lake.store import Lake, StoredFile, map_concurrently

SETTLED = timedelta(minutes=1)  # a younger note may be written again without a difference in time or size
WORTH_WRITING = 100  # notes that were not in the file


def read_all(
    lake: Lake, source_name: str, listed: Iterable[StoredFile] | None = None, most: int | None = None
) -> dict[str, Any]:
    """By path, the newest first, the JSON of all notes or of the first `most`; of the files `listed`, if they were.

    A note that was written or deleted since counts as it is now: the file that keeps them together is only a copy.
    Raises: LakeUnavailableError for a damaged note.
    """
    files = lake.list_files(layout.notes(source_name)) if listed is None else listed
    about = (file for file in files if layout.extraction_of_note(source_name, file.path))
    files = sorted(about, key=attrgetter("path"), reverse=True)
    wanted = files[:most]
    kept = _kept(lake, source_name) if len(wanted) > WORTH_WRITING else {}
    known = {file.path: kept[file.path] for file in files if kept.get(file.path, {}).get("stamp") == _stamp(file)}
    missing = [file for file in wanted if file.path not in known]
    fresh = map_concurrently(partial(read, lake), (file.path for file in missing))
    known |= {file.path: {"stamp": _stamp(file), "note": note} for file, note in zip(missing, fresh, strict=True)}
    if len(missing) >= WORTH_WRITING:
        _keep(lake, source_name, known, files)
    return {file.path: known[file.path]["note"] for file in wanted}


def _stamp(file: StoredFile) -> list[Any]:
    """Differs once the note was written again."""
    return [file.written_at.isoformat(), file.bytes]


def read(lake: Lake, path: str) -> Any:
    """A note's JSON. Raises: LakeUnavailableError if it is damaged."""
    try:
        return json.loads(lake.read(path))
    except ValueError as error:
        raise lake.damaged(path) from error


def _kept(lake: Lake, source_name: str) -> dict[str, Any]:
    """What was kept; nothing, if that cannot be read."""
    with suppress(PlatformError, ValueError):
        kept = json.loads(lake.read(layout.kept_notes(source_name)))
        if isinstance(kept, dict):
            return kept
    return {}


def _keep(lake: Lake, source_name: str, notes: dict[str, Any], listed: list[StoredFile]) -> None:
    before = datetime.now(UTC) - SETTLED
    settled = {file.path: notes[file.path] for file in listed if file.path in notes and file.written_at < before}
    with suppress(PlatformError):  # whoever may only read the lake reads them one by one
        lake.write(layout.kept_notes(source_name), json.dumps(settled).encode())
