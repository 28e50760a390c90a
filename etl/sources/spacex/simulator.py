"""The SpaceX API, v4 and v5, as far as we use it: the same paths, shapes, paging and caching, from a snapshot.

Source: https://github.com/r-spacex/SpaceX-API/tree/master/docs
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from etl.simulate.faults import Faults
from etl.sources.spacex import query
from etl.sources.spacex.snapshot import RESOURCES, Record, load

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MAX_AGE = 300
ABOUT = "facts up to October 2022"


def make_app(
    faults: Faults | None = None,
    snapshot: Mapping[str, list[Record]] | None = None,
    *,
    with_limits: bool = True,  # noqa: ARG001 - as other simulators
) -> WSGIApplication:
    """The API as a WSGI application that serves the snapshot, with the faults planned for it.

    `with_limits` changes nothing: this API has none. A resource missing from the given snapshot is served from the
    bundled one. Lists are served as they are at the time of a request: a test may change them while the server runs.
    """
    served = {**load(), **(snapshot or {})}

    def respond(request: Request) -> Response:
        try:
            (answer, resource), arguments = _URLS.bind_to_environ(request.environ).match()
        except HTTPException:
            return _not_found()
        response: Response = answer(request, served[resource], **arguments)
        return response

    return (faults or Faults()).wrap(respond)


def _json(data: object) -> Response:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(text, content_type="application/json; charset=utf-8")


def _not_found() -> Response:
    return Response("Not Found", 404, mimetype="text/plain")


def _health(_: Request, launches: list[Record]) -> Response:
    return Response(f"SpaceX API, simulated: {len(launches)} launches\n", mimetype="text/plain")


def _query(request: Request, records: list[Record]) -> Response:
    try:
        body = json.loads(request.get_data() or "{}")
    except ValueError:
        return Response("invalid JSON", 400, mimetype="text/plain")
    if not isinstance(body, dict):
        return Response("invalid JSON, only supports object", 400, mimetype="text/plain")
    try:
        return _json(query.paginate(records, body))
    except ValueError as error:
        return Response(str(error), 400, mimetype="text/plain")


def _list(_: Request, records: list[Record]) -> Response:
    return _cached(records)


def _one(_: Request, records: list[Record], record_id: str) -> Response:
    return _cached(next((record for record in records if record.get("id") == record_id), None))


def _cached(data: list[Record] | Record | None) -> Response:
    if data is None:
        return _not_found()
    response = _json(data)
    response.cache_control.max_age = MAX_AGE
    response.add_etag()
    return response


def _rules() -> Iterator[Rule]:
    yield Rule("/", endpoint=(_health, "launches"), methods=["GET"])
    for resource, version in RESOURCES.items():
        path = f"/{version}/{resource}"
        yield Rule(path, endpoint=(_list, resource), methods=["GET"])
        yield Rule(f"{path}/<record_id>", endpoint=(_one, resource), methods=["GET"])
    yield Rule("/v5/launches/query", endpoint=(_query, "launches"), methods=["POST"])


_URLS: Any = Map(list(_rules()), strict_slashes=False, merge_slashes=False)
