"""The simulated APIs on a day of the year that passes: what they know follows a clock that the soak sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from etl.simulate import server
from etl.simulate.faults import Faults
from etl.sources.apod import simulator as apod
from etl.sources.mars import simulator as mars
from etl.sources.neo import simulator as neo
from etl.sources.sensors import simulator as sensors
from etl.sources.spacex import simulator as spacex

SOURCES = ("spacex", "sensors", "apod", "neo", "mars")
UNKNOWN_FOR = timedelta(days=2)  # so long the archive does not know a day,
PRELIMINARY_FOR = timedelta(days=4)  # and so long it may still correct it
CORRECTED_BY = 0.5


class Apis:
    """All of them on one server, each below its name, with faults of its own."""

    def __init__(self) -> None:
        self.today = date.min
        self.url = ""
        self.faults = {name: Faults() for name in SOURCES}

    def now(self) -> datetime:
        """Morning, when the DAGs run."""
        return datetime.combine(self.today, time(7), UTC)

    def app(self) -> Any:
        at: dict[str, Any] = {"clock": lambda: self.now().timestamp(), "with_limits": False}
        apps = {
            "spacex": spacex.make_app(self.faults["spacex"]),
            "sensors": self._late(sensors.make_app(self.faults["sensors"], with_limits=False)),
            "apod": apod.make_app(self.faults["apod"], **at),
            "neo": neo.make_app(self.faults["neo"], with_limits=False, clock=self.now),
            "mars": mars.make_app(self.faults["mars"], **at),
        }
        return DispatcherMiddleware(NotFound(), {f"/{name}": app for name, app in apps.items()})

    def _late(self, app: Any) -> Any:
        """The archive learns a day two days later, and corrects it after four."""

        def answered(environ: Any, start_response: Any) -> Any:
            body, status, headers = run_wsgi_app(app, environ)
            response = Response(body, status, headers)
            if response.status_code == 200 and response.is_json:
                try:
                    answer = json.loads(response.data)
                except ValueError:  # a fault has struck it
                    return response(environ, start_response)
                if isinstance(answer, list):
                    self._forget(answer)
                    response.data = json.dumps(answer)
            return response(environ, start_response)

        return answered

    def _forget(self, answer: list[Any]) -> None:
        for daily in (one["daily"] for one in answer if isinstance(one, dict) and isinstance(one.get("daily"), dict)):
            for place, text in enumerate(daily.get("time") or ()):
                age = self.today - date.fromisoformat(text) if _is_day(text) else PRELIMINARY_FOR
                for name in sensors.UNITS:
                    value = (daily.get(name) or {place: None})[place]
                    if age <= UNKNOWN_FOR and name in daily:
                        daily[name][place] = None
                    elif age < PRELIMINARY_FOR and isinstance(value, float):
                        daily[name][place] = value + CORRECTED_BY


def _is_day(text: Any) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except (TypeError, ValueError):
        return False


@contextmanager
def serve() -> Iterator[Apis]:
    """Serve them while the block runs."""
    apis = Apis()
    with server.serve(apis.app()) as running:
        apis.url = running.url
        yield apis
