"""Pictures out of bronze for mosaics, in a folder or sent to the page: files, and an index that says whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from etl.core.api import Answer
from etl.lake import bronze
from etl.lake.store import Lake

INDEX = "index.json"


class MosaicPage(Protocol):
    """What is needed of HTTP to send pictures; `etl.sources.http.client.HttpClient` is the real one."""

    def get(self, path: str) -> Answer: ...

    def post(self, path: str, document: Mapping[str, Any]) -> Answer: ...

    def post_bytes(self, path: str, body: bytes) -> Answer: ...


def export(lake: Lake, rows: Iterable[Mapping[str, Any]], folder: Path) -> int:
    """Write the files that `rows` name (those of sql/listings/reusable_pictures.sql), then the index; return how many.

    Files that are there already are not read again. The index is replaced last, so it never names a missing file.
    Raises: LakeUnavailableError, OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for row in rows:
        entries.append(_entry(row))
        file = folder / entries[-1]["file"]
        if not file.exists():
            _replace(file, bronze.stored(lake, row["file"], row["sha256"]))
    _replace(folder / INDEX, json.dumps(entries, indent=1, ensure_ascii=False).encode())
    return len(entries)


def send(lake: Lake, rows: Sequence[Mapping[str, Any]], page: MosaicPage) -> int:
    """Send the same to the page that makes mosaics (`enrichment.receiver`); return how many pictures it did not have.

    The index goes last: the page shows all of it or what it showed before.
    Raises: LakeUnavailableError, SourceUnavailableError, SourceContractError, AccessError.
    """
    held = set(page.get("/v1/pool").document["pictures"])
    new = [row for row in rows if row["sha256"] not in held]
    for row in new:
        page.post_bytes("/v1/pool/pictures", bronze.stored(lake, row["file"], row["sha256"]))
    page.post("/v1/pool", {"pictures": [_entry(row) for row in rows]})
    return len(new)


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "file": f"{row['sha256']}.image",
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
