"""The pictures that people have sent, for ten minutes, in memory only; and their mosaics, made when asked for."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from PIL import Image

from enrichment.facts.decode import decode
from enrichment.mosaic import scenes
from enrichment.mosaic.atlas import PARTS, Atlas, build
from enrichment.mosaic.compose import Mosaic
from enrichment.mosaic.errors import PoolError, UnknownError
from enrichment.mosaic.gate import Gate
from enrichment.mosaic.match import Match, grid_for, match
from enrichment.mosaic.pool import Pool
from enrichment.mosaic.zoom import Zoom

MAX_LONGER = 128
KEPT_SIDE = MAX_LONGER * PARTS  # more of a picture is never looked at
KEPT_S = 600.0
KEPT_PICTURES = 64  # of at most 0.4 MB, and their matches, 0.5 MB each
KEPT_MATCHES = 4

log = structlog.get_logger()


@dataclass(frozen=True)
class Wanted:
    """Cells along the longer side, the radius within which no picture is repeated, and the shift from 0 to 1."""

    longer: int = 80
    radius: int = 3
    shift: float = 0.8


@dataclass
class Kept:
    """A picture, when it is to be forgotten, and its latest matches."""

    picture: Image.Image
    until: float
    matches: OrderedDict[tuple[int, int], Match] = field(default_factory=OrderedDict)


class Studio:
    """Makes mosaics of the pictures of one atlas. All methods may be called by several threads."""

    def __init__(self, atlas: Atlas, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.atlas, self.zoom = atlas, Zoom(atlas)
        self._clock, self._lock = clock, threading.Lock()
        self._matching = Gate(at_once=1, waiting=16)
        self._decoding = Gate(at_once=1, waiting=8)
        self._built_in = {name: Kept(scene.draw(KEPT_SIDE), float("inf")) for name, scene in scenes.ALL.items()}
        self._sent: OrderedDict[str, Kept] = OrderedDict()

    def add(self, data: bytes) -> str:
        """Keep a picture and return its secret name. The oldest makes room.

        Raises: PictureError, BusyError.
        """
        with self._decoding.entered():
            picture = decode(data, KEPT_SIDE).rgb
        name = secrets.token_urlsafe(16)
        with self._lock:
            self._forget_old()
            while len(self._sent) >= KEPT_PICTURES:
                self._sent.popitem(last=False)
            self._sent[name] = Kept(picture, self._clock() + KEPT_S)
        return name

    def with_pictures_of(self, atlas: Atlas) -> "Studio":
        """Return a studio that makes mosaics of others, of the same pictures that people have sent."""
        other = Studio(atlas, clock=self._clock)
        with self._lock:
            other._sent.update((name, Kept(kept.picture, kept.until)) for name, kept in self._sent.items())
        return other

    def forget(self, name: str) -> None:
        with self._lock:
            self._sent.pop(name, None)

    def picture(self, name: str) -> Image.Image:
        """Return what is kept of a picture. Raises: UnknownError."""
        return self._kept(name).picture

    def mosaic(self, name: str, wanted: Wanted) -> Mosaic:
        """Return a mosaic of a picture, made now or before. Raises: UnknownError, BusyError."""
        kept = self._kept(name)
        made = self._made(kept, wanted)
        if made is None:
            with self._matching.entered():
                made = self._made(kept, wanted) or self._make(kept, wanted)
        return Mosaic(made, self.atlas, wanted.shift)

    def _kept(self, name: str) -> Kept:
        with self._lock:
            self._forget_old()
            kept = self._built_in.get(name) or self._sent.get(name)
        if kept is None:
            raise UnknownError("There is no such picture, or no longer.", hint="Send it again: it is kept ten minutes.")
        return kept

    def _made(self, kept: Kept, wanted: Wanted) -> Match | None:
        with self._lock:
            key = (wanted.longer, wanted.radius)
            if key in kept.matches:
                kept.matches.move_to_end(key)
            return kept.matches.get(key)

    def _make(self, kept: Kept, wanted: Wanted) -> Match:
        grid = grid_for(kept.picture, longer=wanted.longer, radius=wanted.radius, pictures=len(self.atlas))
        made = match(kept.picture, self.atlas, grid)
        with self._lock:
            kept.matches[wanted.longer, wanted.radius] = made
            while len(kept.matches) > KEPT_MATCHES:
                kept.matches.popitem(last=False)
        return made

    def _forget_old(self) -> None:
        now = self._clock()
        for name in [name for name, kept in self._sent.items() if kept.until <= now]:
            del self._sent[name]


class Studios:
    """The studio of a pool as it is now: made at the first request, and beside it again once the pool has changed."""

    def __init__(self, look: Callable[[], Pool]) -> None:
        self._look, self._lock = look, threading.Lock()
        self._studio: Studio | None = None
        self._state = ""

    def current(self) -> Studio:
        """Return it, the first time after a few seconds; while another is made, the former. Raises: PoolError."""
        pool = self._look()
        with self._lock:
            if self._studio is None:
                self._studio, self._state = Studio(build(pool)), pool.state
            elif pool.state != self._state:
                self._state = pool.state  # also if it cannot be used: it is tried once
                threading.Thread(target=self._renew, args=(self._studio, pool), daemon=True).start()
            return self._studio

    def _renew(self, former: Studio, pool: Pool) -> None:
        try:
            atlas = build(pool)
        except PoolError as error:
            log.warning("pool_not_used", reason=error.message)
            return
        with self._lock:
            if pool.state == self._state:  # or else it has changed again
                self._studio = former.with_pictures_of(atlas)
