"""Every picture of a pool as a small square, and what tells where it fits: computed once per state of the pool."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import structlog
from PIL import Image, ImageOps

from enrichment.facts.decode import decode
from enrichment.facts.errors import PictureError
from enrichment.mosaic.colour import Floats
from enrichment.mosaic.errors import PoolError
from enrichment.mosaic.pool import Picture, Pool

SIDE = 64  # of a square, in pixels
PARTS = 3  # each way: a square is compared by nine parts
MAX_PICTURES = 65_535  # their numbers have 16 bits

Bytes = npt.NDArray[np.uint8]
log = structlog.get_logger()


@dataclass(frozen=True)
class Atlas:
    """The squares, of shape (pictures, side, side, 3), and the pictures that they show."""

    state: str
    pictures: Sequence[Picture]
    squares: Bytes

    def __len__(self) -> int:
        return len(self.pictures)

    @cached_property
    def means(self) -> Floats:
        """The mean colour of each square."""
        means: Floats = self.squares.mean(axis=(1, 2), dtype=np.float32)
        return means

    @cached_property
    def parts(self) -> Bytes:
        """The mean colour of each square's parts, of shape (pictures, 9, 3)."""
        small = [np.asarray(shrunk(square, PARTS)) for square in self.squares]
        return np.stack(small).reshape(len(small), PARTS * PARTS, 3)

    @cached_property
    def sizes(self) -> dict[int, Bytes]:
        """The squares at every power of two from 1 to their own side: one of these is right for every zoom."""
        sizes, side, squares = {SIDE: self.squares}, SIDE, self.squares
        while side > 1:
            half = squares.reshape(len(squares), side // 2, 2, side // 2, 2, 3)
            squares = np.rint(half.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)
            side //= 2
            sizes[side] = squares
        return sizes


def build(pool: Pool) -> Atlas:
    """Read all pictures that may be reused; those that cannot be read are left out, with a warning.

    Raises: PoolError if none is left.
    """
    read = list(_squares(pool.pictures))
    if not read:
        raise PoolError(
            f"None of the {len(pool.pictures)} pictures may be reused and can be read.",
            hint='Say which may be: "is_reusable": true. Without a pool, pictures are drawn.',
        )
    pictures, squares = zip(*read[:MAX_PICTURES], strict=True)
    return Atlas(pool.state, pictures, np.stack(squares))


def _squares(pictures: Sequence[Picture]) -> Iterator[tuple[Picture, Bytes]]:
    for picture in pictures:
        if picture.is_reusable:
            try:
                yield picture, square(picture, SIDE)
            except (OSError, PictureError) as error:
                log.warning("picture_left_out", title=picture.title, reason=str(error))


def square(picture: Picture, side: int) -> Bytes:
    """Return the middle of a picture, undistorted. Raises: OSError, PictureError."""
    whole = decode(picture.read(side), side * 4).rgb
    return np.asarray(ImageOps.fit(whole, (side, side), Image.Resampling.BOX))


def shrunk(pixels: Bytes, width: int, height: int | None = None) -> Image.Image:
    """Return pixels at another size, each of the new ones the mean of what it covers."""
    return Image.fromarray(pixels).resize((width, height or width), Image.Resampling.BOX)
