"""How many frames a file has, counted without decoding them and without following a list that does not end."""

import struct

from PIL import Image

from enrichment.facts.errors import BrokenPictureError, PictureTooLargeError

MOST = 10_000


def count(image: Image.Image, data: bytes) -> int:
    """Frames of an opened file. Raises: PictureTooLargeError, BrokenPictureError."""
    if image.format == "TIFF":
        return _directories(data)
    if image.format == "GIF" and data.count(b"\x00,") > MOST:  # each frame begins so, after the end of a block
        raise _too_many()
    frames = int(getattr(image, "n_frames", 1))
    if frames > MOST:
        raise _too_many()
    return frames


def _directories(data: bytes) -> int:
    """The length of a TIFF's chain of directories."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = data[2:4] in (b"+\x00", b"\x00+")
    counted, pointer, entry = ("Q", "Q", 20) if is_big else ("H", "I", 12)
    at, seen = struct.unpack_from(f"{order}{pointer}", data, 8 if is_big else 4)[0], set[int]()
    while at:
        if at in seen:
            raise BrokenPictureError("The list of the picture's frames leads back to itself.", hint="Save it again.")
        if len(seen) == MOST:
            raise _too_many()
        seen.add(at)
        try:
            entries = struct.unpack_from(f"{order}{counted}", data, at)[0]
            at = struct.unpack_from(f"{order}{pointer}", data, at + struct.calcsize(counted) + entry * entries)[0]
        except struct.error as error:
            raise BrokenPictureError("The list of the picture's frames breaks off.", hint="Send all of it.") from error
    return len(seen)


def _too_many() -> PictureTooLargeError:
    return PictureTooLargeError(f"The picture has more than {MOST:,} frames.", hint="Send its first frame alone.")
