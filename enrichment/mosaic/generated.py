"""A pool of our own: pictures of space that no telescope took, always the same, drawn at any size.

A tile is a picture that is bright, dark or coloured in the right places, so the kinds differ in where their light is:
all over, in the middle, on one side, along a line.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial

import numpy as np

from enrichment.mosaic.canvas import Canvas, hue
from enrichment.mosaic.pool import Picture, state_of

VERSION = "1"  # of the drawings: another changes the state
NUMBER = 480
CREDIT = "Drawn by a program, not photographed; Apache-2.0"
HUES = ("crimson", "amber", "gold", "lime", "green", "jade", "teal", "azure", "blue", "violet", "magenta", "rose")


def nebula(canvas: Canvas) -> None:
    """Clouds of two colours."""
    one, other = canvas.noise(2), canvas.noise(3)
    thick = np.clip(one * 1.5 - 0.25, 0, 1) ** 1.3
    canvas.add(thick, canvas.colour(light=1.15))
    canvas.add(np.clip(other - 0.35, 0, 1) * thick, canvas.colour(turn=canvas.random.uniform(0.08, 0.35)))
    canvas.stars(25)


def star_field(canvas: Canvas) -> None:
    """Many stars."""
    canvas.add(0.5 + canvas.noise(2, 2) * 0.3, canvas.colour(light=0.35))
    canvas.stars(90, size=0.016)


def planet(canvas: Canvas) -> None:
    """A world lit from one side."""
    canvas.stars(20)
    x, y = canvas.random.uniform(-0.15, 0.15, 2)
    radius = canvas.random.uniform(0.6, 0.85)
    canvas.ball(x, y, radius, canvas.random.uniform(0, 2 * np.pi))


def limb(canvas: Canvas) -> None:
    """A world so near that it fills half of the sky: an edge in any direction."""
    angle = canvas.random.uniform(0, 2 * np.pi)
    along, across = canvas.turned(angle)
    radius, shift = canvas.random.uniform(1.4, 4), canvas.random.uniform(-0.5, 0.6)
    away = np.hypot(along - shift - radius, across) - radius
    canvas.stars(20)
    canvas.add(np.exp(-np.clip(away, 0, None) * 14), canvas.colour(turn=0.06, light=0.9))
    clouds = canvas.noise(3)
    land = canvas.colour(light=1.1) * (0.7 + 0.5 * clouds[..., None])
    inside = canvas.edge(away)[..., None]
    canvas.pixels = canvas.pixels * (1 - inside) + inside * land


def ringed(canvas: Canvas) -> None:
    """A world with rings."""
    canvas.stars(25)
    angle = canvas.random.uniform(-0.9, 0.9)
    along, across = canvas.turned(angle)
    tilt = canvas.random.uniform(0.2, 0.45)
    away = np.hypot(along, across / tilt)
    stripes = 0.55 + 0.45 * np.sin(away * canvas.random.uniform(30, 60))
    rings = canvas.edge(0.62 - away) * canvas.edge(away - 0.98) * stripes
    canvas.cover(rings * 0.9, canvas.colour(turn=0.03, light=1.2, colourful=0.5))
    behind = canvas.pixels.copy()
    canvas.ball(0, 0, 0.46, canvas.random.uniform(0, 2 * np.pi))
    front = (across > 0)[..., None] & (rings > 0.25)[..., None]
    canvas.pixels = np.where(front, behind, canvas.pixels)


def spiral(canvas: Canvas) -> None:
    """A galaxy from outside."""
    along, across = canvas.turned(canvas.random.uniform(0, np.pi))
    across = across / canvas.random.uniform(0.45, 1)
    away, angle = np.hypot(along, across), np.arctan2(across, along)
    way = canvas.random.choice([-1, 1])
    arms = 0.5 + 0.5 * np.cos(2 * (angle + way * canvas.random.uniform(2, 3.2) * np.log(away + 0.08)))
    disc = np.exp(-((away / 0.55) ** 2))
    canvas.stars(25)
    canvas.add(disc * (0.35 + arms * (0.5 + 0.6 * canvas.noise(4))), canvas.colour(light=1.1))
    canvas.add(np.exp(-((away / 0.17) ** 2)), canvas.colour(turn=0.1, light=1.4, colourful=0.35))


def cluster(canvas: Canvas) -> None:
    """Stars around a middle."""
    canvas.add(np.exp(-((np.hypot(canvas.x, canvas.y) / 0.45) ** 2)), canvas.colour(light=0.9))
    canvas.stars(30)
    for x, y in canvas.random.normal(0, 0.3, (140, 2)).clip(-1, 1):
        canvas.glow(x, y, 0.022, canvas.colour(turn=canvas.random.uniform(-0.05, 0.1), light=1.2, colourful=0.5))


def sun(canvas: Canvas) -> None:
    """A star from near."""
    away = np.hypot(canvas.x, canvas.y)
    radius = canvas.random.uniform(0.5, 1.2)
    grains = 0.8 + 0.35 * canvas.noise(8, 4, 0.8)
    canvas.add(np.exp(-np.clip(away - radius, 0, None) * 5), canvas.colour(turn=-0.03, light=0.8))
    canvas.cover(canvas.edge(away - radius), canvas.colour(light=1.6, colourful=0.6))
    canvas.pixels *= grains[..., None]


def eclipse(canvas: Canvas) -> None:
    """A dark disc with a bright rim."""
    x, y = canvas.random.uniform(-0.12, 0.12, 2)
    away = np.hypot(canvas.x, canvas.y)
    rays = 0.75 + 0.25 * np.sin(np.arctan2(canvas.y, canvas.x) * canvas.random.integers(5, 11)) * canvas.noise(2, 3)
    canvas.add(np.exp(-np.clip(away - 0.5, 0, None) * 3.2) * rays, canvas.colour(light=1.5, colourful=0.7))
    canvas.cover(canvas.edge(np.hypot(canvas.x - x, canvas.y - y) - 0.5), np.full(3, 0.015))


def comet(canvas: Canvas) -> None:
    """A head with a tail, in any direction."""
    along, across = canvas.turned(canvas.random.uniform(0, 2 * np.pi))
    canvas.add(np.full_like(along, 0.4), canvas.colour(turn=0.4, light=0.4))
    canvas.stars(30)
    wide = 0.05 + 0.22 * np.clip(along + 0.55, 0, None)
    tail = np.exp(-((across / wide) ** 2)) * np.clip(1.3 - np.abs(along + 0.55), 0, 1) * (along > -0.55)
    canvas.add(tail * (0.6 + 0.4 * canvas.noise(3, 3)), canvas.colour(light=1.1))
    canvas.add(np.exp(-(((along + 0.5) ** 2 + across**2) / 0.012)), canvas.colour(light=1.6, colourful=0.3))


def aurora(canvas: Canvas) -> None:
    """A curtain of light, in any direction."""
    along, across = canvas.turned(canvas.random.uniform(0, 2 * np.pi))
    canvas.add(np.clip(0.7 - along * 0.3, 0, 1), canvas.colour(turn=0.45, light=0.3))
    canvas.stars(30)
    curtain = 0.35 * np.sin(across * canvas.random.uniform(2, 4) + canvas.random.uniform(0, 6)) + 0.2 * canvas.noise(
        2, 3
    )
    height = along - curtain
    veil = np.where(height < 0, np.exp(height * 12), np.exp(-height * 2.2))
    canvas.add(veil * (0.65 + 0.45 * np.sin(across * 25 + canvas.noise(3, 2) * 9)), canvas.colour(light=1.2))


def dunes(canvas: Canvas) -> None:
    """The ground of a world with wind: bright all over, in stripes of any direction."""
    along, across = canvas.turned(canvas.random.uniform(0, 2 * np.pi))
    waves = np.sin(along * canvas.random.uniform(3, 14) + canvas.noise(2, 3) * 6 + across)
    ground = 0.75 + 0.25 * waves + 0.12 * canvas.noise(6, 3, 0.8)
    canvas.add(ground, canvas.colour(light=1.2, colourful=0.75))


def band(canvas: Canvas) -> None:
    """A galaxy from within: a bright band across the sky, dust in its middle."""
    _, across = canvas.turned(canvas.random.uniform(0, np.pi))
    across = across - canvas.random.uniform(-0.45, 0.45) + 0.25 * (canvas.noise(2, 3) - 0.5)
    canvas.stars(50)
    canvas.add(
        np.exp(-((across / 0.34) ** 2)) * (0.6 + 0.5 * canvas.noise(4)), canvas.colour(light=1.15, colourful=0.8)
    )
    dust = np.exp(-((across / 0.09) ** 2)) * canvas.noise(5)
    canvas.cover(np.clip(dust * 1.1, 0, 0.85), canvas.colour(light=0.15))


KINDS: dict[str, Callable[[Canvas], None]] = {
    "Nebula": nebula,
    "World, near": limb,
    "Galaxy": spiral,
    "Sun": sun,
    "Dunes": dunes,
    "Planet": planet,
    "Aurora": aurora,
    "World, nearer": limb,
    "Star cluster": cluster,
    "Galaxy from within": band,
    "Ringed planet": ringed,
    "Comet": comet,
    "Dark nebula": nebula,
    "Eclipse": eclipse,
    "Stars": star_field,
    "Ground": dunes,
}


class Generated:
    """The pool that is used when there is no other."""

    def __init__(self, number: int = NUMBER) -> None:
        self._number = number

    @property
    def state(self) -> str:
        return state_of("generated", VERSION, str(self._number))

    @cached_property
    def pictures(self) -> Sequence[Picture]:
        return [_picture(number) for number in range(self._number)]


def draw(number: int, side: int) -> bytes:
    """Return a picture as a file; the same number is the same picture at every size."""
    canvas = Canvas(number, side, len(KINDS))
    _kind(number)[1](canvas)
    return canvas.file()


def _kind(number: int) -> tuple[str, Callable[[Canvas], None]]:
    return list(KINDS.items())[number % len(KINDS)]


def _picture(number: int) -> Picture:
    name, _ = _kind(number)
    colour = HUES[round(hue(number, len(KINDS)) * len(HUES)) % len(HUES)]
    return Picture(
        title=f"{name} in {colour}, no. {number + 1}", read=partial(draw, number), credit=CREDIT, is_reusable=True
    )
