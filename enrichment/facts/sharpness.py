"""How much fine detail a picture shows, at one size so that pictures can be compared."""

import numpy as np
from PIL import Image

SIDE = 512


def of(rgb: Image.Image) -> float | None:
    """The variance of the Laplacian; None if a side has fewer than the three pixels that it takes."""
    scale = SIDE / max(rgb.size)
    size = (round(rgb.width * scale), round(rgb.height * scale))
    if min(*size, *rgb.size) < 3:
        return None
    grey = np.asarray(rgb.convert("L").resize(size, Image.Resampling.BICUBIC), dtype=np.int64)
    centre = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * centre
    count, total, squares = laplacian.size, int(laplacian.sum()), int((laplacian**2).sum())
    return round((squares - total * total / count) / count, 1)
