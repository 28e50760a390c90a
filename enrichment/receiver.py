"""Receives the pictures that mosaics are made of: `python -m enrichment.receiver FOLDER`.

A process beside the page: it writes into the folder that the page may only read, and who sends needs a key. Pictures
are named by the hash of their bytes, so that none is sent twice; the index comes last, and names only what is there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from enrichment.facts.decode import MOST_BYTES
from enrichment.mosaic.atlas import MAX_PICTURES
from enrichment.mosaic.folder import INDEX, Entry
from enrichment.service import observe, server, settings
from enrichment.service.keys import caller
from enrichment.service.settings import Settings
from enrichment.web import problems
from enrichment.web.bodies import Bodies, Draining
from enrichment.web.problems import Problem, ProblemDetails, documented

MOST_FOLDER_BYTES = 2_000_000_000
MOST_INDEX_BYTES = 32_000_000
SUFFIX = ".image"
NAME = re.compile(rf"[0-9a-f]{{64}}{re.escape(SUFFIX)}")


class Pictures(BaseModel):
    """The hashes of the pictures that are here, whether the index names them or not."""

    pictures: list[str]


class Kept(BaseModel):
    """A picture that has been received."""

    sha256: str


class Shown(BaseModel):
    """How many pictures mosaics are made of now."""

    pictures: int


class Index(BaseModel):
    """All pictures that mosaics are to be made of; others go."""

    pictures: Annotated[list[Entry], Field(max_length=MAX_PICTURES)]


index_of = TypeAdapter(Index)


@dataclass
class Place:
    """A folder with pictures and an index, and what may be in it."""

    settings: Settings
    folder: Path
    most_bytes: int
    bodies: Bodies = field(init=False)

    def __post_init__(self) -> None:
        self.bodies = Bodies(self.settings.held_bytes, self.settings.send_seconds)
        self._lock = threading.Lock()  # one change at a time
        self._bytes = self._measured()

    def held(self) -> list[str]:
        return sorted(file.stem for file in self._files())

    def keep(self, data: bytes) -> str:
        """Write a picture under the hash of its bytes. Raises: Problem 413."""
        name = hashlib.sha256(data).hexdigest()
        file = self.folder / f"{name}{SUFFIX}"
        with self._lock:
            if not file.exists():
                if self._bytes + len(data) > self.most_bytes:
                    hint = f"Pictures may take {self.most_bytes:,} bytes in all: send an index of fewer, then these."
                    raise Problem(413, "full", "There is no room for another picture.", hint=hint)
                _replace(file, data)
                self._bytes += len(data)
        return name

    def show(self, index: Index) -> int:
        """Replace the index, then remove what it does not name. Raises: Problem 422."""
        named = {entry.file for entry in index.pictures}
        with self._lock:
            here = {file.name for file in self._files()}
            if missing := sorted(named - here):
                hint = "Send it to /v1/pool/pictures first; its file is called by the SHA-256 of its bytes."
                raise Problem(422, "missing", f"There is no picture {missing[0][:100]}.", hint=hint)
            listed = TypeAdapter(list[Entry]).dump_json(index.pictures)
            if listed != self._listed():  # or else the page would read everything again
                _replace(self.folder / INDEX, listed)
            for name in here - named:
                (self.folder / name).unlink()
            self._bytes = self._measured()
        return len(named)

    def _measured(self) -> int:
        return sum(file.stat().st_size for file in self._files())

    def _files(self) -> list[Path]:
        return [file for file in self.folder.iterdir() if NAME.fullmatch(file.name)]

    def _listed(self) -> bytes:
        index = self.folder / INDEX
        return index.read_bytes() if index.exists() else b""


def place_of(request: Request) -> Place:
    """The folder of the app that answers."""
    place: Place = request.app.state.parts
    return place


ThePlace = Annotated[Place, Depends(place_of)]
router = APIRouter(dependencies=[Depends(caller)], responses=documented(401))


@router.get("/v1/pool")
def held(place: ThePlace) -> Pictures:
    """Say which pictures need not be sent."""
    return Pictures(pictures=place.held())


@router.post("/v1/pool/pictures", status_code=HTTPStatus.CREATED, responses=documented(408, 413, 429))
async def keep(request: Request, place: ThePlace) -> Kept:
    """The body is a picture, up to 20 MB. It is not looked at here: the page leaves out what it cannot read."""
    async with place.bodies.received(request, MOST_BYTES) as data:
        return Kept(sha256=await anyio.to_thread.run_sync(place.keep, data))


@router.post("/v1/pool", responses=documented(408, 413, 422, 429))
async def show(request: Request, place: ThePlace) -> Shown:
    """Make mosaics of these pictures from now on, and forget all others."""
    async with place.bodies.received(request, MOST_INDEX_BYTES) as body:
        try:
            index = index_of.validate_json(body)
        except ValidationError as error:
            raise problems.invalid(error.errors(include_url=False, include_context=False)) from error
        return Shown(pictures=await anyio.to_thread.run_sync(place.show, index))


def create_app(settings: Settings, folder: Path, most_bytes: int = MOST_FOLDER_BYTES) -> FastAPI:
    """An app that writes into a folder."""
    app = FastAPI(
        title="Pictures for mosaics",
        docs_url=None,  # its page loads scripts from other hosts
        redoc_url=None,
        responses={500: {"model": ProblemDetails, "description": "A bug."}},
    )
    app.state.parts = Place(settings, folder, most_bytes)
    app.include_router(router)
    problems.install(app)
    app.add_middleware(Draining)

    @app.get("/livez", include_in_schema=False)
    def livez() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _replace(file: Path, content: bytes) -> None:
    """Whole or not at all, should this be interrupted."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_bytes(content)
    partial.replace(file)


def main() -> int:
    """Receive until a signal ends it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m enrichment.receiver", description="Pictures for mosaics.")
    parser.add_argument("folder", type=Path, help="where the page finds them")
    folder = parser.parse_args().folder
    try:
        read = settings.load()
        folder.mkdir(parents=True, exist_ok=True)
    except settings.SettingsError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return os.EX_CONFIG
    except OSError as error:
        print(f"error: {folder}: {error.strerror}\nhint: Name a folder that can be written to.", file=sys.stderr)
        return os.EX_CONFIG
    observe.configure_logs(json=read.log_format == "json")
    server.serve(create_app(read, folder), read)
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
