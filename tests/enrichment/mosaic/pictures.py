"""Pictures and pools for tests, and what is measured of a mosaic."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from enrichment.mosaic.atlas import PARTS, SIDE, Atlas, Bytes
from enrichment.mosaic.colour import distance
from enrichment.mosaic.compose import Mosaic
from enrichment.mosaic.pool import Picture


class Listed:
    """A pool of the pictures given."""

    def __init__(self, pictures: Sequence[Picture], state: str = "1") -> None:
        self.pictures, self.state = pictures, state


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    output = io.BytesIO()
    picture.save(output, kind)
    return output.getvalue()


def noise(seed: int, width: int, height: int, *, grain: int = 4) -> Image.Image:
    """Random patches of colour, smooth between."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (grain, grain, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def atlas_of_noise(number: int, seed: int = 0) -> Atlas:
    squares = np.stack([np.asarray(noise(seed * 10_000 + each, SIDE, SIDE)) for each in range(number)])
    return Atlas("noise", [Picture(f"Noise {each}", lambda _: b"") for each in range(number)], squares)


def folder(place: Path, number: int = 60) -> Path:
    """A pool as people make one: pictures with an index, dates, credits and links."""
    place.mkdir()
    entries = []
    for each in range(number):
        noise(each, 300, 200).save(place / f"{each}.jpg")
        said = {"title": f"Object {each}", "date": "2024-05-17", "credit": f"NASA/Observer {each}"}
        entries.append({"file": f"{each}.jpg", "link": f"https://example.org/{each}", "is_reusable": True, **said})
    (place / "index.json").write_text(json.dumps(entries), encoding="utf-8")
    return place


def seen(mosaic: Mosaic, side: int = 32) -> Bytes:
    """All of a mosaic's pixels."""
    return mosaic.block(slice(None), slice(None), side)


def unlike(pixels: Bytes, picture: Image.Image, columns: int, rows: int) -> float:
    """The mean ΔE76 of what one sees from afar: ninths of cells."""
    size = (columns * PARTS, rows * PARTS)
    reduced = (each.resize(size, Image.Resampling.BOX) for each in (Image.fromarray(pixels), picture))
    return float(distance(*map(np.asarray, reduced)).mean())


def naive(picture: Image.Image, atlas: Atlas, columns: int, rows: int) -> np.ndarray:
    """The way of the public pipeline: the nearest mean in RGB, whatever is beside it."""
    cells = np.asarray(picture.resize((columns, rows), Image.Resampling.BOX), np.float32)
    return np.linalg.norm(cells[:, :, None] - atlas.means, axis=-1).argmin(axis=-1)


def share_repeated(numbers: np.ndarray, radius: int) -> float:
    """The share of cells that see their own picture within the radius."""
    rows, columns = numbers.shape
    repeated = np.zeros(numbers.shape, bool)
    for down in range(-radius, radius + 1):
        for right in range(-radius, radius + 1):
            if (down, right) == (0, 0) or abs(down) >= rows or abs(right) >= columns:
                continue
            here = np.s_[max(0, -down) : rows - max(0, down), max(0, -right) : columns - max(0, right)]
            there = np.s_[max(0, down) : rows + min(0, down), max(0, right) : columns + min(0, right)]
            repeated[here] |= numbers[here] == numbers[there]
    return float(repeated.mean())
