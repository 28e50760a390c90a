"""The rovers' feeds, as far as we use them: the same paths, shapes and habits, with photos of our own making.

The photos of a sol are always the same. Nothing is stored: each is made when it is asked for.
"""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from etl.simulate.faults import Faults
from etl.sources.mars.sols import CURIOSITY, PERSEVERANCE, SOL_S, Rover

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ABOUT = "made-up photos of any day since the rovers landed"
CURIOSITY_PATH, LATEST_PATH = "/api/v1/raw_image_items", "/api/v1/raw_image_items/msl/latest"
PERSEVERANCE_PATH = "/rss/api"
SITE = "https://mars.nasa.gov"
USUAL_PER_PAGE, MOST_PER_PAGE = 50, 200
NEWEST = 20  # sols that an answer covers if none was asked for
MIDNIGHT_BEFORE_LANDING = 0.6  # of a sol: both landed in the afternoon
CONJUNCTIONS = tuple(
    date(*day)
    for day in (
        (2013, 4, 17),
        (2015, 6, 14),
        (2017, 7, 27),
        (2019, 9, 2),
        (2021, 10, 8),
        (2023, 11, 18),
        (2026, 1, 9),
        (2028, 3, 21),
    )
)
SILENT = timedelta(days=7)  # before and after a conjunction
LATE = 15  # one photo in 15 arrives days late
CAMERAS: Mapping[Rover, Sequence[str]] = {
    CURIOSITY: (
        "NAV_LEFT_B",
        "NAV_RIGHT_B",
        "MAST_LEFT",
        "MAST_RIGHT",
        "FHAZ_LEFT_B",
        "RHAZ_RIGHT_B",
        "CHEMCAM_RMI",
        "MAHLI",
    ),
    PERSEVERANCE: (
        "NAVCAM_LEFT",
        "NAVCAM_RIGHT",
        "MCZ_LEFT",
        "MCZ_RIGHT",
        "FRONT_HAZCAM_LEFT_A",
        "REAR_HAZCAM_RIGHT",
        "SUPERCAM_RMI",
        "SHERLOC_WATSON",
        "SKYCAM",
    ),
}


def photos_of(rover: Rover, sol: int) -> int:
    """How many a sol has, including thumbnails: now and then more than an answer holds, now and then none."""
    day = taken_at(rover, sol, 0).date()
    if sol < 0 or any(abs(day - silent) <= SILENT for silent in CONJUNCTIONS):
        return 0
    chance = _chance(rover, sol)
    return 0 if chance % 29 == 0 else 220 + chance % 40 if chance % 13 == 0 else 30 + chance % 50


def taken_at(rover: Rover, sol: int, n: int) -> datetime:
    """When photo number `n` of a sol was taken: in daylight."""
    of_the_sol = 0.3 + 0.5 * (_chance(rover, sol, n, "at") % 10_000) / 10_000
    at = rover.landed_at + timedelta(seconds=(sol - MIDNIGHT_BEFORE_LANDING + of_the_sol) * SOL_S)
    return max(at, rover.landed_at).replace(microsecond=0)


def arrived_at(rover: Rover, sol: int, n: int) -> datetime:
    """When it arrived on Earth: within hours, or up to two weeks later."""
    chance = _chance(rover, sol, n, "arrived")
    return taken_at(rover, sol, n) + timedelta(hours=1 + chance % 12, days=chance % 13 + 1 if chance % LATE == 0 else 0)


