"""NASA's picture of the day, as far as we use it: the same paths, shapes and habits, with pictures of our own making.

The picture of a day is always the same. Nothing is stored: each is made when it is asked for.
"""

from __future__ import annotations

import json
import math
import re
import time
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from etl.simulate.faults import Faults

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ABOUT = "made-up pictures of any day since June 1995"
PATH = "/wp-json/wp/v2/apod-basic"
WITHDRAWN_PATH = "/planetary/apod"
FIRST = date(1995, 6, 16)
WITHOUT = frozenset({date(1995, 6, 17), date(1995, 6, 18), date(1995, 6, 19), date(2020, 6, 10)})
PUBLISHED_AT = timedelta(hours=5, minutes=5)  # UTC, in winter
MOST_PER_PAGE, USUAL_PER_PAGE = 25, 10
DAY = timedelta(days=1)
AGAIN, AFTER = 200, 100  # one day in 200 shows the picture of 100 days earlier
SITE = "https://science.nasa.gov"
FILES = "https://assets.science.nasa.gov"
LOGO = f"{SITE}/wp-content/themes/nasa/assets/images/nasa-logo.svg"
OBJECTS: Sequence[tuple[str, str, str]] = (
    ("M 1", "supernova remnant", "Taurus"),
    ("M 8", "emission nebula", "Sagittarius"),
    ("M 13", "globular cluster", "Hercules"),
    ("M 16", "open cluster with a nebula", "Serpens"),
    ("M 27", "planetary nebula", "Vulpecula"),
    ("M 31", "spiral galaxy", "Andromeda"),
    ("M 33", "spiral galaxy", "Triangulum"),
    ("M 42", "emission nebula", "Orion"),
    ("M 44", "open cluster", "Cancer"),
    ("M 45", "open cluster", "Taurus"),
    ("M 51", "spiral galaxy", "Canes Venatici"),
    ("M 57", "planetary nebula", "Lyra"),
    ("M 63", "spiral galaxy", "Canes Venatici"),
    ("M 64", "spiral galaxy", "Coma Berenices"),
    ("M 81", "spiral galaxy", "Ursa Major"),
    ("M 82", "irregular galaxy", "Ursa Major"),
    ("M 87", "elliptical galaxy", "Virgo"),
    ("M 97", "planetary nebula", "Ursa Major"),
    ("M 101", "spiral galaxy", "Ursa Major"),
    ("M 104", "spiral galaxy", "Virgo"),
    ("NGC 104", "globular cluster", "Tucana"),
    ("NGC 253", "spiral galaxy", "Sculptor"),
    ("NGC 869", "open cluster", "Perseus"),
    ("NGC 2070", "emission nebula", "Dorado"),
    ("NGC 3372", "emission nebula", "Carina"),
    ("NGC 5139", "globular cluster", "Centaurus"),
    ("NGC 7000", "emission nebula", "Cygnus"),
    ("NGC 7293", "planetary nebula", "Aquarius"),
)
MAKERS = (
    "A. Example",
    "B. Muster & C. Ejemplo",
    "D. Exemple (Observatory of Nowhere)",
    "E. Esempio",
    "NASA",
    "NASA, ESA, CSA, STScI",
)
VIEWS = (
    "in visible light",
    "in infrared light",
    "through a small telescope",
    "over a dark hill",
    "in hydrogen's light",
)


def has_picture(day: date) -> bool:
    """Whether there is one; in some months a day is missing."""
    return day >= FIRST and day not in WITHOUT and (day - FIRST).days % 241 != 100


def picture(day: date) -> dict[str, Any]:
    """The record of a day."""
    name, kind, constellation, view = _subject(day)
    title = f"{name} in {constellation} {view}"
    media_type = _media_type(day)
    page = f"{SITE}/image-article/apod-{day.year}-{day:%B}-{day.day}-{_slug(title)}/".lower()
    credit = f'<a href="https://example.org/makers">{MAKERS[_chance(day, "maker") % len(MAKERS)]}</a>'
    return {
        "date": day.isoformat(),
        "post_id": 1_000_000 + (day - FIRST).days,
        "title": title.replace("'", "&#8217;"),
        "permalink": page,
        "media_type": media_type,
        "explanation": _explanation(name, kind, constellation, day),
        "credit": credit.replace("&", "&amp;"),
        "copyright": "" if _chance(day, "rights") % 3 else credit.replace("&", "&amp;"),
        "alt": f"A {kind} among stars.",
        "url": page,
        "hdurl": _file(day, media_type),
        "basic_html": _page(day, title, media_type),
        "basic_html_url": f"{SITE}{PATH}/{day:%y%m%d}/html",
    }


def withdrawn_picture(day: date) -> dict[str, Any]:
    """The record of a day as the first API has returned it since it was switched off."""
    return {
        "date": day.isoformat(),
        "explanation": "",
        "hdurl": LOGO,
        "media_type": "image",
        "service_version": "v1",
        "title": "NASA",
        "url": LOGO,
    }


