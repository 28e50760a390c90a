"""Which picture goes where: the likest one that is not too near to itself, nor used too often.

A cell and a picture are compared by the colours of their nine parts, in Lab. The mean counts for less than what the
parts differ in, as the mean is shifted afterwards (see compose).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

from enrichment.mosaic.atlas import PARTS, Atlas, Bytes
from enrichment.mosaic.colour import Floats, lab

MEAN_LEFT_OUT = 0.8  # as much as is shifted by default
CANDIDATES = 160
PENALTY = 0.5
SHARE_USED = 0.9
CELLS_AT_ONCE = 1024

NOTHING = -1

Numbers = npt.NDArray[np.uint16]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Grid:
    """A number of cells each way, and the distance within which no picture is repeated."""

    columns: int
    rows: int
    radius: int


@dataclass(frozen=True)
class Match:
    """The picture in each cell, of shape (rows, columns), and each cell's parts: (rows, columns, 9, 3)."""

    grid: Grid
    numbers: Numbers
    parts: Bytes

    @cached_property
    def means(self) -> Floats:
        """The mean colour that each cell should have."""
        means: Floats = self.parts.mean(axis=2, dtype=np.float32)
        return means


def grid_for(picture: Image.Image, *, longer: int, radius: int, pictures: int) -> Grid:
    """Return a grid of the picture's shape with square cells; its radius is one that so many pictures can keep."""
    scale = longer / max(picture.size)
    columns, rows = (max(1, round(side * scale)) for side in picture.size)
    possible = (int(np.sqrt(pictures)) - 1) // 2  # in a square of this radius, every cell finds another picture
    return Grid(columns, rows, max(0, min(radius, possible)))


def match(picture: Image.Image, atlas: Atlas, grid: Grid, *, seed: int = 0) -> Match:
    """Put a picture into each cell; the same seed gives the same mosaic."""
    parts = _parts(picture, grid)
    return Match(grid, Placing(parts.reshape(-1, PARTS * PARTS, 3), atlas, grid, seed).numbers(), parts)


def _parts(picture: Image.Image, grid: Grid) -> Bytes:
    fine = np.asarray(picture.resize((grid.columns * PARTS, grid.rows * PARTS), Image.Resampling.BOX))
    split = fine.reshape(grid.rows, PARTS, grid.columns, PARTS, 3).swapaxes(1, 2)
    return split.reshape(grid.rows, grid.columns, PARTS * PARTS, 3)


def features(parts: Bytes) -> Floats:
    """Return what is compared, of shape (things, 27)."""
    seen = lab(parts)
    compared: Floats = seen - MEAN_LEFT_OUT * seen.mean(axis=1, keepdims=True)
    return compared.reshape(len(seen), -1)


class Placing:
    """The state of one matching: what is where, and how often each picture is used."""

    def __init__(self, cells: Bytes, atlas: Atlas, grid: Grid, seed: int) -> None:
        self._grid = grid
        self._cells, self._pictures = features(cells), features(atlas.parts)
        self._random = np.random.default_rng(seed)
        self._uses = np.zeros(len(atlas), np.int32)
        self._is_near = np.zeros(len(atlas), bool)
        margin = 2 * grid.radius
        self._board = np.full((grid.rows + margin, grid.columns + margin), NOTHING)  # with a margin: no edge cases

    def numbers(self) -> Numbers:
        candidates, costs = self._likest()
        penalty = PENALTY * self._weight(costs)
        for cell in self._random.permutation(len(self._cells)):
            self._place(cell, candidates[cell], costs[cell], penalty)
        self._give_the_unused_a_place()
        return self._inner().astype(np.uint16)

    def _likest(self) -> tuple[Indices, Floats]:
        """Return for each cell the likest pictures and how unlike they are, in no order."""
        kept = min(CANDIDATES, len(self._pictures))
        chosen, costs = [], []
        for start in range(0, len(self._cells), CELLS_AT_ONCE):
            unlike = _unlike(self._cells[start : start + CELLS_AT_ONCE], self._pictures)
            likest = np.argpartition(unlike, kept - 1, axis=1)[:, :kept]
            chosen.append(likest)
            costs.append(np.take_along_axis(unlike, likest, axis=1))
        return np.concatenate(chosen), np.concatenate(costs)

    def _weight(self, costs: Floats) -> float:
        """Return the weight of a use: being used as often as the mean picture weighs as much as all of the choice."""
        uses_of_each = max(1.0, len(self._cells) / len(self._pictures))
        return float(np.median(costs.max(axis=1) - costs.min(axis=1))) / uses_of_each

    def _place(self, cell: int, candidates: Indices, costs: Floats, penalty: float) -> None:
        row, column = divmod(cell, self._grid.columns)
        span = 2 * self._grid.radius + 1
        around = self._board[row : row + span, column : column + span]
        near = around[around != NOTHING]
        self._is_near[near] = True
        if self._is_near[candidates].all():
            candidates = np.arange(len(self._pictures))
            costs = _unlike(self._cells[cell : cell + 1], self._pictures)[0]
        total = np.where(self._is_near[candidates], np.inf, costs + penalty * self._uses[candidates])
        self._is_near[near] = False
        number = candidates[np.argmin(total)]
        self._board[row + self._grid.radius, column + self._grid.radius] = number
        self._uses[number] += 1

    def _give_the_unused_a_place(self) -> None:
        """Put pictures that are nowhere yet where they do least harm, as long as too few are used.

        What is nowhere is not near itself: the radius is kept.
        """
        wanted = int(SHARE_USED * min(len(self._pictures), len(self._cells)))
        missing = max(0, wanted - np.count_nonzero(self._uses))
        unused = np.flatnonzero(self._uses == 0)
        for number in self._random.permutation(unused)[:missing]:
            placed = self._inner().reshape(-1)
            now = np.linalg.norm(self._cells - self._pictures[placed], axis=1)
            harm = _unlike(self._pictures[number : number + 1], self._cells)[0] - now
            harm[self._uses[placed] < 2] = np.inf
            row, column = divmod(int(np.argmin(harm)), self._grid.columns)
            self._uses[self._inner()[row, column]] -= 1
            self._inner()[row, column] = number
            self._uses[number] = 1

    def _inner(self) -> Indices:
        radius = self._grid.radius
        return self._board[radius : radius + self._grid.rows, radius : radius + self._grid.columns]


def _unlike(some: Floats, others: Floats) -> Floats:
    """Return the distance of each from each. Pictures are too few, and parts too many, for a tree to be quicker."""
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * some @ others.T
    apart: Floats = np.sqrt(np.maximum(squares, 0))
    return apart
