"""The page and what it asks for, over HTTP. Pictures come in as bytes, are kept in memory and forgotten after minutes.

Nothing is fetched from anywhere, nothing is written to a disk, and no answer may be stored by who receives it.
"""

from collections.abc import Iterator
from http import HTTPStatus
from importlib.resources import files
from typing import Annotated, Any, Literal

import anyio.to_thread
import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel

from enrichment.facts.decode import FORMATS, decode
from enrichment.facts.errors import PictureError
from enrichment.mosaic import downloads, scenes
from enrichment.mosaic.compose import Mosaic
from enrichment.mosaic.errors import UnknownError
from enrichment.mosaic.gate import Gate
from enrichment.mosaic.studio import KEPT_S, MAX_LONGER, Studio, Studios, Wanted
from enrichment.mosaic.zoom import FLAT_BELOW, jpeg
from enrichment.web.bodies import Bodies
from enrichment.web.problems import Problem, documented

PICTURE_SIDE = 1024
MAX_BYTES = 10_000_000
HELD_BYTES, SEND_SECONDS = 8 * MAX_BYTES, 30.0  # of pictures that are received or wait to be decoded
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "txt": "text/plain", "svg": "image/svg+xml"}
PAGE = {
    file.name: file.read_bytes()
    for file in files("enrichment.mosaic").joinpath("page").iterdir()
    if file.name.rpartition(".")[2] in TYPES
}

_drawing = Gate(at_once=2, waiting=200)
_writing = Gate(at_once=1, waiting=200)


class Jpeg(Response):
    """A picture."""

    media_type = "image/jpeg"


class BuiltIn(BaseModel):
    """A picture that one can make a mosaic of without sending any."""

    id: str
    title: str


class About(BaseModel):
    """What mosaics are made of here."""

    pictures: int
    state: str
    built_in: list[BuiltIn]


class Sent(BaseModel):
    """A picture that has been received."""

    id: str
    seconds_kept: int


class Facts(BaseModel):
    """A mosaic in numbers. The radius is smaller than asked for if pictures are too few; ΔE76 is of ninths of cells."""

    columns: int
    rows: int
    radius: int
    pictures: int
    pictures_used: int
    uses_at_most: int
    delta_e: float


class Cell(BaseModel):
    """The picture in a cell, and what has to be said with it."""

    row: int
    column: int
    title: str
    date: str
    credit: str
    link: str
    uses: int


def wanted(
    longer: Annotated[int, Query(ge=8, le=MAX_LONGER, description="Cells along the longer side.")] = 80,
    radius: Annotated[int, Query(ge=0, le=8, description="Cells within which no picture is repeated.")] = 3,
    shift: Annotated[int, Query(ge=0, le=100, description="How far colours are shifted, in percent.")] = 80,
) -> Wanted:
    """Return what the query asks for."""
    return Wanted(longer, radius, shift / 100)


AsWanted = Annotated[Wanted, Depends(wanted)]


def the_studio(request: Request) -> Studio:
    """Return the studio of the app that answers."""
    studios: Studios = request.app.state.studios
    return studios.current()


BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {f"image/{kind.lower()}": {} for kind in FORMATS}}}
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {} for kind in ("image/png", "image/jpeg", "application/zip", "text/plain")}}
}
Name = Annotated[str, Path(max_length=64, examples=["galaxy"], description="Of a picture that was sent, or built in.")]
TheStudio = Annotated[Studio, Depends(the_studio)]
router = APIRouter(responses=documented(404, 422, 429, 503))


@router.get("/mosaic", include_in_schema=False)
def to_page() -> Response:
    """The page's other name."""
    return RedirectResponse("mosaic/")


@router.get("/mosaic/", include_in_schema=False)
def page() -> Response:
    """The page."""
    return _file("mosaic.html")


@router.get("/mosaic/{name}", include_in_schema=False)
def part_of_page(name: str) -> Response:
    """What the page loads."""
    return _file(name)


def _file(name: str) -> Response:
    if name not in PAGE:
        raise UnknownError("There is no such file.", hint="Open /mosaic/.")
    return Response(PAGE[name], media_type=TYPES[name.rsplit(".", 1)[1]])


@router.get("/v1/mosaics")
def about(studio: TheStudio) -> About:
    """Say what mosaics are made of, and which pictures are there to begin with."""
    built_in = [BuiltIn(id=name, title=scene.title) for name, scene in scenes.ALL.items()]
    return About(pictures=len(studio.atlas), state=studio.atlas.state, built_in=built_in)


@router.post("/v1/mosaics", status_code=HTTPStatus.CREATED, responses=documented(408, 413, 415), openapi_extra=BODY)
async def send(request: Request, studio: TheStudio) -> Sent:
    """Send a picture: image/*, at most 10 MB. It is forgotten after ten minutes."""
    bodies: Bodies = request.app.state.bodies
    if not request.headers.get("content-type", "").startswith("image/"):
        hint = "Send its bytes as they are, as image/jpeg or alike."
        raise Problem(415, "media-type", "The body is not a picture.", hint=hint)
    async with bodies.received(request, MAX_BYTES) as data:
        name = await anyio.to_thread.run_sync(studio.add, data)
    return Sent(id=name, seconds_kept=int(KEPT_S))


