"""Everything that can go wrong between us and an API, on request; knows HTTP and JSON, but no particular API.

A simulator gives its `respond` function to `Faults.wrap` and serves the result. Faults are planned

- by a test: `Faults([Fault("rate_limit", times=2, path="/v5/launches")])`,
- on a command line: `parse_fault("rate_limit*2@/v5/launches")`,
- over HTTP: `POST /_faults` adds a JSON list of either form to the plan, `GET` shows what is left, `DELETE` ends it.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

Respond = Callable[[Request], Response]

ADMIN_PATH = "/_faults"
MAX_DELAY = 3600
QUOTA = 1000
PLACEHOLDER = "https://example.org/nasa-logo.png"

KNOWN = {
    "rate_limit": "Answers 429 with Retry-After (retry_after, in whole seconds).",
    "server_error": "Answers 500 with plain text.",
    "unavailable": "Answers 503 with an HTML page, as a host does in front of an API that is down.",
    "slow": "Sends the headers and half the body, and the rest only after delay seconds.",
    "cut": "Promises the whole body in Content-Length, sends half of it and drops the connection.",
    "quota": "Answers as usual and says in X-RateLimit-Remaining how many (remaining) of 1000 requests are left.",
    "html": "Answers 200 with an HTML page instead of JSON.",
    "truncated": "Sends a complete HTTP response whose JSON breaks off in the middle.",
    "broken_stream": "Sends a complete 200 that breaks off in the middle with a sentence instead of the rest.",
    "empty": "Answers with no records at all.",
    "bare": "Answers that there are no records, without the list in which they would be (count: 0).",
    "refusal": "Answers 200 with an object that holds an error in words instead of records.",
    "reordered": "Reverses the order of the fields in every record, and of the columns where these are named apart.",
    "new_version": "Says that the answer is of the API's next major version (signature.version).",
    "null": "Puts null into one field (id by default) of the first record.",
    "mixed_types": "Turns text that is a number into a number in every other record, and numbers into text.",
    "malformed": "Gives one field (id by default; daily.time: its first value) of the first record a wrong type.",
    "string_cores": "Turns the list cores (or another field) of the first record into a string.",
    "changed_field": "Renames one field (name by default) in every record and adds a field nobody knows.",
    "nan": "Puts NaN, 1e400 and 10**30 into the numbers of the first record.",
    "bad_date": "Moves every date of the first record to a day that does not exist.",
    "future_date": "Moves every date of the first record to the day after tomorrow.",
    "placeholder": "Puts the address of one and the same logo into a field (url by default) of every record.",
    "ignored_query": "Answers as if nothing stood behind the question mark of the URL.",
    "duplicate": "Sends the first record twice.",
    "repeat_page": "Answers each page with the records of the first one asked; a query's always promises more.",
}

_FORM = re.compile(
    r"(?P<name>\w+)(:(?P<field>\w+(\.\w+)*))?(=(?P<number>\d+(\.\d+)?))?(?P<many>\*(?P<times>\d*))?(@(?P<path>/\S*))?"
)
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?(e[+-]?\d{1,2})?")
_DATE = re.compile(r"^\d{4}-\d\d-\d\d(?=$|[T ])")


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong `times` times (None: forever) under a path.

    `retry_after` is for rate_limit, `remaining` for quota, `delay` for slow, `field` for those that say so in KNOWN.
    Raises: ValueError, for a name or a value that makes no sense.
    """

    name: str
    times: int | None = 1
    path: str = "/"
    retry_after: int = 1
    remaining: int = 1
    delay: float = 1.0
    field: str | None = None

    def __post_init__(self) -> None:
        if self.name not in KNOWN:
            raise _bad(f"unknown fault {self.name!r}")
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise _bad(f"times must be a whole number above zero, or none for forever, not {self.times!r}")
        if not isinstance(self.path, str) or not self.path.startswith("/"):
            raise _bad(f"path must begin with /, not {self.path!r}")
        if type(self.retry_after) is not int or self.retry_after < 0:
            raise _bad(f"retry_after must be whole seconds, not {self.retry_after!r}")
        if type(self.remaining) is not int or self.remaining < 0:
            raise _bad(f"remaining must be a whole number, not {self.remaining!r}")
        if isinstance(self.delay, bool) or not isinstance(self.delay, int | float) or not 0 <= self.delay < MAX_DELAY:
            raise _bad(f"delay must be seconds, less than an hour, not {self.delay!r}")
        if self.field is not None and not isinstance(self.field, str):
            raise _bad(f"field must be a name, not {self.field!r}")

    def concerns(self, path: str) -> bool:
        """Whether a request for this path can meet the fault."""
        return path == self.path or path.startswith(self.path.rstrip("/") + "/")