def curiosity_photo(sol: int, n: int) -> dict[str, Any]:
    """A record of Curiosity's feed."""
    camera, number, is_thumbnail = _camera(CURIOSITY, sol, n), sol * 1_000 + n, n % 3 == 2
    name, clock = f"{camera[:2]}0_{number:09}", 397_000_000 + sol * 88_775.244 + n
    return {
        "id": number,
        "sol": sol,
        "imageid": name,
        "instrument": camera,
        "url": f"http://mars.jpl.nasa.gov/msl-raw-images/simulated/{sol:05}/{name}.JPG",
        "https_url": f"{SITE}/msl-raw-images/simulated/{sol:05}/{name}.JPG",
        "site": sol // 40,
        "drive": n * 6,
        "spacecraft_clock": clock,
        "subframe_rect": "(1,1,1024,1024)",
        "scale_factor": None,
        "camera_vector": None,
        "camera_position": None,
        "camera_model_type": None,
        "camera_model_component_list": None,
        "attitude": "(1.0,0.0,0.0,0.0)",
        "xyz": "(0.0,0.0,0.0)",
        "date_taken": f"{taken_at(CURIOSITY, sol, n):%Y-%m-%dT%H:%M:%S}.000Z",
        "date_received": f"{arrived_at(CURIOSITY, sol, n):%Y-%m-%dT%H:%M:%S}.000Z",
        "created_at": f"{arrived_at(CURIOSITY, sol, n):%Y-%m-%dT%H:%M:%S}",
        "updated_at": f"{arrived_at(CURIOSITY, sol, n):%Y-%m-%dT%H:%M:%S}",
        "mission": "msl",
        "instrument_sort": CAMERAS[CURIOSITY].index(camera),
        "sample_type_sort": 1,
        "is_thumbnail": is_thumbnail,
        "title": f"Sol {sol}: {camera}",
        "description": "This image was made up.",
        "link": f"/raw_images/{number}",
        "image_credit": "NASA/JPL-Caltech",
        "extended": {
            "lmst": _on_mars(CURIOSITY, sol, n),
            "bucket": "simulated",
            "sample_type": "thumbnail" if is_thumbnail else "full",
        },
    }


def perseverance_photo(sol: int, n: int) -> dict[str, Any]:
    """A record of Perseverance's feed."""
    camera = _camera(PERSEVERANCE, sol, n)
    name = f"{camera[0]}LF_{sol:04}_{666_900_000 + sol * 88_775 + n:010}_{n:03}SIM_N0000000SIMU00000_0000LUJ"
    files = f"{SITE}/mars2020-raw-images/simulated/{sol:05}/{name}"
    return {
        "extended": {"mastAz": "78.8", "mastEl": "1.1", "sclk": "0.0", "xyz": "(0.0,0.0,0.0)"},
        "sol": sol,
        "attitude": "(1.0,0.0,0.0,0.0)",
        "image_files": {
            "small": f"{files}_320.jpg",
            "medium": f"{files}_800.jpg",
            "large": f"{files}_1200.jpg",
            "full_res": f"{files}.png",
        },
        "imageid": name,
        "camera": {"filter_name": "UNK", "instrument": camera, "camera_model_type": "CAHVORE"},
        "caption": "This image was made up.",
        "sample_type": "Thumbnail" if n % 3 == 2 else "Full",
        "date_taken_mars": _on_mars(PERSEVERANCE, sol, n),
        "credit": "NASA/JPL-Caltech",
        "date_taken_utc": f"{taken_at(PERSEVERANCE, sol, n):%Y-%m-%dT%H:%M:%S}.000",
        "json_link": f"{SITE}/rss/api/?feed=raw_images&category=mars2020&feedtype=json&id={name}",
        "link": f"{SITE}/mars2020/multimedia/raw-images/{name}",
        "drive": str(n * 6),
        "title": f"Mars Perseverance Sol {sol}: {camera}",
        "site": sol // 40,
        "date_received": f"{arrived_at(PERSEVERANCE, sol, n):%Y-%m-%dT%H:%M:%SZ}",
    }


