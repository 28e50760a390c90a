"""JPL's three APIs, as far as we use them: the same paths, parameters, defaults and shapes, with the objects of `sky`.

Source: https://ssd-api.jpl.nasa.gov
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from etl.simulate.faults import Faults
from etl.sources.neo import sky
from etl.sources.neo.sky import Record

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ABOUT = "well-known near-Earth objects, and made-up ones that pass on any day"
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2201, 1, 1, tzinfo=UTC)
KNOWN = frozenset({"date-min", "date-max", "dist-max", "body", "diameter", "fullname", "sort", "limit"})
BY_DEFAULT_AU = 0.05
JULIAN_1970 = 2_440_587.5
TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")
ALWAYS = ("des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "t_sigma_f", "h")


class BadRequestError(ValueError):
    """A request that the API answers with 400; the text is its message."""


@dataclass(frozen=True)
class Sky:
    """What is served; a test may replace some of it."""

    passes: Callable[[date], Sequence[Record]] = sky.passes
    risks: Callable[[int], Sequence[Record]] = sky.risks
    objects: Callable[[], Sequence[Record]] = sky.objects


def make_app(
    faults: Faults | None = None,
    served: Sky | None = None,
    *,
    with_limits: bool = True,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> WSGIApplication:
    """The APIs as one WSGI application; with limits, it refuses a request while it answers another."""
    known, busy = served or Sky(), threading.Lock()

    def respond(request: Request) -> Response:
        if request.path == "/":
            return Response("JPL's APIs of near-Earth objects, simulated\n", mimetype="text/plain")
        answer = ANSWERS.get(request.path)
        if answer is None:
            return Response("Not Found", 404, mimetype="text/plain")
        if request.method != "GET":
            return _error(405, "method not allowed")
        if with_limits and not busy.acquire(blocking=False):
            return _error(503, "one request at a time")
        try:
            return answer(known, request.args, clock())
        except BadRequestError as error:
            return _error(400, str(error))
        finally:
            if with_limits:
                busy.release()

    return (faults or Faults()).wrap(respond)


def _json(document: Record) -> Response:
    return Response(json.dumps(document, separators=(",", ":")), mimetype="application/json")


def _error(status: int, message: str) -> Response:
    document = {"code": str(status), "message": message, "moreInfo": "https://ssd-api.jpl.nasa.gov"}
    return Response(json.dumps(document), HTTPStatus(status), mimetype="application/json")


def _signature(api: str, version: str) -> Record:
    return {"source": f"NASA/JPL {api} API", "version": version}


def _table(signature: Record, fields: Sequence[str], records: Sequence[Record], count: int | str) -> Response:
    rows = [[record[name] for name in fields] for record in records]
    return _json({"signature": signature, "count": count, "fields": list(fields), "data": rows})


def _approaches(known: Sky, asked: Mapping[str, str], now: datetime) -> Response:
    """Every parameter has a default; together they hide most passes."""
    for name in asked:
        if name not in KNOWN:
            raise BadRequestError(f"one or more query parameter was not recognized: {name}")
    start, end = _time(asked, "date-min", now), _time(asked, "date-max", now + timedelta(days=60))
    if end < start:
        raise BadRequestError("date-max must be after date-min")
    if asked.get("body", "Earth") != "Earth":
        raise BadRequestError("bodies other than Earth are not simulated")
    farthest = _number(asked, "dist-max", BY_DEFAULT_AU)
    days = (start.date() + timedelta(days=n) for n in range((end.date() - start.date()).days + 1))
    records = [
        record
        for day in days
        for record in known.passes(day)
        if _julian(start) <= float(record["jd"]) <= _julian(end) and float(record["dist"]) <= farthest
    ][: int(_number(asked, "limit", 10**9))]
    signature = _signature("SBDB Close Approach Data", "1.5")
    if not records:
        return _json({"signature": signature, "count": "0"})
    more = [name for flag, name in (("diameter", "diameter"), ("fullname", "fullname")) if asked.get(flag) == "true"]
    fields = [*ALWAYS, *more, *(["diameter_sigma"] if "diameter" in more else [])]
    return _table(signature, fields, records, len(records))


def _risks(known: Sky, asked: Mapping[str, str], now: datetime) -> Response:
    """Only mode S."""
    if asked:
        raise BadRequestError("only the summary of all objects is simulated")
    records = list(known.risks(now.year))
    return _json({"signature": _signature("Sentry Data", "2.0"), "count": len(records), "data": records})


def _objects(known: Sky, asked: Mapping[str, str], _now: datetime) -> Response:
    if asked.get("sb-group") != "neo" or set(asked) != {"sb-group", "fields"}:
        raise BadRequestError("only all objects of sb-group=neo are simulated")
    records, fields = known.objects(), asked["fields"].split(",")
    unknown = [name for name in fields if records and name not in records[0]]
    if unknown:
        raise BadRequestError(f"invalid field: {unknown[0]}")
    return _table(_signature("SBDB Query", "1.0"), fields, records, str(len(records)))


def _time(asked: Mapping[str, str], name: str, otherwise: datetime) -> datetime:
    text = asked.get(name)
    if text is None:
        return otherwise
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=UTC) if TIME.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None or not FIRST <= found <= LAST:
        raise BadRequestError(f"invalid value specified for query parameter '{name}': {text}")
    return found


def _number(asked: Mapping[str, str], name: str, otherwise: float) -> float:
    try:
        return float(asked.get(name, otherwise))
    except ValueError:
        raise BadRequestError(f"invalid value specified for query parameter '{name}'") from None


def _julian(at: datetime) -> float:
    return JULIAN_1970 + at.timestamp() / 86_400


ANSWERS: Mapping[str, Callable[[Sky, Mapping[str, str], datetime], Response]] = {
    "/cad.api": _approaches,
    "/sentry.api": _risks,
    "/sbdb_query.api": _objects,
}
