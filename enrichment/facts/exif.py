"""The few fields of a picture's EXIF that are passed on: an allow-list, so that no other field, nor a place, can be."""

from PIL import Image

from enrichment.facts.record import Exif

ORIENTATION, DETAILS, TAKEN = 0x0112, 0x8769, 0x9003
FIELDS = {"make": 0x010F, "model": 0x0110, "software": 0x0131, "artist": 0x013B, "copyright": 0x8298}
CHANGED = 0x0132  # of the file, if the camera says nothing else
LONGEST = 200

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ON_ITS_SIDE = frozenset(TURNS[orientation] for orientation in (5, 6, 7, 8))


def turn(image: Image.Image) -> Image.Transpose | None:
    """How to turn the pixels in the file so that the picture is the right way up."""
    return TURNS.get(_tags(image).get(ORIENTATION, 1))


def read(image: Image.Image) -> Exif:
    """What may be passed on."""
    tags = _tags(image)
    try:
        details = dict(tags.get_ifd(DETAILS))
    except Exception:  # see _tags
        details = {}
    taken = _text(details.get(TAKEN)) or _text(tags.get(CHANGED))
    return Exif(taken=taken, **{name: _text(tags.get(number)) for name, number in FIELDS.items()})


def _tags(image: Image.Image) -> Image.Exif:
    """Empty if it cannot be read: a picture is no worse for a broken label."""
    try:
        return image.getexif()
    except Exception:
        return Image.Exif()


def _text(value: object) -> str | None:
    """A short line without control characters, or None for anything else."""
    if not isinstance(value, str):
        return None
    printable = "".join(character for character in value if character.isprintable())
    return " ".join(printable.split())[:LONGEST] or None
