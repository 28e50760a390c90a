"""What is said about a picture: by a source that lists it, by `enrichment`, and by us about both."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from etl.sources.records import Contract, Count, Day, Id, Instant, LongText, Number, Text, Url

Share = Annotated[Number, Field(ge=0, le=1)]
Colour = Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
Hash64 = Annotated[str, Field(pattern="^[0-9a-f]{16}$")]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Status(StrEnum):
    """How far a picture has got."""

    DUE = "due"  # not asked for yet, or not described yet
    DESCRIBED = "described"
    REFUSED = "refused"  # it was received, and nothing can be said about it
    UNREACHABLE = "unreachable"  # it was asked for, but not received


class Listed(Contract):
    """A picture as a source lists it; `picture_url` is the bounded rendition."""

    source: Id
    item_id: Id
    picture_date: Day
    title: Text
    credit: LongText | None
    copyright: LongText | None
    page_url: Url
    picture_url: Url


class Record(Listed):
    """The same, and what is known about it; `file` is the page of bronze that holds it. Hashes are binary digits."""

    status: Annotated[Status, Field(strict=False)]
    reason: Text | None
    attempts: Count
    tried_at: Instant | None
    file: Text | None
    sha256: Sha256 | None
    facts_version: Id | None
    model_version: Id | None
    bytes: Count | None
    format: Id | None
    width: Count | None
    height: Count | None
    frames: Count | None
    average_colour: Colour | None
    dominant_colour: Colour | None
    brightness: Share | None
    contrast: Share | None
    sharpness: Number | None
    phash: Annotated[str, Field(pattern="^[01]{64}$")] | None
    dhash: Annotated[str, Field(pattern="^[01]{64}$")] | None
    subject_by_image: Id | None
    subject_confidence: Share | None
    subject_by_text: Id | None
    is_subject_agreed: bool | None


class DominantColour(Contract):
    """A colour and its share."""

    colour: Colour
    share: Share


class Facts(Contract):
    """What `enrichment` measures."""

    ignored: ClassVar = frozenset({"exif"})

    facts_version: Id
    sha256: Sha256
    bytes: Count
    format: Id
    width: Count
    height: Count
    frames: Count
    average_colour: Colour
    dominant_colours: Annotated[tuple[DominantColour, ...], Field(strict=False)]
    brightness: Share
    contrast: Share
    sharpness: Number | None
    phash: Hash64
    dhash: Hash64


class ImageSubject(Contract):
    """The subject that a model sees."""

    ignored: ClassVar = frozenset({"reason"})

    subject: Id | None
    confidence: Share | None
    model_version: Id | None


class TextSubject(Contract):
    """The subject that the title and the explanation name."""

    ignored: ClassVar = frozenset({"evidence"})

    subject: Id | None


class Description(Contract):
    """The answer of `enrichment`."""

    facts: Facts
    subject_by_image: ImageSubject
    subject_by_text: TextSubject | None
    subjects_agree: bool | None

    def flat(self) -> dict[str, Any]:
        """The same as fields of a record."""
        facts, seen = self.facts, self.subject_by_image
        return {
            **facts.model_dump(exclude={"dominant_colours"}),
            "dominant_colour": facts.dominant_colours[0].colour if facts.dominant_colours else None,
            "phash": _digits(facts.phash),
            "dhash": _digits(facts.dhash),
            "model_version": seen.model_version,
            "subject_by_image": seen.subject,
            "subject_confidence": seen.confidence,
            "subject_by_text": self.subject_by_text.subject if self.subject_by_text else None,
            "is_subject_agreed": self.subjects_agree,
        }


def _digits(hexadecimal: str) -> str:
    return f"{int(hexadecimal, 16):064b}"


LISTED = tuple(Listed.model_fields)
KNOWN = tuple(name for name in Record.model_fields if name not in LISTED)
NOTHING: Mapping[str, Any] = dict.fromkeys(KNOWN) | {"status": Status.DUE, "attempts": 0}
