"""A folder of pictures with an index as the pool."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from enrichment.mosaic.errors import PoolError
from enrichment.mosaic.pool import Picture, state_of

INDEX = "index.json"
EXAMPLE = '[{"file": "m1.jpg", "title": "Crab Nebula", "credit": "NASA, ESA", "is_reusable": true}]'


class Entry(BaseModel):
    """A line of the index."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    file: str = Field(min_length=1)
    title: str = Field(min_length=1, max_length=500)
    date: str = Field(default="", max_length=40)
    credit: str = Field(default="", max_length=1000)
    link: str = Field(default="", max_length=2000)
    is_reusable: bool = Field(default=False, strict=True)

    @field_validator("link")
    @classmethod
    def only_to_the_web(cls, link: str) -> str:
        """A page shows this link: `javascript:` has no place in it."""
        if link and urlsplit(link).scheme not in ("http", "https"):
            raise ValueError("is not a link to a page on the web")
        return link


class Folder:
    """The pictures that the index of a folder lists."""

    def __init__(self, place: Path) -> None:
        self._place = place.resolve()
        entries = _entries(place)
        files = [self._file(entry) for entry in entries]
        self._state = state_of(*(f"{entry!r} {version_of(file)}" for entry, file in zip(entries, files, strict=True)))
        self._pictures = [_picture(entry, file) for entry, file in zip(entries, files, strict=True)]

    @property
    def state(self) -> str:
        return self._state

    @property
    def pictures(self) -> Sequence[Picture]:
        return self._pictures

    def _file(self, entry: Entry) -> Path:
        file = (self._place / entry.file).resolve()
        if not file.is_relative_to(self._place):
            raise PoolError(f"{self._place / INDEX} names a file outside its folder: {entry.file}", hint="Remove it.")
        return file


def _entries(place: Path) -> list[Entry]:
    index = place / INDEX
    try:
        return TypeAdapter(list[Entry]).validate_json(index.read_bytes())
    except OSError as error:
        raise PoolError(f"{index}: {error.strerror}", hint=f"List the pictures in it: {EXAMPLE}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise PoolError(
            f"{index} is not a list of pictures: {where and where + ': '}{first['msg']}",
            hint=f"An entry looks like this: {EXAMPLE}",
        ) from None


def _picture(entry: Entry, file: Path) -> Picture:
    said = entry.model_dump(exclude={"file"})
    return Picture(read=partial(_read, file), **said)


def _read(file: Path, _side: int) -> bytes:
    return file.read_bytes()


def version_of(file: Path) -> str:
    """What changes with the file, without reading it."""
    try:
        status = file.stat()
    except OSError:
        return "missing"
    return json.dumps([status.st_size, status.st_mtime_ns])
