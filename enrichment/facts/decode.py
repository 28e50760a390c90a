"""From bytes to a small picture in RGB, within bounds of memory and time whatever the bytes are."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from PIL import Image, UnidentifiedImageError

from enrichment.facts import exif, frames, jpeg, pixels
from enrichment.facts.errors import BrokenPictureError, PictureError, PictureTooLargeError, UnknownFormatError
from enrichment.facts.record import Exif

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF")  # of Pillow's many; no format that can run or load anything
MOST_BYTES = 20_000_000
MOST_PIXELS = 16_000_000  # of what is decoded as a whole
MOST_STREAMED_PIXELS = 100_000_000  # of what can be decoded at a fraction of its size
MOST_WORK = 320_000_000  # pixels times scans
LONGEST = 512  # the longer side of what is measured

# Pillow's own bounds, which also hold for frames and tiles that the header does not tell of. It warns from one
# times the bound, and raises from twice; here, both are errors.
Image.MAX_IMAGE_PIXELS = MOST_STREAMED_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `rgb` is its first frame, the right way up and reduced; the rest describes the file."""

    rgb: Image.Image
    format: str
    width: int
    height: int
    frames: int
    exif: Exif


def decode(data: bytes, longest: int = LONGEST) -> Picture:
    """Read a picture so that its longer side has at most `longest` pixels.

    Transparent parts become black; colour profiles are ignored.
    Raises: UnknownFormatError, PictureTooLargeError, BrokenPictureError.
    """
    if len(data) > MOST_BYTES:
        raise PictureTooLargeError(
            f"The picture has {len(data):,} bytes, of {MOST_BYTES:,} allowed.", hint="Send a smaller rendition."
        )
    with _errors_of_pillow(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        name = "JPEG" if image.format == "MPO" else str(image.format)
        _check_effort(image.size, name, data)
        turn = exif.turn(image) if name != "TIFF" else None  # Pillow itself turns a TIFF
        size = image.size
        image.draft(None, _within(size, 2 * longest))  # twice as large, so that the rest of the way looks smooth
        image.load()
        if name != "JPEG":
            size = image.size
        rgb = pixels.reduced(image, _within(image.size, longest))
        picture = Picture(rgb, name, *size, frames.count(image, data), exif.read(image))
    return picture if turn is None else _turned(picture, turn)


def _check_effort(size: tuple[int, int], name: str, data: bytes) -> None:
    """Raises: PictureTooLargeError, of a picture that costs too much, before any of it is decoded."""
    scans, is_streamed = jpeg.effort(data) if name == "JPEG" else (1, False)
    most = MOST_STREAMED_PIXELS if is_streamed else MOST_PIXELS
    width, height = size
    if width * height > most:
        raise PictureTooLargeError(
            f"The picture has {width:,} × {height:,} pixels; a {name} like this may have {most // 1_000_000} million.",
            hint="Send a smaller rendition, such as one 1,024 pixels wide.",
        )
    if not is_streamed and width * height * scans > MOST_WORK:
        raise PictureTooLargeError(
            f"The picture is drawn {scans:,} times over, which takes too long.", hint="Save it again as a plain JPEG."
        )


def _within(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The same shape, no side longer than that and none shorter than a pixel; never enlarged."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _turned(picture: Picture, turn: Image.Transpose) -> Picture:
    rgb = picture.rgb.transpose(turn)
    is_on_its_side = turn in exif.ON_ITS_SIDE
    width, height = (picture.height, picture.width) if is_on_its_side else (picture.width, picture.height)
    return replace(picture, rgb=rgb, width=width, height=height)


@contextmanager
def _errors_of_pillow() -> Iterator[None]:
    """Its decoders raise whatever their code runs into; for the caller there are three reasons."""
    try:
        yield
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise UnknownFormatError(
            f"This is not a picture in one of the formats {', '.join(FORMATS)}.", hint="Convert it, to JPEG or PNG."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise PictureTooLargeError(
            "Decoding the picture would take more memory than it may.", hint="Send a smaller rendition."
        ) from error
    except Exception as error:
        raise BrokenPictureError(
            f"The picture cannot be decoded: {error}.", hint="Send all its bytes, or save it again."
        ) from error
