"""Page bytes in, an Arrow batch and refused records out."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from etl.core.pages import PageContext, Parsed
from etl.sources.apod import contract as api
from etl.sources.apod import datasets as to
from etl.sources.apod.plain import explanation_of, text_of, video_in
from etl.sources.records import Rows, parse_records

RESIZING = "https://assets.science.nasa.gov/dynamicimage/"
AT_MOST_1024_WIDE = "w=1024&fit=clip"


def pictures(body: bytes, context: PageContext) -> Parsed:
    """Pictures, in the order of the page, from today's API or the withdrawn one."""
    return parse_records(
        body, api.shape_of, (to.PICTURES,), partial(_rows, context.received_at), records_in=api.pictures_in
    )


def _rows(received_at: datetime, picture: api.Picture | api.WithdrawnPicture) -> Rows:
    row = _picture(picture) if isinstance(picture, api.Picture) else _withdrawn_picture(picture)
    return {
        to.PICTURES.name: [
            row
            | {
                "picture_date": picture.date,
                "title": text_of(picture.title) or "",
                "media_type": picture.media_type if picture.media_type in api.MEDIA else "other",
                "explanation": explanation_of(picture.explanation),
                "copyright": text_of(picture.copyright),
                "received_at": received_at,
            }
        ]
    }


def _picture(picture: api.Picture) -> dict[str, Any]:
    is_video = picture.media_type in ("video", "iframe")
    return {
        "credit": text_of(picture.credit),
        "alt_text": text_of(picture.alt),
        "picture_url": picture.hdurl,
        "rendition_url": _rendition(picture.hdurl),
        "video_url": video_in(picture.basic_html, picture.permalink) if is_video else None,
        "page_url": picture.permalink,
        "is_poster": is_video and picture.hdurl is not None,
        "is_from_withdrawn_api": False,
    }


def _withdrawn_picture(picture: api.WithdrawnPicture) -> dict[str, Any]:
    is_video = picture.media_type == "video"
    shown = picture.thumbnail_url if is_video else picture.hdurl or picture.url
    return {
        "credit": None,
        "alt_text": None,
        "picture_url": shown,
        "rendition_url": None,
        "video_url": picture.url if is_video else None,
        "page_url": f"https://apod.nasa.gov/apod/ap{picture.date:%y%m%d}.html",
        "is_poster": is_video and shown is not None,
        "is_from_withdrawn_api": True,
    }


def _rendition(url: str | None) -> str | None:
    """The same picture at a bounded size, which NASA's image server makes as the query says."""
    if url is None or not url.startswith(RESIZING):
        return None
    return urlsplit(url)._replace(query=AT_MOST_1024_WIDE, fragment="").geturl()
