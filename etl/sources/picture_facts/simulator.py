"""NASA's servers of pictures, as far as we use them: a picture of our own making at any path, as wide as requested.

The picture at a path is always the same. Nothing is stored: each is made on request.
"""

from __future__ import annotations

import random
import struct
import zlib
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from etl.simulate.faults import Faults

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ABOUT = "made-up pictures at any path"
PATHS = ("/dynamicimage/", "/msl-raw-images/", "/mars2020-raw-images/")
WIDEST, SHAPE = 384, 0.75  # pixels of the original; height divided by width
DRAWN = 96  # pixels across, at any width: each is drawn as a square of several
STARS = 40


def picture(path: str, width: int) -> bytes:
    """A PNG: a glow and some stars, placed by the path."""
    dice = random.Random(path)  # noqa: S311 - no secret depends on it
    side = max(1, min(width, WIDEST) // DRAWN)
    across, down = DRAWN, int(DRAWN * SHAPE)
    middle = (dice.uniform(0.2, 0.8) * across, dice.uniform(0.2, 0.8) * down)
    wide, colour = dice.uniform(8, 40), [dice.randrange(60, 256) for _ in range(3)]
    stars = {(dice.randrange(across), dice.randrange(down)) for _ in range(STARS)}
    rows = []
    for y in range(down):
        row = bytearray(b"\0")  # no filter
        for x in range(across):
            near = 1 / (1 + ((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / wide**2)
            pixel = b"\xff\xff\xff" if (x, y) in stars else bytes(int(part * near) for part in colour)
            row += pixel * side
        rows.append(bytes(row) * side)
    return _png(across * side, down * side, b"".join(rows))


def _png(width: int, height: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def make_app(
    faults: Faults | None = None,
    *,
    with_limits: bool = True,  # noqa: ARG001 - the server has none
) -> WSGIApplication:
    """Return the server as a WSGI application, with the faults planned for it."""

    def respond(request: Request) -> Response:
        if request.path == "/":
            return Response("Pictures, simulated\n", mimetype="text/plain")
        if not request.path.startswith(PATHS):
            return Response("Not Found", 404, mimetype="text/plain")
        return Response(picture(request.path, request.args.get("w", WIDEST, int)), mimetype="image/png")

    return (faults or Faults()).wrap(respond)
