"""Pictures of our own to make a mosaic of when one has none at hand."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from enrichment.mosaic.canvas import Canvas, Floats


@dataclass(frozen=True)
class Scene:
    """A picture that is drawn when it is needed."""

    title: str
    paint: Callable[[Canvas], None]

    def draw(self, side: int) -> Image.Image:
        canvas = Canvas(0, side)
        self.paint(canvas)
        return Image.fromarray(np.clip(canvas.pixels * 255, 0, 255).astype(np.uint8))


def ringed_world(canvas: Canvas) -> None:
    """A banded world with rings, before a nebula."""
    clouds, veil = canvas.noise(2), canvas.noise(3)
    canvas.add(np.clip(clouds - 0.2, 0, 1), np.array([0.10, 0.16, 0.42]))
    canvas.add(np.clip(veil - 0.5, 0, 1) * clouds, np.array([0.75, 0.2, 0.5]))
    canvas.stars(60, size=0.008)
    along, across = canvas.turned(-0.38)
    away = np.hypot(along, across / 0.3)
    gap = 1 - 0.85 * np.exp(-(((away - 0.78) / 0.018) ** 2))
    stripes = (0.75 + 0.25 * np.sin(away * 70)) * gap
    rings = canvas.edge(0.6 - away) * canvas.edge(away - 0.96) * np.clip(stripes, 0, 1)
    canvas.cover(rings * 0.95, np.array([0.93, 0.82, 0.62]))
    behind = canvas.pixels.copy()
    _banded(canvas, 0.46, bright=np.array([1.0, 0.78, 0.45]), dark=np.array([0.72, 0.38, 0.2]))
    front = ((across > 0) & (rings > 0.2))[..., None]
    canvas.pixels = np.where(front, behind, canvas.pixels)


def earthrise(canvas: Canvas) -> None:
    """A blue world above grey ground."""
    canvas.stars(50, size=0.007)
    x, y, radius = 0.12, -0.22, 0.44
    away = np.hypot(canvas.x - x, canvas.y - y)
    height = np.sqrt(np.clip(1 - (away / radius) ** 2, 0, 1))
    lit = np.clip(((x - canvas.x) * 0.75 + (y - canvas.y) * 0.35) / radius + height * 0.75, 0.03, 1)[..., None]
    land = np.clip((canvas.noise(3) - 0.52) * 9, 0, 1)[..., None]
    clouds = np.clip((canvas.noise(4) - 0.5) * 3.2, 0, 1)[..., None]
    ground = np.array([0.08, 0.3, 0.72]) * (1 - land) + land * np.array([0.28, 0.42, 0.2])
    canvas.add(np.exp(-np.clip(away - radius, 0, None) * 22) * 0.55, np.array([0.25, 0.5, 1.0]))
    share = canvas.edge(away - radius)[..., None]
    canvas.pixels = canvas.pixels * (1 - share) + share * lit * 1.25 * (ground * (1 - clouds) + clouds)
    _ground(canvas)


def galaxy(canvas: Canvas) -> None:
    """A spiral from above, blue arms around a golden middle."""
    along, across = canvas.turned(0.5)
    across = across / 0.72
    away, angle = np.hypot(along, across), np.arctan2(across, along)
    arms = (0.5 + 0.5 * np.cos(2 * (angle + 2.5 * np.log(away + 0.06)))) ** 1.6
    disc = np.exp(-((away / 0.72) ** 2))
    canvas.add(0.3 + canvas.noise(2, 3) * 0.4, np.array([0.05, 0.04, 0.10]))
    canvas.stars(70, size=0.008)
    canvas.add(disc * arms * (0.45 + 0.9 * canvas.noise(5)), np.array([0.55, 0.72, 1.15]))
    canvas.add(disc * 0.35, np.array([0.8, 0.45, 0.6]))
    knots = np.clip((canvas.noise(8, 3, 0.8) - 0.6) * 4, 0, 1) * arms * disc
    canvas.add(knots, np.array([1.0, 0.25, 0.45]))
    canvas.add(np.exp(-((away / 0.2) ** 2)), np.array([1.25, 0.95, 0.55]))


CRATERS = ((-0.6, 0.83, 0.2), (0.35, 0.78, 0.13), (0.72, 0.93, 0.16), (-0.1, 0.95, 0.1), (-0.05, 0.7, 0.06))
DUST = np.array([0.85, 0.83, 0.8])


def _banded(canvas: Canvas, radius: float, *, bright: Floats, dark: Floats) -> None:
    """A world of the middle with bands, lit from above on the left."""
    away = np.hypot(canvas.x, canvas.y) / radius
    height = np.sqrt(np.clip(1 - away**2, 0, 1))
    towards, _ = canvas.turned(-2.4)
    lit = np.clip((towards / radius + height) * 0.8, 0.03, 1)
    _, across = canvas.turned(-0.38)
    share_bright = 0.5 + 0.5 * np.sin(across / radius * 11 + canvas.noise(3, 3) * 2.5)
    colour = share_bright[..., None] * bright + (1 - share_bright[..., None]) * dark
    share = canvas.edge((away - 1) * radius)[..., None]
    canvas.pixels = canvas.pixels * (1 - share) + share * lit[..., None] * 1.2 * colour


def _ground(canvas: Canvas) -> None:
    """Grey hills with craters along the lower edge."""
    hills = canvas.noise(3, 4)
    line = 0.52 + 0.16 * (hills[-1] - 0.5) + 0.07 * canvas.x[0] ** 2
    below = canvas.edge(line[None, :] - canvas.y)[..., None]
    relief = np.gradient(canvas.noise(4, 5, 0.5), axis=1) * canvas.side * 0.022
    shade = np.clip(0.52 + relief + 0.25 * (canvas.y - 0.7), 0.06, 1)
    for x, y, size in CRATERS:
        east, south = (canvas.x - x) / size, (canvas.y - y) / (size * 0.45)
        rim = np.exp(-(((np.hypot(east, south) - 0.85) / 0.16) ** 2))
        shade += rim * np.clip(-east * 0.5, -0.3, 0.35) - 0.12 * canvas.edge((np.hypot(east, south) - 0.8) * size)
    canvas.pixels = canvas.pixels * (1 - below) + below * np.clip(shade, 0.03, 1)[..., None] * DUST


ALL = {
    "ringed-world": Scene("Ringed world", ringed_world),
    "earthrise": Scene("Earthrise", earthrise),
    "galaxy": Scene("Galaxy", galaxy),
}
