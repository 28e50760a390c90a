"""The pieces that a viewer asks for as it zooms: from the whole mosaic, a pixel a cell, into a single picture.

A piece is TILE pixels wide and high, and so holds a whole number of cells, or is one.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image

from enrichment.facts.errors import PictureError
from enrichment.mosaic.atlas import SIDE, Atlas, Bytes, square
from enrichment.mosaic.compose import Mosaic, joined, shifted
from enrichment.mosaic.errors import UnknownError

TILE = 512
SIDES = tuple(2**power for power in range(10))  # of a cell, in pixels: 1 to TILE
FLAT_BELOW = 16  # pixels; smaller cells lose their colours if JPEG keeps fewer of them
QUALITY = 85
CLOSE_UPS = 96  # 786 KB each at most


class Zoom:
    """Draws pieces of mosaics of one atlas. Pictures seen from near are read again, larger; some are kept."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._close_up = lru_cache(CLOSE_UPS)(self._read)

    def piece(self, mosaic: Mosaic, side: int, x: int, y: int) -> Bytes:
        """Return the piece in column x and row y when cells have this side. Raises: UnknownError."""
        if side not in SIDES:
            raise UnknownError("Cells have no such side.", hint=f"Choose one of {', '.join(map(str, SIDES))}.")
        cells = TILE // side
        rows = slice(y * cells, min((y + 1) * cells, mosaic.rows))
        columns = slice(x * cells, min((x + 1) * cells, mosaic.columns))
        if min(x, y) < 0 or rows.start >= rows.stop or columns.start >= columns.stop:
            raise UnknownError("The mosaic has no such piece.", hint="Its pieces are counted from 0.")
        if side <= SIDE:
            return mosaic.block(rows, columns, side)
        numbers = mosaic.match.numbers[rows, columns]
        squares = np.stack([[self._close_up(int(number), side) for number in row] for row in numbers])
        return joined(shifted(squares, mosaic.shifts(rows, columns)))

    def _read(self, number: int, side: int) -> Bytes:
        try:
            return square(self._atlas.pictures[number], side)
        except (OSError, PictureError):  # it has gone since: what is kept of it, enlarged
            kept = Image.fromarray(self._atlas.squares[number])
            return np.asarray(kept.resize((side, side), Image.Resampling.BICUBIC))


def jpeg(pixels: Bytes | Image.Image, *, keep_colours: bool = False, comment: str = "") -> bytes:
    """Return pixels as a JPEG file."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=QUALITY, subsampling=0 if keep_colours else 2, comment=comment.encode())
    return output.getvalue()
