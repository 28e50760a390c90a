"""Pictures out of bronze, as a folder that mosaics are made of: the files, and an index that says whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from etl.lake import bronze
from etl.lake.store import Lake

INDEX = "index.json"


def export(lake: Lake, rows: Iterable[Mapping[str, Any]], folder: Path) -> int:
    """Write the files that `rows` name (those of sql/listings/reusable_pictures.sql), then the index; return how many.

    Files that are there already are not read again. The index is replaced last, so it never names a missing file.
    Raises: LakeUnavailableError, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for row in rows:
        file = folder / f"{row['sha256']}.image"
        if not file.exists():
            _replace(file, bronze.stored(lake, row["file"], row["sha256"]))
        entries.append(_entry(row, file.name))
    _replace(folder / INDEX, json.dumps(entries, indent=1, ensure_ascii=False).encode())
    return len(entries)


def _entry(row: Mapping[str, Any], file: str) -> dict[str, Any]:
    return {
        "file": file,
        "title": row["title"],
        "date": row["picture_date"].isoformat(),
        "credit": row["credit"],
        "link": row["page_url"],
        "is_reusable": True,
    }


def _replace(file: Path, content: bytes) -> None:
    """Whole or not at all, should this be interrupted."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)
