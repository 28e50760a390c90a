"""A match becomes pixels: each square's mean is shifted towards its cell's, so that its texture stays."""

from dataclasses import dataclass

import numpy as np

from enrichment.mosaic.atlas import SIDE, Atlas, Bytes
from enrichment.mosaic.colour import Floats, distance
from enrichment.mosaic.match import Match


@dataclass(frozen=True)
class Mosaic:
    """A match, the squares it is made of, and how far their means are shifted, from 0 to 1."""

    match: Match
    atlas: Atlas
    shift: float

    @property
    def columns(self) -> int:
        return self.match.grid.columns

    @property
    def rows(self) -> int:
        return self.match.grid.rows

    def block(self, rows: slice, columns: slice, side: int) -> Bytes:
        """Return the pixels of some cells, each as a square of this side, a power of two up to that of the atlas."""
        numbers = self.match.numbers[rows, columns]
        squares = self.atlas.sizes[side][numbers]
        return joined(shifted(squares, self.shifts(rows, columns)))

    def shifts(self, rows: slice, columns: slice) -> Floats:
        """Return what is added to the colours of some cells' squares."""
        wanted, given = self.match.means, self.atlas.means
        moved: Floats = self.shift * (wanted[rows, columns] - given[self.match.numbers[rows, columns]])
        return moved

    def row(self, number: int, side: int) -> Bytes:
        """Return the pixels of one row of cells: all that has to be in memory at a time."""
        return self.block(slice(number, number + 1), slice(None), side)

    def unlike(self) -> float:
        """Return the mean ΔE76 between this and the picture, of the parts of cells."""
        shifts = self.shifts(slice(None), slice(None))
        seen = np.clip(self.atlas.parts[self.match.numbers] + shifts[:, :, None, :], 0, 255)
        return float(distance(seen, self.match.parts).mean())


def shifted(squares: Bytes, shifts: Floats) -> Bytes:
    """Add a colour to each square; what becomes darker than black or brighter than white is cut off."""
    moved = squares + np.rint(shifts).astype(np.int16)[:, :, None, None, :]
    visible: Bytes = np.clip(moved, 0, 255).astype(np.uint8)
    return visible


def joined(squares: Bytes) -> Bytes:
    """Put squares, of shape (rows, columns, side, side, 3), side by side."""
    rows, columns, side = squares.shape[:3]
    return squares.swapaxes(1, 2).reshape(rows * side, columns * side, 3)


def largest_side(mosaic: Mosaic, most: int) -> int:
    """Return the largest side of squares with which the whole is at most so many pixels wide and high."""
    side = SIDE
    while side > 1 and side * max(mosaic.columns, mosaic.rows) > most:
        side //= 2
    return side
