"""The records of NASA's Astronomy Picture of the Day: from today's API, and from the one it replaced in 2026.

The API now: https://science.nasa.gov/wp-json/wp/v2/apod-basic. The withdrawn one: https://api.nasa.gov/planetary/apod.
"""

from __future__ import annotations

from datetime import date as day
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from etl.core.documents import BrokenPageError
from etl.sources.records import Contract, Day, LongText, Text, Url, records_of, web_url

FIRST_DAY = day(1995, 6, 16)
LOGO = "nasa-logo"  # in the picture's URL: what the withdrawn API returns for every day
MEDIA = ("image", "video", "iframe")


def _not_before_the_first(value: day) -> day:
    if value < FIRST_DAY:
        raise ValueError(f"is before the first picture, that of {FIRST_DAY}")
    return value


def _not_the_logo(value: str) -> str:
    if LOGO in value:
        raise ValueError("is NASA's logo, which the withdrawn API returns instead of every picture")
    return value


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


PictureDay = Annotated[Day, AfterValidator(_not_before_the_first)]
Media = Annotated[
    Annotated[str, Field(max_length=2_000), AfterValidator(web_url), AfterValidator(_not_the_logo)] | None,
    BeforeValidator(_none_if_blank),
]


class Picture(Contract):
    """A picture of the day. Texts are HTML; `hdurl` is the picture, or a video's poster; `url` is an article."""

    ignored: ClassVar = frozenset({"post_id", "url", "basic_html_url"})

    date: PictureDay
    title: Text
    permalink: Url
    media_type: Text
    explanation: LongText | None
    credit: LongText | None
    copyright: LongText | None
    alt: LongText | None
    hdurl: Media
    basic_html: LongText | None


class WithdrawnPicture(Contract):
    """The same from the withdrawn API: `url` is the picture or the video, and fields without a value are omitted."""

    ignored: ClassVar = frozenset({"service_version", "concepts", "concept_tags"})

    date: PictureDay
    title: Text
    media_type: Text
    explanation: LongText | None = None
    copyright: LongText | None = None
    url: Media = None
    hdurl: Media = None
    thumbnail_url: Media = None


def shape_of(record: Any) -> type[Picture] | type[WithdrawnPicture]:
    """The contract of a record; one that fits neither is refused by the first."""
    is_withdrawn = isinstance(record, dict) and "service_version" in record and "permalink" not in record
    return WithdrawnPicture if is_withdrawn else Picture


def shown_in(record: Any) -> str:
    """The URL of what a record shows, valid or not; "" if it has none."""
    if not isinstance(record, dict):
        return ""
    names = ("hdurl", "url") if shape_of(record) is WithdrawnPicture else ("hdurl",)
    return next((value for name in names if isinstance(value := record.get(name), str) and value.strip()), "")


def pictures_in(document: Any) -> list[Any]:
    """The records of an answer; an answer for a single day is one record.

    Raises: BrokenPageError if there are none, with the API's own reason if it gave one.
    """
    if isinstance(document, dict) and "date" in document:
        return [document]
    if isinstance(document, dict) and "code" in document:
        raise BrokenPageError(f"the API says: {document.get('message') or document.get('msg')}"[:300])
    return records_of(document)