@router.delete("/v1/mosaics/{name}", status_code=HTTPStatus.NO_CONTENT)
def forget(name: Name, studio: TheStudio) -> None:
    """Forget a picture now."""
    studio.forget(name)


@router.get("/v1/mosaics/{name}/picture.jpg", response_class=Jpeg)
def picture(name: Name, studio: TheStudio) -> Response:
    """Return what is kept of a picture."""
    return Jpeg(jpeg(studio.picture(name), keep_colours=True))


@router.get("/v1/mosaics/{name}")
def facts(name: Name, options: AsWanted, studio: TheStudio) -> Facts:
    """Make the mosaic, unless it has been made, and say what it is like. With few cells, this is a preview."""
    mosaic = studio.mosaic(name, options)
    uses = np.bincount(mosaic.match.numbers.reshape(-1))
    return Facts(
        columns=mosaic.columns,
        rows=mosaic.rows,
        radius=mosaic.match.grid.radius,
        pictures=len(mosaic.atlas),
        pictures_used=int(np.count_nonzero(uses)),
        uses_at_most=int(uses.max()),
        delta_e=round(mosaic.unlike(), 1),
    )


@router.get("/v1/mosaics/{name}/tiles/{side}/{x}_{y}.jpg", response_class=Jpeg)
def tile(name: Name, side: int, x: int, y: int, options: AsWanted, studio: TheStudio) -> Response:
    """Return a piece of 512 pixels of the mosaic with cells of this side, a power of two."""
    mosaic = studio.mosaic(name, options)
    with _drawing.entered():
        piece = studio.zoom.piece(mosaic, side, x, y)
        return Jpeg(jpeg(piece, keep_colours=side < FLAT_BELOW))


@router.get("/v1/mosaics/{name}/cells/{row}/{column}")
def cell(name: Name, row: int, column: int, options: AsWanted, studio: TheStudio) -> Cell:
    """Say what the picture in a cell is."""
    mosaic = studio.mosaic(name, options)
    number = _number(mosaic, row, column)
    shown = mosaic.atlas.pictures[number]
    return Cell(
        row=row,
        column=column,
        title=shown.title,
        date=shown.date,
        credit=shown.credit,
        link=shown.link,
        uses=int(np.count_nonzero(mosaic.match.numbers == number)),
    )


@router.get("/v1/mosaics/{name}/cells/{row}/{column}/picture.jpg", response_class=Jpeg)
def picture_of_cell(name: Name, row: int, column: int, options: AsWanted, studio: TheStudio) -> Response:
    """Return the whole picture in a cell, with the colours it has."""
    mosaic = studio.mosaic(name, options)
    shown = mosaic.atlas.pictures[_number(mosaic, row, column)]
    with _drawing.entered():
        try:
            return Jpeg(jpeg(decode(shown.read(PICTURE_SIDE), PICTURE_SIDE).rgb))
        except (OSError, PictureError):
            raise UnknownError("The picture has gone.", hint="Start again: others are used then.") from None


def _number(mosaic: Mosaic, row: int, column: int) -> int:
    if not (0 <= row < mosaic.rows and 0 <= column < mosaic.columns):
        raise UnknownError(
            "The mosaic has no such cell.", hint=f"It has {mosaic.rows} rows and {mosaic.columns} columns, from 0."
        )
    return int(mosaic.match.numbers[row, column])


@router.get("/v1/mosaics/{name}/mosaic.{kind}", response_class=StreamingResponse, responses=FILES)
def download(name: Name, kind: Literal["png", "jpg", "zip", "txt"], options: AsWanted, studio: TheStudio) -> Response:
    """Return the mosaic as a picture or as a deep zoom folder, or its credits alone."""
    mosaic = studio.mosaic(name, options)
    if kind == "txt":
        return _attached(iter([downloads.credits_of(mosaic).encode()]), "credits.txt", "text/plain; charset=utf-8")
    if kind == "jpg":
        with _writing.entered():
            return _attached(iter([downloads.as_jpeg(mosaic)]), "mosaic.jpg", "image/jpeg")
    if kind == "png":
        return _attached(_in_turn(downloads.as_png(mosaic)), "mosaic.png", "image/png")
    return _attached(_in_turn(downloads.as_folder(mosaic, studio.zoom)), "mosaic.zip", "application/zip")


def _in_turn(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Make each piece in its turn: who reads slowly keeps nobody waiting."""
    while True:
        with _writing.entered():
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _attached(pieces: Iterator[bytes], name: str, kind: str) -> Response:
    return StreamingResponse(pieces, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type=kind)
