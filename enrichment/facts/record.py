"""What is said about a picture. Importing this costs neither Pillow nor numpy."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Goes up with every change after which some picture has other facts, be it of a function here or of a decoder.
FACTS_VERSION = "2"

Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$", examples=["#1c2a4f"])]
Hash64 = Annotated[str, Field(pattern="^[0-9a-f]{16}$", examples=["c3d4a15e2b1f0e9d"])]


class Record(BaseModel):
    """Something that is known and does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DominantColour(Record):
    """A colour and how much of the picture is close to it."""

    colour: Colour
    share: Annotated[float, Field(ge=0, le=1)]


class Exif(Record):
    """What the file says about its making. Nothing else of its EXIF is read, above all no place."""

    make: str | None = None
    model: str | None = None
    software: str | None = None
    taken: Annotated[str | None, Field(description="As the camera wrote it; it knows no time zone.")] = None
    artist: str | None = None
    copyright: str | None = None


class Facts(Record):
    """Everything that is measured, of the first frame; equal for equal bytes and versions."""

    facts_version: str = FACTS_VERSION
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(ge=1)]
    format: Annotated[str, Field(examples=["JPEG"])]
    width: Annotated[int, Field(ge=1, description="Pixels, as displayed: turned as its EXIF says.")]
    height: Annotated[int, Field(ge=1)]
    frames: Annotated[int, Field(ge=1)]
    average_colour: Annotated[Colour, Field(description="Mean of the light, not of the numbers in the file.")]
    dominant_colours: Annotated[tuple[DominantColour, ...], Field(description="Up to five, the largest share first.")]
    brightness: Annotated[float, Field(ge=0, le=1, description="Mean lightness, L* of CIELAB, from 0 to 1.")]
    contrast: Annotated[float, Field(ge=0, le=1, description="Standard deviation of the same lightness.")]
    sharpness: Annotated[
        float | None,
        Field(ge=0, description="Variance of the Laplacian at 512 pixels; null if a side is too short for that."),
    ]
    phash: Annotated[Hash64, Field(description="Perceptual hash; two pictures of a distance up to 4 look the same.")]
    dhash: Annotated[Hash64, Field(description="Difference hash; up to 6 confirms what phash says.")]
    exif: Exif