def parse_fault(text: str) -> Fault:
    """Read `name[:field][=number][*times][@path]`; a `*` without a number means forever.

    `=number` means seconds, or for quota the requests that are left.
    Raises: ValueError, in one line that lists the known names.
    """
    form = _FORM.fullmatch(text.strip())
    if form is None:
        raise _bad(f"not a fault: {text!r}, write name[:field][=number][*times][@path]")
    number = float(form["number"] or 1)
    return Fault(
        form["name"],
        times=int(form["times"]) if form["times"] else None if form["many"] else 1,
        path=form["path"] or "/",
        retry_after=round(number),
        remaining=round(number),
        delay=number,
        field=form["field"],
    )


class Faults:
    """A plan of faults: each request meets the first one that concerns its path and has not been used up.

    Safe to change while requests are served.
    """

    def __init__(self, plan: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._plan = list(plan)
        self._first_pages: dict[str, list[Any]] = {}

    def add(self, *faults: Fault) -> None:
        """Put faults at the end of the plan."""
        with self._lock:
            self._plan.extend(faults)

    def clear(self) -> None:
        """Drop the plan; from now on nothing goes wrong."""
        with self._lock:
            self._plan.clear()
            self._first_pages.clear()

    def left(self) -> list[Fault]:
        """What is still to come, with the `times` that are left."""
        with self._lock:
            return list(self._plan)

    def wrap(self, respond: Respond) -> WSGIApplication:
        """A WSGI application that answers with `respond`, except where the plan says otherwise."""

        @Request.application
        def application(request: Request) -> Response:
            request.get_data()
            if request.path == ADMIN_PATH:
                return self._administer(request)
            response = respond(request)
            fault = self._take(request.path, response)
            if fault is None:
                return response.make_conditional(request)
            if fault.name in _REQUESTS:
                return respond(_REQUESTS[fault.name](request))
            return self._strike(fault, request.path, response)

        return application

    def _take(self, path: str, response: Response) -> Fault | None:
        has_records = response.status_code == HTTPStatus.OK and response.is_json
        with self._lock:
            for position, fault in enumerate(self._plan):
                if fault.concerns(path) and (has_records or fault.name in _RESPONSES):
                    left = None if fault.times is None else fault.times - 1
                    self._plan[position : position + 1] = [] if left == 0 else [replace(fault, times=left)]
                    return fault
        return None

    def _strike(self, fault: Fault, path: str, response: Response) -> Response:
        if fault.name in _RESPONSES:
            return _RESPONSES[fault.name](fault, response)
        payload = json.loads(response.get_data())
        changed = (
            self._repeat_page(path, payload)
            if fault.name == "repeat_page"
            else _as_table(_PAYLOADS[fault.name](fault, _as_objects(payload)))
        )
        counts = {name: value for name, value in response.headers if name.startswith("X-")}
        return Response(_as_json(changed), headers=counts, mimetype="application/json")

    def _repeat_page(self, path: str, payload: Any) -> Any:
        if isinstance(payload, list):
            with self._lock:
                return self._first_pages.setdefault(path, payload)
        if isinstance(payload, dict) and "more" in payload:
            with self._lock:
                return payload | {"items": self._first_pages.setdefault(path, payload["items"]), "more": True}
        if not isinstance(payload, dict) or "docs" not in payload:
            return payload
        with self._lock:
            docs = self._first_pages.setdefault(path, payload["docs"])
        return {**payload, "docs": docs, "hasNextPage": True, "nextPage": payload.get("page", 1) + 1}

    def _administer(self, request: Request) -> Response:
        try:
            if request.method == "POST":
                self.add(*_read_plan(request.get_data()))
            elif request.method == "DELETE":
                self.clear()
        except ValueError as error:
            return Response(str(error), 400, mimetype="text/plain")
        return Response(json.dumps([asdict(fault) for fault in self.left()]), mimetype="application/json")


def _bad(what: str) -> ValueError:
    return ValueError(f"{what}; known faults: {', '.join(KNOWN)}")


def _read_plan(body: bytes) -> list[Fault]:
    try:
        plan = json.loads(body)
        if not isinstance(plan, list):
            raise _bad("a plan is a JSON list of faults")
        return [parse_fault(fault) if isinstance(fault, str) else Fault(**fault) for fault in plan]
    except (TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _bad(f"not a plan of faults ({error})") from error


# Faults of what an API understands


def _ignored_query(request: Request) -> Request:
    return Request(request.environ | {"QUERY_STRING": ""})


# Faults of the whole response


def _rate_limit(fault: Fault, _: Response) -> Response:
    headers = {"Retry-After": str(fault.retry_after)}
    return Response("Too Many Requests", 429, headers=headers, mimetype="text/plain")


def _quota(fault: Fault, response: Response) -> Response:
    response.headers["X-RateLimit-Limit"] = str(QUOTA)
    response.headers["X-RateLimit-Remaining"] = str(fault.remaining)
    return response


def _server_error(_: Fault, __: Response) -> Response:
    return Response("Internal Server Error", 500, mimetype="text/plain")


def _html(_: Fault, __: Response) -> Response:
    return Response("<!doctype html><title>Back soon</title><h1>We are under maintenance</h1>", mimetype="text/html")


def _unavailable(_: Fault, __: Response) -> Response:
    return Response("<!doctype html><title>Application error</title>", 503, mimetype="text/html")


def _slow(fault: Fault, response: Response) -> Response:
    body = response.get_data()

    def halting() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        time.sleep(fault.delay)
        yield body[len(body) // 2 :]

    response.response = halting()
    return response


def _cut(_: Fault, response: Response) -> Response:
    body = response.get_data()
    response.response = [body[: len(body) // 2]]
    response.headers["Content-Length"] = str(len(body))
    response.headers["Connection"] = "close"
    return response


def _truncated(_: Fault, response: Response) -> Response:
    body = response.get_data()
    return Response(body[: len(body) // 2], response.status_code, mimetype=response.mimetype)


def _broken_stream(_: Fault, response: Response) -> Response:
    body = response.get_data()
    rest = b"Unexpected error while streaming data: timeoutReached"
    return Response(body[: len(body) // 2] + rest, response.status_code, mimetype=response.mimetype)


# Faults of the records


_LISTS = ("docs", "data", "items", "images")  # where answers have their records


class _Table(list[Any]):
    """Rows as objects, of an answer that names their fields apart."""


def _is_table(payload: Any) -> bool:
    return isinstance(payload, dict) and isinstance(payload.get("fields"), list) and "data" in payload


def _as_objects(payload: Any) -> Any:
    """A table with its rows as objects, which faults of records understand; anything else as it is."""
    if not _is_table(payload):
        return payload
    return payload | {"data": _Table(dict(zip(payload["fields"], row, strict=True)) for row in payload["data"])}


def _as_table(payload: Any) -> Any:
    """The same backwards, with the fields and the count that the rows have now."""
    if not isinstance(payload, dict) or not isinstance(payload.get("data"), list) or "count" not in payload:
        return payload
    rows = payload["data"]
    counted = payload | {"count": type(payload["count"])(len(rows))}
    if not isinstance(rows, _Table):
        return counted
    fields = list(rows[0]) if rows else payload["fields"]
    return counted | {"fields": fields, "data": [[row.get(name) for name in fields] for row in rows]}


def _list_of(payload: Any) -> str | None:
    """The field in which an answer has its records; None: it has none, or is a list itself."""
    return next((name for name in _LISTS if name in payload), None) if isinstance(payload, dict) else None


def _records(payload: Any) -> list[Any]:
    if isinstance(payload, dict):
        name = _list_of(payload)
        payload = [payload] if name is None else payload[name]
    return payload if isinstance(payload, list) else []


def _objects(payload: Any) -> list[dict[str, Any]]:
    return [record for record in _records(payload) if isinstance(record, dict) and record]


def _field(fault: Fault, record: dict[str, Any], default: str) -> str:
    return fault.field or (default if default in record else next(iter(record)))


def _empty(_: Fault, payload: Any) -> Any:
    if isinstance(payload, list):
        return []
    if "data" in payload:
        return payload | {"data": type(payload["data"])()}
    if (name := _list_of(payload)) in ("items", "images"):
        return payload | {name: []} | ({"more": False, "total": 0} if "more" in payload else {})
    if "docs" not in payload:
        return {}
    return {**payload, "docs": [], "totalDocs": 0, "totalPages": 1, "hasNextPage": False, "nextPage": None}


def _malformed(fault: Fault, payload: Any) -> Any:
    for record in _objects(payload)[:1]:
        place, field = _place(record, _field(fault, record, "id"))
        place[field] = "not a number" if isinstance(_at(place, field), int | float) else 12345
    return payload


def _place(record: dict[str, Any], path: str) -> tuple[Any, Any]:
    """Where to put a value: in a field, or in one below it, as the dots of the path say; of a list its first item."""
    place: dict[str, Any] = record
    *above, field = path.split(".")
    for name in above:
        below = place.get(name)
        below = below[0] if isinstance(below, list) and below else below
        if not isinstance(below, dict):
            return record, path  # nothing is there: a new field
        place = below
    return (place[field], 0) if above and isinstance(place.get(field), list) and place[field] else (place, field)


def _at(place: Any, field: Any) -> Any:
    return place.get(field) if isinstance(place, dict) else place[field]


def _string_cores(fault: Fault, payload: Any) -> Any:
    for record in _objects(payload)[:1]:
        field = _field(fault, record, "cores")
        record[field] = json.dumps(record.get(field))
    return payload


def _changed_field(fault: Fault, payload: Any) -> Any:
    for record in _objects(payload):
        field = _field(fault, record, "name")
        record[f"new_{field}"] = record.pop(field, None)
        record["field_nobody_knows"] = {"since": "today"}
    return payload


def _nan(_: Fault, payload: Any) -> Any:
    for record in _objects(payload)[:1]:
        numbers = [key for key, value in record.items() if type(value) in (int, float)]
        for position, key in enumerate(numbers):
            record[key] = (float("nan"), float("inf"), 10**30)[position % 3]
    return payload


def _bad_date(_: Fault, payload: Any) -> Any:
    for record in _objects(payload)[:1]:
        record.update({key: _moved(value, "2022-13-45") for key, value in record.items()})
    return payload


def _future_date(_: Fault, payload: Any) -> Any:
    day = datetime.now(UTC).date() + timedelta(days=2)
    for record in _objects(payload)[:1]:
        record.update({key: _moved(value, day.isoformat()) for key, value in record.items()})
    return payload


def _moved(value: Any, day: str) -> Any:
    if isinstance(value, str):
        return _DATE.sub(day, value)
    if isinstance(value, list):
        return [_moved(item, day) for item in value]
    if isinstance(value, dict):
        return {key: _moved(item, day) for key, item in value.items()}
    return value


def _placeholder(fault: Fault, payload: Any) -> Any:
    for record in _objects(payload):
        record[_field(fault, record, "url")] = PLACEHOLDER
    return payload


def _null(fault: Fault, payload: Any) -> Any:
    for record in _objects(payload)[:1]:
        place, field = _place(record, _field(fault, record, "id"))
        place[field] = None
    return payload


def _mixed_types(_: Fault, payload: Any) -> Any:
    for record in _objects(payload)[::2]:
        record.update({name: _of_the_other_type(value) for name, value in record.items()})
    return payload


def _of_the_other_type(value: Any) -> Any:
    if isinstance(value, str):
        return json.loads(value) if _NUMBER.fullmatch(value) else value
    return str(value) if type(value) in (int, float) else value


def _bare(_: Fault, payload: Any) -> Any:
    if not isinstance(payload, dict):
        return {"count": 0}
    return {name: value for name, value in payload.items() if not isinstance(value, list)} | {"count": 0}


def _refusal(_: Fault, __: Any) -> Any:
    return {"error": "specified object removed", "removed": "2026-01-01"}


def _reordered(_: Fault, payload: Any) -> Any:
    for record in _objects(payload):
        turned = dict(reversed(record.items()))
        record.clear()
        record.update(turned)
    return payload


def _new_version(_: Fault, payload: Any) -> Any:
    if not isinstance(payload, dict) or not isinstance(payload.get("signature"), dict):
        return payload
    major = str(payload["signature"].get("version", "0")).partition(".")[0]
    return payload | {"signature": payload["signature"] | {"version": f"{int(major) + 1}.0"}}


def _duplicate(_: Fault, payload: Any) -> Any:
    records = _records(payload)
    records[:1] = records[:1] * 2
    return payload


def _as_json(payload: Any) -> str:
    """JSON with 1e400, a number too large for a float, where Python would write Infinity."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return re.sub(r"(?<=:)Infinity(?=[,}])", "1e400", text)


_REQUESTS: dict[str, Callable[[Request], Request]] = {"ignored_query": _ignored_query}

_RESPONSES: dict[str, Callable[[Fault, Response], Response]] = {
    "rate_limit": _rate_limit,
    "quota": _quota,
    "server_error": _server_error,
    "unavailable": _unavailable,
    "slow": _slow,
    "cut": _cut,
    "html": _html,
    "truncated": _truncated,
    "broken_stream": _broken_stream,
}

_PAYLOADS: dict[str, Callable[[Fault, Any], Any]] = {
    "empty": _empty,
    "malformed": _malformed,
    "string_cores": _string_cores,
    "changed_field": _changed_field,
    "nan": _nan,
    "bad_date": _bad_date,
    "future_date": _future_date,
    "placeholder": _placeholder,
    "duplicate": _duplicate,
    "bare": _bare,
    "refusal": _refusal,
    "reordered": _reordered,
    "new_version": _new_version,
    "null": _null,
    "mixed_types": _mixed_types,
}
