"""A PNG file as it grows, row by row: Pillow wants the whole picture in memory first."""

import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np

from enrichment.mosaic.atlas import Bytes

SIGNATURE = b"\x89PNG\r\n\x1a\n"
EFFORT = 4  # of 9: more costs time and saves little
UP = 2  # the filter: each byte as its difference from the one above


def chunks(width: int, height: int, strips: Iterable[Bytes], *, credits_text: str) -> Iterator[bytes]:
    """Yield the file in pieces. The strips, of shape (rows, width, 3), make up the height."""
    yield SIGNATURE
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    yield _chunk(b"iTXt", b"Copyright\0\1\0\0\0" + zlib.compress(credits_text.encode()))
    above = np.zeros((1, width * 3), np.uint8)
    packing = zlib.compressobj(EFFORT)
    for strip in strips:
        rows = strip.reshape(len(strip), -1)
        filtered = np.empty((len(rows), width * 3 + 1), np.uint8)
        filtered[:, 0] = UP
        filtered[:, 1:] = rows - np.concatenate([above, rows[:-1]])
        above = rows[-1:]
        packed = packing.compress(filtered.tobytes())
        if packed:
            yield _chunk(b"IDAT", packed)
    yield _chunk(b"IDAT", packing.flush())
    yield _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
