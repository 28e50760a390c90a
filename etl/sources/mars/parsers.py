"""Page bytes in, an Arrow batch and refused records out."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from etl.core.pages import PageContext, Parsed
from etl.sources.mars import contract as api
from etl.sources.mars import datasets as to
from etl.sources.mars.cameras import family_of
from etl.sources.mars.sols import CURIOSITY, PERSEVERANCE
from etl.sources.records import Rows, parse_records

SITE = "https://mars.nasa.gov"
JPEG = (".jpg", ".jpeg")


def photos(body: bytes, context: PageContext) -> Parsed:
    """Photos, in the order of the page, from either feed or the withdrawn API.

    A sol reaches beyond the days that were asked for: photos taken outside them are left out.
    """
    return parse_records(body, api.shape_of, (to.PHOTOS,), partial(_rows, context), records_in=api.photos_in)


def _rows(context: PageContext, photo: api.Photo) -> Rows:
    day = api.taken_date(photo)
    if not _is_asked_for(day, context):
        return {}
    row = _fields(photo)
    row |= {
        "sol": photo.sol,
        "taken_date": day,
        "camera_family": family_of(row["camera"]),
        "is_from_withdrawn_api": isinstance(photo, api.WithdrawnPhoto),
        "received_at": context.received_at,
    }
    return {to.PHOTOS.name: [row]}


def _is_asked_for(day: date, context: PageContext) -> bool:
    """A page that does not say which days it is about is about all."""
    if "from" not in context.about:
        return True
    return bool(context.about["from"] <= day.isoformat() < context.about["to"])


def _fields(photo: api.Photo) -> dict[str, Any]:
    if isinstance(photo, api.CuriosityPhoto):
        return _of_curiosity(photo)
    return _of_perseverance(photo) if isinstance(photo, api.PerseverancePhoto) else _of_the_withdrawn_api(photo)


def _of_curiosity(photo: api.CuriosityPhoto) -> dict[str, Any]:
    return {
        "photo_id": f"{CURIOSITY.mission}:{photo.id}",
        "rover": CURIOSITY.name,
        "taken_at": photo.date_taken,
        "taken_at_mars": photo.extended.lmst,
        "arrived_at": photo.date_received,
        "camera": photo.instrument,
        "is_thumbnail": photo.is_thumbnail or _is_thumbnail(photo.extended.sample_type),
        "sample_type": photo.extended.sample_type,
        "title": photo.title,
        "credit": photo.image_credit,
        "site": photo.site,
        "drive": photo.drive,
        "image_url": photo.https_url,
        "rendition_url": _if_jpeg(photo.https_url),
        "page_url": f"{SITE}/{photo.link.lstrip('/')}" if photo.link else None,
    }


def _of_perseverance(photo: api.PerseverancePhoto) -> dict[str, Any]:
    files = photo.image_files or api.Files()
    return {
        "photo_id": f"{PERSEVERANCE.mission}:{photo.imageid}",
        "rover": PERSEVERANCE.name,
        "taken_at": photo.date_taken_utc,
        "taken_at_mars": photo.date_taken_mars,
        "arrived_at": photo.date_received,
        "camera": photo.camera.instrument,
        "is_thumbnail": _is_thumbnail(photo.sample_type),
        "sample_type": photo.sample_type,
        "title": photo.title,
        "credit": photo.credit,
        "site": photo.site,
        "drive": photo.drive,
        "image_url": files.full_res or files.large or files.medium or files.small,
        "rendition_url": files.medium or files.small,
        "page_url": photo.link,
    }


def _of_the_withdrawn_api(photo: api.WithdrawnPhoto) -> dict[str, Any]:
    return {
        "photo_id": f"mars-photos:{photo.id}",  # its own numbers: no feed knows them
        "rover": photo.rover.name.lower(),
        "taken_at": None,
        "taken_at_mars": None,
        "arrived_at": None,
        "camera": photo.camera.name,
        "is_thumbnail": False,
        "sample_type": None,
        "title": None,
        "credit": None,
        "site": None,
        "drive": None,
        "image_url": photo.img_src,
        "rendition_url": None,
        "page_url": None,
    }


def _if_jpeg(url: str | None) -> str | None:
    return url if url and url.lower().endswith(JPEG) else None


def _is_thumbnail(sample_type: str | None) -> bool:
    return sample_type is not None and sample_type.strip().lower() == api.THUMBNAIL
