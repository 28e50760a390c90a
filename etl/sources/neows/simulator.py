"""NeoWs' feed, as far as we use it: the same path, shape and habits, with the objects that the simulated JPL knows.

It differs from JPL where the real one does: some risks are not marked, some distances are from older orbits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from werkzeug.wrappers import Request, Response

from etl.simulate.faults import Faults
from etl.sources.neo import formulas, sky

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ABOUT = "what the simulated JPL knows, with some risks unmarked and some distances from older orbits"
PATH = "/neo/rest/v1/feed"
MOST_DAYS = 7  # from the first to the last: eight days
DAY = timedelta(days=1)
LINK = "http://api.nasa.gov"  # as in the real one's links, which begin with http
LUNAR_TO_AU = 389.0
UNMARKED = sky.RF12  # and every other risk
KILOMETERS_TO = {"meters": 1000.0, "miles": 0.621371192, "feet": 3280.8399}
VAGUE = frozenset(f"JPL {number}" for number in range(31, 42))  # orbit solutions of the simulated JPL
Passes = Callable[[date], Sequence[sky.Record]]


def make_app(
    faults: Faults | None = None,
    passes: Passes = sky.passes,
    *,
    with_limits: bool = True,  # noqa: ARG001 - a thousand requests an hour are more than a run needs
) -> WSGIApplication:
    """The feed as a WSGI application that takes any key, and the faults planned for it; `passes` as JPL has them."""

    def respond(request: Request) -> Response:
        if request.path == "/":
            return Response("NeoWs, simulated\n", mimetype="text/plain")
        if request.path != PATH:
            return Response("Not Found", 404, mimetype="text/plain")
        return _feed(request.args, passes)

    return (faults or Faults()).wrap(respond)


def _feed(asked: Mapping[str, str], passes: Passes) -> Response:
    try:
        start = date.fromisoformat(asked["start_date"])
        end = date.fromisoformat(asked["end_date"]) if "end_date" in asked else start + MOST_DAYS * DAY
    except (ValueError, KeyError):  # KeyError: an end alone, too
        return _too_long()
    if not 0 <= (end - start).days <= MOST_DAYS:
        return _too_long()
    days = [start + n * DAY for n in range((end - start).days + 1)]
    found = {day: [_object(record, asked) for record in passes(day)] for day in _in_no_order(days)}
    week = (end - start) + DAY
    return _json(
        {
            "links": {
                "next": _link(asked, end, end + week - DAY),
                "previous": _link(asked, start - week + DAY, start),
                "self": _link(asked, start, end),
            },
            "element_count": sum(map(len, found.values())),
            "near_earth_objects": {day.isoformat(): objects for day, objects in found.items()},
        }
    )


def _in_no_order(days: list[date]) -> list[date]:
    """The last day first."""
    return [days[-1], *days[:-1]]


def _link(asked: Mapping[str, str], start: date, end: date) -> str:
    return f"{LINK}{PATH}?start_date={start}&end_date={end}&detailed=false&api_key={_key(asked)}"


def _key(asked: Mapping[str, str]) -> str:
    return quote_plus(asked.get("api_key", "DEMO_KEY"))


def _json(document: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(document, separators=(",", ":")), status, mimetype="application/json")


def _too_long() -> Response:
    """What it says of every interval that it does not like."""
    message = "Date Format Exception - Expected format (yyyy-mm-dd) - The Feed date limit is only 7 Days"
    return _json({"code": 400, "http_error": "BAD_REQUEST", "error_message": message, "request": "req_link"}, 400)


def _object(passing: sky.Record, asked: Mapping[str, str]) -> sky.Record:
    """An object of JPL's in the words of NeoWs."""
    known = _known().get(str(passing["des"]), {"spkid": "3999999", "pha": "N"})
    neo_id, h = _id(str(passing["des"]), str(known["spkid"])), float(passing["h"])
    return {
        "links": {"self": f"{LINK}/neo/rest/v1/neo/{neo_id}?api_key={_key(asked)}"},
        "id": neo_id,
        "neo_reference_id": neo_id,
        "name": str(passing["fullname"]).strip(),
        "nasa_jpl_url": f"http://ssd.jpl.nasa.gov/sbdb.cgi?sstr={neo_id}",
        "absolute_magnitude_h": h,
        "estimated_diameter": _diameters(h),
        "is_potentially_hazardous_asteroid": known["pha"] == "Y",
        "close_approach_data": [_pass(passing)],
        "is_sentry_object": passing["des"] in _marked(),
    }


@cache
def _known() -> Mapping[str, sky.Record]:
    return {str(record["pdes"]): record for record in sky.objects()}


@cache
def _marked() -> frozenset[str]:
    """Those on the risk list that NeoWs says are."""
    listed = sorted(str(record["des"]) for record in sky.risks(2026))
    return frozenset(listed[::2]) - {UNMARKED}


def _id(designation: str, spk_id: str) -> str:
    """JPL's number for the object as it was: 2 and six digits for one with a number."""
    return f"2{int(designation):06}" if designation.isdecimal() else spk_id


def _diameters(h: float) -> sky.Record:
    smallest, largest = formulas.diameter_km(h, formulas.BRIGHT), formulas.diameter_km(h, formulas.DARK)
    return {
        unit: {
            "estimated_diameter_min": round(smallest * factor, 10),
            "estimated_diameter_max": round(largest * factor, 10),
        }
        for unit, factor in {"kilometers": 1.0, **KILOMETERS_TO}.items()
    }


def _pass(passing: sky.Record) -> sky.Record:
    at = _minute(float(passing["jd"]))
    au, speed = _au(passing), float(passing["v_rel"])
    return {
        "close_approach_date": f"{at:%Y-%m-%d}",
        "close_approach_date_full": f"{at:%Y-%b-%d %H:%M}",
        "epoch_date_close_approach": int(at.timestamp()) * 1000,
        "relative_velocity": {
            "kilometers_per_second": f"{speed:.10f}",
            "kilometers_per_hour": f"{speed * 3600:.10f}",
            "miles_per_hour": f"{speed * 3600 * KILOMETERS_TO['miles']:.10f}",
        },
        "miss_distance": {
            "astronomical": f"{au:.10f}",
            "lunar": f"{au * LUNAR_TO_AU:.10f}",
            "kilometers": f"{au * formulas.AU_KM:.9f}",
            "miles": f"{au * formulas.AU_KM * KILOMETERS_TO['miles']:.10f}",
        },
        "orbiting_body": "Earth",
    }


def _au(passing: sky.Record) -> float:
    """The distance, rounded first as its text is; those of the vaguest orbits are 5 % off, as from older ones."""
    is_vague = str(passing["orbit_id"]) in VAGUE
    return round(float(passing["dist"]) * (1.05 if is_vague else 1), 10)


def _minute(julian: float) -> datetime:
    """The whole minute of a Julian date."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=int((julian - 2_440_587.5) * 1440))
