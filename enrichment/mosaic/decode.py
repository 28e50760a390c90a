"""Bytes of strangers become pixels, within limits."""

import io
import warnings

from PIL import Image, ImageOps

from enrichment.mosaic.errors import PictureError, PictureTooLargeError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF")
MAX_PIXELS = 24_000_000
MAX_BYTES = 10_000_000


def decode(data: bytes, *, side: int, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Return the picture's first frame, upright, in RGB on white, at most `side` pixels wide and high.

    Raises: PictureError, PictureTooLargeError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                _check_size(picture, max_pixels)
                picture.draft("RGB", (side, side))  # a JPEG is decoded small: less time, less memory
                reduced = _rgb(picture)
                reduced.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=None)
                return _upright(picture, reduced)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_large(max_pixels) from None
    except PictureError:
        raise
    except Exception as error:  # of a broken file, Pillow raises whatever its decoder does
        raise PictureError(
            f"This is not a picture that can be read ({type(error).__name__}).",
            hint="Choose a JPEG, PNG, WebP, GIF or TIFF.",
        ) from None


def _check_size(picture: Image.Image, max_pixels: int) -> None:
    if picture.width * picture.height > max_pixels:
        raise _too_large(max_pixels)


def _too_large(max_pixels: int) -> PictureError:
    return PictureTooLargeError(
        f"The picture has more than {max_pixels // 1_000_000} million pixels.", hint="Make it smaller and try again."
    )


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        return picture.point(lambda value: value / 256).convert("L").convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return picture.convert("RGB")


def _upright(original: Image.Image, reduced: Image.Image) -> Image.Image:
    reduced.getexif()[_ORIENTATION] = original.getexif().get(_ORIENTATION, 1)
    return ImageOps.exif_transpose(reduced)


_ORIENTATION = 0x0112
