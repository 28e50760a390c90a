"""All the facts of a picture."""

from __future__ import annotations

import hashlib

from enrichment.facts import colours, hashes, sharpness
from enrichment.facts.decode import Picture, decode
from enrichment.facts.record import Facts


def facts_of(data: bytes) -> Facts:
    """The facts of a file. Raises: PictureError."""
    return measured(decode(data), data)


def measured(picture: Picture, data: bytes) -> Facts:
    """The facts of a file that is decoded already, to at least 512 pixels."""
    lightness = colours.lightness(picture.rgb)
    return Facts(
        sha256=hashlib.sha256(data).hexdigest(),
        bytes=len(data),
        format=picture.format,
        width=picture.width,
        height=picture.height,
        frames=picture.frames,
        average_colour=colours.average(picture.rgb),
        dominant_colours=colours.dominant(picture.rgb),
        brightness=lightness.mean,
        contrast=lightness.deviation,
        sharpness=sharpness.of(picture.rgb),
        phash=hashes.perceptual(picture.rgb),
        dhash=hashes.difference(picture.rgb),
        exif=picture.exif,
    )
