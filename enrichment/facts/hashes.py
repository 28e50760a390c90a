"""Hashes that stay almost equal when a picture is resized or compressed again."""

import imagehash
from PIL import Image


def perceptual(rgb: Image.Image) -> str:
    """64 bits of the low frequencies, in hex."""
    return str(imagehash.phash(rgb))


def difference(rgb: Image.Image) -> str:
    """64 bits, whether each cell is darker than its neighbour, in hex."""
    return str(imagehash.dhash(rgb))


def distance(one: str, other: str) -> int:
    """How many bits differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def are_duplicates(phashes: tuple[str, str], dhashes: tuple[str, str]) -> bool:
    """Whether two pictures show the same, perhaps resized or compressed again; a crop may be missed."""
    return distance(*phashes) <= 4 and distance(*dhashes) <= 6