def make_app(
    faults: Faults | None = None,
    *,
    with_limits: bool = True,  # noqa: ARG001 - the feeds have none
    clock: Callable[[], float] = time.time,
) -> WSGIApplication:
    """The feeds as a WSGI application, with the faults planned for it; `clock` returns the Unix time."""

    def respond(request: Request) -> Response:
        now = datetime.fromtimestamp(clock(), UTC)
        path = request.path.rstrip("/")
        if path == CURIOSITY_PATH:
            return _curiosity(request.args, now)
        if path == LATEST_PATH:
            return _json({"latest": f"{CURIOSITY_PATH}/", "latest_sol": _newest(CURIOSITY, now)})
        if path == PERSEVERANCE_PATH:
            return _perseverance(request.args, now)
        if not path:
            return Response("Photos of the rovers on Mars, simulated\n", mimetype="text/plain")
        return Response("No such app\n", 404, mimetype="text/plain")  # as the withdrawn API answers

    return (faults or Faults()).wrap(respond)


# The answers


def _curiosity(asked: MultiDict[str, str], now: datetime) -> Response:
    """A page, counted from 0. Only `N:sol:in` is a condition here; an instrument, for example, is ignored."""
    conditions = [asked[name] for name in sorted(asked) if name.startswith("condition_")]
    sols = [int(said[1]) for text in conditions if (said := re.fullmatch(r"(\d{1,6}):sol:in", text))]
    found = [photo for sol in sols or _newest_sols(CURIOSITY, now) for photo in _photos(CURIOSITY, sol, now)]
    size = min(max(asked.get("per_page", USUAL_PER_PAGE, int), 1), MOST_PER_PAGE)
    first = max(asked.get("page", 0, int), 0) * size
    return _json(
        {
            "items": found[first : first + size],
            "more": first + size < len(found),
            "total": len(found),
            "page": first // size,
            "per_page": size,
        }
    )


def _perseverance(asked: MultiDict[str, str], now: datetime) -> Response:
    """A whole sol, whatever `num` and `page` say; without a sol the newest photos."""
    if asked.get("latest") == "true":
        return _json({"latest_sol": _newest(PERSEVERANCE, now)})
    sol = asked.get("sol", None, int)
    if sol is not None:
        return _json({"images": _photos(PERSEVERANCE, sol, now), "type": "mars2020-imagesets-1.1"})
    newest = [photo for sol in _newest_sols(PERSEVERANCE, now) for photo in _photos(PERSEVERANCE, sol, now)]
    size = asked.get("num", 100, int)
    first = asked.get("page", 0, int) * size
    return _json({"images": newest[first : first + size], "type": "mars2020-imagesets-1.1"})


def _photos(rover: Rover, sol: int, now: datetime) -> list[dict[str, Any]]:
    """The photos of a sol that have arrived by now."""
    make = curiosity_photo if rover == CURIOSITY else perseverance_photo
    return [make(sol, n) for n in _arrived(rover, sol, now)]


def _arrived(rover: Rover, sol: int, now: datetime) -> Iterator[int]:
    return (n for n in range(photos_of(rover, sol)) if arrived_at(rover, sol, n) <= now)


def _newest(rover: Rover, now: datetime) -> int:
    """The last sol of which a photo has arrived."""
    sols = range(rover.sol(now) + 1, -1, -1)
    return next((sol for sol in sols if any(True for _ in _arrived(rover, sol, now))), 0)


def _newest_sols(rover: Rover, now: datetime) -> range:
    """The last sols, newest first."""
    newest = _newest(rover, now)
    return range(newest, max(newest - NEWEST, -1), -1)


def _json(document: object) -> Response:
    return Response(json.dumps(document, separators=(",", ":")), mimetype="application/json")


# A photo


def _chance(rover: Rover, *of: object) -> int:
    return zlib.crc32(f"{rover.mission} {of}".encode())


def _camera(rover: Rover, sol: int, n: int) -> str:
    cameras = CAMERAS[rover]
    return cameras[_chance(rover, sol, n, "camera") % len(cameras)]


def _on_mars(rover: Rover, sol: int, n: int) -> str:
    landed = (taken_at(rover, sol, n) - rover.landed_at).total_seconds() / SOL_S + MIDNIGHT_BEFORE_LANDING
    minutes = int(landed % 1 * 1440)
    return f"Sol-{sol:05}M{minutes // 60:02}:{minutes % 60:02}:00.000"
