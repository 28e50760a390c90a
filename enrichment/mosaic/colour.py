"""Colours as the eye compares them: CIE Lab, in which a distance of about 2 is just visible."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_WHITE_D65 = np.array([0.95047, 1.0, 1.08883], np.float32)
_XYZ_FROM_SRGB = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    np.float32,
)


def lab(srgb: npt.NDArray[Any]) -> Floats:
    """Turn sRGB from 0 to 255, in the last axis, into L, a and b."""
    share = np.asarray(srgb, np.float32) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _XYZ_FROM_SRGB.T / _WHITE_D65
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    seen: Floats = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)
    return seen


def distance(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> Floats:
    """Return ΔE76, the distance in Lab, of sRGB colours from 0 to 255."""
    apart: Floats = np.linalg.norm(lab(one) - lab(other), axis=-1).astype(np.float32)
    return apart
