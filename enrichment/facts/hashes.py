"""Hashes that stay almost equal when a picture is resized or compressed again.

They are those of the package imagehash, bit for bit (a test compares); without it and scipy, the service starts in half
the time. Frequencies are rounded, so that a plain picture has one hash and not that of its rounding errors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE, FREQUENCIES = 8, 32


def _cosines() -> NDArray[np.float64]:
    """The discrete cosine transform of 32 values, as far as the 8 lowest frequencies."""
    frequency, position = np.mgrid[0:SIDE, 0:FREQUENCIES]
    return np.asarray(2 * np.cos(np.pi * frequency * (2 * position + 1) / (2 * FREQUENCIES)))


COSINES = _cosines()


def perceptual(rgb: Image.Image) -> str:
    """64 bits, which of the low frequencies are stronger than most, in hex."""
    low = np.round(COSINES @ _grey(rgb, FREQUENCIES, FREQUENCIES) @ COSINES.T, 3)
    return _hex(low > np.median(low))


def difference(rgb: Image.Image) -> str:
    """64 bits, whether each cell is brighter than its left neighbour, in hex."""
    grey = _grey(rgb, SIDE + 1, SIDE)
    return _hex(grey[:, 1:] > grey[:, :-1])


def distance(one: str, other: str) -> int:
    """How many bits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def are_duplicates(phashes: tuple[str, str], dhashes: tuple[str, str]) -> bool:
    """Whether two pictures show the same, perhaps resized or compressed again; a crop may be missed."""
    return distance(*phashes) <= 4 and distance(*dhashes) <= 6


def _grey(rgb: Image.Image, width: int, height: int) -> NDArray[np.float64]:
    return np.asarray(rgb.convert("L").resize((width, height), Image.Resampling.LANCZOS), dtype=np.float64)


def _hex(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()
