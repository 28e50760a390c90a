"""A square to draw pictures of space on, and what they have in common: clouds, stars, worlds."""

import colorsys
import io

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float64]


def hue(number: int, kinds: int) -> float:
    """Return the hue of a picture, from 0 to 1: spread evenly within each kind."""
    return (number // kinds * 0.6180339887 + number % kinds * 0.37) % 1


class Canvas:
    """Pixels from -1 to 1 in both directions, and the choices that make a picture unlike others.

    What is chosen never depends on the size, or a picture would change with it.
    """

    def __init__(self, number: int, side: int, kinds: int = 1) -> None:
        self.side = side
        self.random = np.random.default_rng([1, number])
        steps = (np.arange(side) + 0.5) / side * 2 - 1
        self.x, self.y = np.meshgrid(steps, steps)
        kind, nth = number % kinds, number // kinds
        self.hue = hue(number, kinds)
        self.light = 0.25 + 0.75 * ((nth * 0.7548776662 + kind * 0.23) % 1)
        self.colourful = 0.12 + 0.7 * ((nth * 0.5698402910 + kind * 0.51) % 1)
        self.pixels: Floats = np.zeros((side, side, 3))

    def colour(self, turn: float = 0.0, light: float = 1.0, colourful: float = 1.0) -> Floats:
        """Return a colour near the picture's own; a turn of 1 is once around the circle of hues."""
        value = min(1.0, self.light * light)
        return np.array(colorsys.hsv_to_rgb((self.hue + turn) % 1, min(1.0, self.colourful * colourful), value))

    def add(self, strength: Floats, colour: Floats) -> None:
        self.pixels += strength[..., None] * colour

    def cover(self, share: Floats, colour: Floats) -> None:
        self.pixels = self.pixels * (1 - share[..., None]) + share[..., None] * colour

    def noise(self, grain: int = 3, octaves: int = 5, fade: float = 0.55) -> Floats:
        """Return clouds from 0 to 1: random grids, each twice as fine and less strong than the one before."""
        clouds = np.zeros((self.side, self.side))
        for octave in range(octaves):
            grid = self.random.random((grain * 2**octave + 1,) * 2).astype(np.float32)
            layer = Image.fromarray(grid).resize((self.side,) * 2, Image.Resampling.BICUBIC)
            clouds += fade**octave * np.asarray(layer)
        low, high = clouds.min(), clouds.max()
        scaled: Floats = (clouds - low) / (high - low)
        return scaled

    def stars(self, number: int, size: float = 0.012) -> None:
        places = self.random.uniform(-1, 1, (number, 2))
        brightness = self.random.pareto(2.2, number).clip(0.1, 4)
        tints = self.random.uniform(0.75, 1, (number, 3))
        for (x, y), bright, tint in zip(places, brightness, tints, strict=True):
            self.glow(x, y, max(size * bright**0.5, 0.7 / self.side), tint * min(1.0, 0.35 + bright / 2))

    def glow(self, x: float, y: float, radius: float, colour: Floats) -> None:
        """Add a soft point of light; only where it is bright enough to be seen."""
        columns = slice(*self._pixels_within(x, radius * 3))
        rows = slice(*self._pixels_within(y, radius * 3))
        across = np.exp(-(((self.x[0, columns] - x) / radius) ** 2))
        down = np.exp(-(((self.y[rows, 0] - y) / radius) ** 2))
        self.pixels[rows, columns] += (down[:, None] * across)[..., None] * colour

    def _pixels_within(self, place: float, reach: float) -> tuple[int, int]:
        first = int((place - reach + 1) / 2 * self.side)
        last = int((place + reach + 1) / 2 * self.side) + 1
        return max(0, first), min(self.side, max(0, last))

    def edge(self, distance: Floats) -> Floats:
        """Return 1 where the distance is below zero and 0 where it is above, without stairs between."""
        return np.clip(0.5 - distance * self.side / 3, 0, 1)

    def turned(self, angle: float) -> tuple[Floats, Floats]:
        return self.x * np.cos(angle) + self.y * np.sin(angle), -self.x * np.sin(angle) + self.y * np.cos(angle)

    def file(self) -> bytes:
        output = io.BytesIO()
        shown = np.clip(self.pixels * 255, 0, 255).astype(np.uint8)
        Image.fromarray(shown).save(output, "JPEG", quality=92, subsampling=0)
        return output.getvalue()

    def ball(self, x: float, y: float, radius: float, light_from: float) -> None:
        """A world lit from one side, in bands."""
        east, south = (self.x - x) / radius, (self.y - y) / radius
        away = np.hypot(east, south)
        height = np.sqrt(np.clip(1 - away**2, 0, 1))
        lit = np.clip(east * np.cos(light_from) * 0.8 + south * np.sin(light_from) * 0.8 + height * 0.75, 0.04, 1)
        bands = 0.8 + 0.2 * np.sin(south * self.random.uniform(4, 18) + self.noise(3, 3) * 3)
        self.add(np.exp(-np.clip(away - 1, 0, None) * 16) * 0.35, self.colour(turn=0.05))
        share = self.edge((away - 1) * radius)[..., None]
        self.pixels = self.pixels * (1 - share) + share * (lit * bands)[..., None] * self.colour(light=1.25)
