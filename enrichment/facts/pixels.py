"""Pixels of any kind that files hold, as 8 bits of red, green and blue."""

from __future__ import annotations

import numpy as np
from PIL import Image

HAS_ALPHA = ("RGBA", "LA", "PA")
REDUCIBLE = ("L", "LA", "RGB", "RGBA", "CMYK")


def reduced(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in RGB at that size, on black where it is transparent."""
    plain = _plain(image)
    if plain.size != size:
        # Whole pixels are averaged as far as that goes: a tenth of the time, and hashes differ in two bits at most.
        plain = plain.resize(size, Image.Resampling.LANCZOS, reducing_gap=1.0)
    if plain.mode in HAS_ALPHA:
        ground = Image.new("RGBA", plain.size, "black")
        plain = Image.alpha_composite(ground, plain.convert("RGBA"))
    return plain.convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """The same in a mode that can be reduced, no larger in memory than needed."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        return _stretched(image)
    if "transparency" in image.info or image.mode == "PA":
        return image.convert("RGBA")
    return image if image.mode in REDUCIBLE else image.convert("RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """Numbers without a known range: the least becomes black, the greatest white; what is not a number is black."""
    values = np.asarray(image, dtype=np.float32)
    known = np.isfinite(values)
    if not known.any():
        return Image.new("L", image.size)
    low, high = float(values[known].min()), float(values[known].max())
    scale = 255 / (high - low) if high > low else 0.0
    grey = np.nan_to_num((values - low) * scale, nan=0, posinf=255, neginf=0)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))
