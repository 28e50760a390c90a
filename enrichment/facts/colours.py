"""What colours a picture has, and how bright it is to the eye."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enrichment.facts.record import DominantColour

DOMINANT = 5
DOMINANT_SIDE = 128  # at more pixels, finding them takes longer than everything else


def _to_light(value: int) -> float:
    """The light that a number of sRGB stands for, from 0 to 1."""
    part = value / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


LIGHT = np.array([_to_light(value) for value in range(256)])
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


class Lightness(NamedTuple):
    """Mean and standard deviation of L*, both divided by its greatest value."""

    mean: float
    deviation: float


def average(rgb: Image.Image) -> str:
    """The colour that the picture has from far away."""
    counts = np.asarray(rgb.histogram()).reshape(3, 256)
    light = counts @ LIGHT / (rgb.width * rgb.height)
    return _hex(*(_from_light(float(part)) for part in light))


def dominant(rgb: Image.Image) -> tuple[DominantColour, ...]:
    """Up to five colours that the picture is made of, the largest share first."""
    small = rgb.copy()
    small.thumbnail((DOMINANT_SIDE, DOMINANT_SIDE), Image.Resampling.BOX)
    palette = small.quantize(DOMINANT, Image.Quantize.MEDIANCUT).convert("RGB")
    counts = palette.getcolors(DOMINANT_SIDE**2) or []
    found = [(count, _hex(*colour)) for count, colour in counts if isinstance(colour, tuple)]
    total = small.width * small.height
    ordered = sorted(found, key=lambda pair: (-pair[0], pair[1]))
    return tuple(DominantColour(colour=colour, share=round(count / total, 4)) for count, colour in ordered)


def lightness(rgb: Image.Image) -> Lightness:
    """How bright it looks, and how much that varies."""
    luminance: NDArray[np.float64] = LIGHT[np.asarray(rgb)] @ LUMINANCE
    scaled = np.where(luminance > 216 / 24389, 1.16 * np.cbrt(luminance) - 0.16, luminance * 24389 / 2700)
    return Lightness(*(round(min(1.0, max(0.0, float(value))), 4) for value in (scaled.mean(), scaled.std())))


def _from_light(light: float) -> int:
    part = light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return min(255, round(part * 255))


def _hex(red: int, green: int, blue: int) -> str:
    return f"#{red:02x}{green:02x}{blue:02x}"
