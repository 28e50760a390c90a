"""The records of the rovers' raw image feeds, and of the API that was withdrawn in 2025.

Curiosity: https://mars.nasa.gov/api/v1/raw_image_items/. Perseverance: https://mars.nasa.gov/rss/api/. Neither is
documented. The withdrawn one: https://api.nasa.gov/mars-photos/api/v1.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field

from etl.core.documents import Ambiguous, BrokenPageError
from etl.sources.records import Contract, Count, Day, Id, Instant, Text, Url, records_of

LISTS = ("items", "images", "photos")  # Curiosity's, Perseverance's, the withdrawn API's
THUMBNAIL = "thumbnail"  # a sample type


def _in_utc(value: Any) -> Any:
    """Perseverance's feed omits the time zone."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return value
    return f"{value}Z" if at is not None and at.tzinfo is None and len(value) > len("2021-06-01") else value


def _whole(value: Any) -> Any:
    """A number, which Perseverance's feed may write as text; None for text that is not a number."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 else None
    return value


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _after_the_first_landing(at: datetime) -> datetime:
    if at < datetime(2012, 8, 6, tzinfo=UTC):
        raise ValueError("is before the first of these rovers landed")
    return at


Taken = Annotated[
    Annotated[Instant, AfterValidator(_after_the_first_landing)],
    BeforeValidator(_in_utc),
]
Arrived = Annotated[Annotated[Instant, BeforeValidator(_in_utc)] | None, BeforeValidator(_none_if_blank)]
Place = Annotated[Count | None, BeforeValidator(_whole)]
Media = Annotated[Url | None, BeforeValidator(_none_if_blank)]


class MoreOfCuriosity(Contract):
    """The fields that Curiosity's feed nests under `extended`."""

    sample_type: Text | None = None
    lmst: Text | None = None


class CuriosityPhoto(Contract):
    """A photo from Curiosity's feed; `link` is a path below mars.nasa.gov."""

    ignored: ClassVar = frozenset(
        {
            "imageid",
            "url",
            "spacecraft_clock",
            "subframe_rect",
            "scale_factor",
            "camera_vector",
            "camera_position",
            "camera_model_type",
            "camera_model_component_list",
            "attitude",
            "xyz",
            "created_at",
            "updated_at",
            "instrument_sort",
            "sample_type_sort",
            "description",
        }
    )

    id: Annotated[int, Field(ge=0, lt=2**53)]
    mission: Annotated[Text, Field(pattern="^msl$")]
    sol: Count
    instrument: Id
    https_url: Media
    site: Place
    drive: Place
    date_taken: Taken
    date_received: Arrived
    is_thumbnail: bool
    title: Text | None
    link: Text | None
    image_credit: Text | None
    extended: MoreOfCuriosity


class Camera(Contract):
    """The camera of one of Perseverance's photos."""

    instrument: Id


class Files(Contract):
    """A photo in up to four sizes."""

    small: Media = None
    medium: Media = None
    large: Media = None
    full_res: Media = None


class PerseverancePhoto(Contract):
    """A photo from Perseverance's feed."""

    ignored: ClassVar = frozenset(["extended", "attitude", "caption", "json_link"])

    imageid: Id
    sol: Count
    camera: Camera
    sample_type: Text
    date_taken_utc: Taken
    date_taken_mars: Text | None
    date_received: Arrived
    title: Text | None
    credit: Text | None
    link: Url
    site: Place
    drive: Place
    image_files: Files | None = None


class WithdrawnCamera(Contract):
    """The camera as the withdrawn API named it."""

    name: Id


class WithdrawnRover(Contract):
    """The rover as the withdrawn API named it; it had four."""

    name: Id


class WithdrawnPhoto(Contract):
    """A photo from the withdrawn API, which knew the day, not the instant, and had no thumbnails."""

    id: Annotated[int, Field(ge=0, lt=2**53)]
    sol: Count
    camera: WithdrawnCamera
    img_src: Media
    earth_date: Day
    rover: WithdrawnRover


Photo = CuriosityPhoto | PerseverancePhoto | WithdrawnPhoto


def shape_of(record: Any) -> type[CuriosityPhoto] | type[PerseverancePhoto] | type[WithdrawnPhoto]:
    """The contract of a record; one that fits none is refused by the first."""
    if not isinstance(record, dict):
        return CuriosityPhoto
    if "earth_date" in record:
        return WithdrawnPhoto
    return PerseverancePhoto if "date_taken_utc" in record or "sample_type" in record else CuriosityPhoto


def photos_in(document: Any) -> list[Any]:
    """The records of a page: of one answer, or of the several in which Curiosity's feed returns a sol.

    Raises: BrokenPageError if there are none, with the API's own reason if it gave one.
    """
    answers = document if isinstance(document, list) else [document]
    return [photo for answer in answers for photo in _photos(answer)]


def _photos(answer: Any) -> list[Any]:
    if isinstance(answer, Ambiguous) or not isinstance(answer, dict):
        return records_of(answer if isinstance(answer, Ambiguous) else None)
    for name in LISTS:
        if isinstance(found := answer.get(name), list):
            return found
    if "imageid" in answer:  # asked for one photo, Perseverance's feed returns it bare
        return [answer]
    said = next((answer[name] for name in ("error", "errors", "message") if answer.get(name)), None)
    raise BrokenPageError(f"the API says: {said}"[:300] if said else "holds no list of photos")


def taken_date(photo: Photo) -> date:
    """The Earth day on which it was taken, in UTC."""
    if isinstance(photo, WithdrawnPhoto):
        return photo.earth_date
    return (photo.date_taken if isinstance(photo, CuriosityPhoto) else photo.date_taken_utc).date()
