"""A mosaic to keep: as one picture, or as a folder that any browser opens and zooms into; always with its credits."""

import io
import json
import math
import zipfile
from collections.abc import Iterator
from importlib.resources import files

import numpy as np
from PIL import Image

from enrichment.mosaic import png
from enrichment.mosaic.compose import Mosaic, largest_side
from enrichment.mosaic.pool import Picture
from enrichment.mosaic.zoom import FLAT_BELOW, SIDES, TILE, Zoom, jpeg

PNG_PIXELS = 5120  # wide or high at most
JPEG_PIXELS = 4096
FOLDER_PIXELS = 8192
MAX_COMMENT = 60_000  # a JPEG's has 64 KB
PAGE = ("index.html", "folder.css", "folder.js", "openseadragon.min.js", "openseadragon.LICENSE.txt")


def as_png(mosaic: Mosaic) -> Iterator[bytes]:
    """Yield a PNG file; of the mosaic, a row of cells is in memory at a time."""
    side = largest_side(mosaic, PNG_PIXELS)
    strips = (mosaic.row(number, side) for number in range(mosaic.rows))
    return png.chunks(mosaic.columns * side, mosaic.rows * side, strips, credits_text=credits_of(mosaic))


def as_jpeg(mosaic: Mosaic) -> bytes:
    """Return a JPEG file, small enough to send around."""
    side = largest_side(mosaic, JPEG_PIXELS)
    whole = Image.new("RGB", (mosaic.columns * side, mosaic.rows * side))
    for number in range(mosaic.rows):
        whole.paste(Image.fromarray(mosaic.row(number, side)), (0, number * side))
    return jpeg(whole, comment=credits_of(mosaic)[:MAX_COMMENT])


def as_folder(mosaic: Mosaic, zoom: Zoom) -> Iterator[bytes]:
    """Yield a ZIP file of a deep zoom image (DZI), a page that shows it without a server, and the credits."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as archive:
        for name, data in _entries(mosaic, zoom):
            archive.writestr(zipfile.ZipInfo(f"mosaic/{name}"), data)
            yield pipe.taken()
    yield pipe.taken()


def credits_of(mosaic: Mosaic) -> str:
    """Return who made the pictures in the mosaic: a line each, in the order of their titles."""
    used = (mosaic.atlas.pictures[number] for number in np.unique(mosaic.match.numbers))
    lines = sorted({_credit(picture) for picture in used})
    return "\n".join(["This mosaic is made of these pictures:", *lines, ""])


def _credit(picture: Picture) -> str:
    said = (picture.title, picture.date, picture.credit, picture.link)
    return " · ".join(" ".join(part.split()) for part in said if part)


def _entries(mosaic: Mosaic, zoom: Zoom) -> Iterator[tuple[str, bytes | str]]:
    side = largest_side(mosaic, FOLDER_PIXELS)
    width, height = mosaic.columns * side, mosaic.rows * side
    for name in PAGE:
        yield name, _page_file(name)
    yield "mosaic.js", f"const MOSAIC = {json.dumps(_described(mosaic, width, height))};\n"
    yield "credits.txt", credits_of(mosaic)
    yield (
        "mosaic.dzi",
        f'<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" TileSize="{TILE}" Overlap="0" Format="jpg">'
        f'<Size Width="{width}" Height="{height}"/></Image>\n',
    )
    top = math.ceil(math.log2(max(width, height)))
    for size in (size for size in SIDES if size <= side):
        level = top - int(math.log2(side // size))
        for x in range(math.ceil(mosaic.columns * size / TILE)):
            for y in range(math.ceil(mosaic.rows * size / TILE)):
                piece = zoom.piece(mosaic, size, x, y)
                yield f"mosaic_files/{level}/{x}_{y}.jpg", jpeg(piece, keep_colours=size < FLAT_BELOW)
    yield from _smallest(mosaic, top - int(math.log2(side)))


def _smallest(mosaic: Mosaic, level: int) -> Iterator[tuple[str, bytes]]:
    """Yield what a reader of DZI may want below a pixel a cell."""
    shown = Image.fromarray(mosaic.block(slice(None), slice(None), 1))
    while level > 0:
        level -= 1
        shown = shown.resize((math.ceil(shown.width / 2), math.ceil(shown.height / 2)), Image.Resampling.BOX)
        yield f"mosaic_files/{level}/0_0.jpg", jpeg(shown, keep_colours=True)


def _described(mosaic: Mosaic, width: int, height: int) -> dict[str, object]:
    """What the page in the folder knows: where which picture is, and what has to be said with it."""
    used, numbers = np.unique(mosaic.match.numbers, return_inverse=True)
    pictures = [mosaic.atlas.pictures[number] for number in used]
    return {
        "width": width,
        "height": height,
        "tile": TILE,
        "columns": mosaic.columns,
        "rows": mosaic.rows,
        "cells": numbers.reshape(-1).tolist(),
        "pictures": [[picture.title, picture.date, picture.credit, picture.link] for picture in pictures],
    }


def _page_file(name: str) -> bytes:
    kept = {"index.html": "folder.html"}.get(name, name)
    return files("enrichment.mosaic").joinpath("page", kept).read_bytes()


class _Pipe(io.RawIOBase):
    """What a ZIP file is written into, to be taken out piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