def make_app(
    faults: Faults | None = None,
    *,
    with_limits: bool = True,  # noqa: ARG001 - the API has none
    clock: Callable[[], float] = time.time,
) -> WSGIApplication:
    """The API as a WSGI application, with the faults planned for it; `clock` returns the Unix time."""

    def respond(request: Request) -> Response:
        last = (datetime.fromtimestamp(clock(), UTC) - PUBLISHED_AT).date()
        path = request.path.rstrip("/")
        if path == PATH:
            return _list(request.args, last)
        if one := re.fullmatch(rf"{PATH}/(\d{{6}})(/html)?", path):
            return _one(_day(one[1]), last, as_html=bool(one[2]))
        if path == WITHDRAWN_PATH:
            return _withdrawn(request.args, last)
        if not path:
            return Response("Astronomy pictures of the day, simulated\n", mimetype="text/plain")
        return _error("rest_no_route", "No route was found matching the URL and request method.")

    return (faults or Faults()).wrap(respond)


# The answers


def _list(asked: MultiDict[str, str], last: date) -> Response:
    """A page, newest picture first; beyond the last page, the first one. Unknown parameters are ignored."""
    start, end = max(_day(asked.get("date_from")) or FIRST, FIRST), min(_day(asked.get("date_to")) or last, last)
    days = [end - n * DAY for n in range((end - start).days + 1) if has_picture(end - n * DAY)]
    size = min(max(asked.get("per_page", USUAL_PER_PAGE, int), 1), MOST_PER_PAGE)
    pages = math.ceil(len(days) / size)
    number = asked.get("page", 1, int)
    first = (number - 1) * size if 1 <= number <= pages else 0
    response = _json([picture(day) for day in days[first : first + size]])
    response.headers["X-WP-Total"], response.headers["X-WP-TotalPages"] = str(len(days)), str(pages)
    return response


def _one(day: date | None, last: date, *, as_html: bool) -> Response:
    if day is None or day > last or not has_picture(day):
        return _error("apod_basic_not_found", "APOD not found.")
    found = picture(day)
    return Response(found["basic_html"], mimetype="text/html") if as_html else _json(found)


def _withdrawn(asked: MultiDict[str, str], last: date) -> Response:
    """Since September 2026: the logo, whichever days are asked for."""
    if "start_date" not in asked:
        return _json(withdrawn_picture(asked.get("date", last, date.fromisoformat)))
    start, end = asked.get("start_date", last, date.fromisoformat), asked.get("end_date", last, date.fromisoformat)
    return _json([withdrawn_picture(start + n * DAY) for n in range((end - start).days + 1)])


def _json(document: object) -> Response:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(text, content_type="application/json; charset=UTF-8")


def _error(code: str, message: str) -> Response:
    response = _json({"code": code, "message": message, "data": {"status": 404}})
    response.status_code = 404
    return response


def _day(text: str | None) -> date | None:
    """A day as YYMMDD, of 1995 to 2094; None for anything else."""
    try:
        year, month, day = (int(part) for part in re.findall(r"\d\d", text or "") if len(text or "") == 6)
        return date(year + (1900 if year >= 95 else 2000), month, day)
    except ValueError:
        return None


# A picture


def _chance(day: date, of: str) -> int:
    return zlib.crc32(f"{of} {day}".encode())


def _media_type(day: date) -> str:
    n = (day - FIRST).days
    if n % AGAIN in (AGAIN - 1, AGAIN - 1 - AFTER):  # what is shown again is an image
        return "image"
    return {7: "video", 19: "iframe"}.get(n % 30, "other" if n % 500 == 41 else "image")


def _subject(day: date) -> tuple[str, str, str, str]:
    shown = _shown(day)
    return (*OBJECTS[_chance(shown, "object") % len(OBJECTS)], VIEWS[_chance(shown, "view") % len(VIEWS)])


def _shown(day: date) -> date:
    """The day on which a picture was first shown."""
    return day - AFTER * DAY if (day - FIRST).days % AGAIN == AGAIN - 1 else day


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _file(day: date, media_type: str) -> str:
    """The picture, or a video's poster; many players share one."""
    day = _shown(day)
    folder = f"{FILES}/dynamicimage/assets/science/cds/apod/apod"
    name = {"iframe": "poster", "other": ""}.get(media_type, f"{day.year}/{day:%B}/example_{day:%y%m%d}".lower())
    return f"{folder}/{name}.jpg?w=3200&h=2400&fit=clip&crop=faces%2Cfocalpoint" if name else ""


def _explanation(name: str, kind: str, constellation: str, day: date) -> str:
    link = f'<a href="https://example.org/{_slug(constellation)}">{constellation}</a>'
    return (
        f"<strong>Explanation:\N{NO-BREAK SPACE}</strong>{name} is a {kind} in the constellation {link}. "
        f"This record stands for its picture &amp; was made up for the {day.day}{_ordinal(day.day)} of {day:%B %Y}."
        '<br><br><strong>This site is <a href="https://example.org">simulated</a>:</strong> nobody took these pictures'
        f"<br><strong>Tomorrow's picture: </strong>{_subject(day + DAY)[0]}"
    )


def _ordinal(number: int) -> str:
    return "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _page(day: date, title: str, media_type: str) -> str:
    file = f"{FILES}/content/dam/science/cds/apod/apod/{day.year}/{day:%B}/example_{day:%y%m%d}.mp4".lower()
    shown = {
        "video": f'<video controls title=""><source src="{file}" type="video/mp4"></video>',
        "iframe": f'<iframe src="https://player.example.org/embed/{day:%y%m%d}?rel=0&amp;dnt=1"></iframe>',
        "image": f'<img src="{_file(day, media_type)}" alt="">',
    }.get(media_type, "")
    return f"<!doctype html>\n<html>\n<head><title>{title}</title></head>\n<body>\n{shown}\n</body>\n</html>"
