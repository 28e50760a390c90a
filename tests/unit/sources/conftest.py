"""An API that answers exactly what a test tells it to, and remembers what it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.wrappers import Request, Response

from etl.simulate import server

Reply = Response | Callable[[Request], Response]


class Api:
    """Gives its replies one after the other, the last one for ever."""

    def __init__(self, replies: tuple[Reply, ...]) -> None:
        self.replies = list(replies)
        self.asked: list[Request] = []
        self.url = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.asked.append(request)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        response = reply if isinstance(reply, Response) else reply(request)
        return response(environ, start_response)


def ok(document: Any = None, **headers: str) -> Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps({"fine": True} if document is None else document), 200, names, "application/json")


def status(code: int, text: str = "", **headers: str) -> Response:
    return Response(text, code, {name.replace("_", "-"): value for name, value in headers.items()}, "text/plain")


@contextmanager
def answering(*replies: Reply) -> Iterator[Api]:
    api = Api(replies)
    with server.serve(api) as running:
        api.url = running.url
        yield api


class Clock:
    """Stands still, except while someone sleeps by it: a busy machine cannot make a test late."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the client and of its retries."""
    clock = Clock()
    for place in ("etl.sources.http.client.time", "tenacity.time", "tenacity.nap.time"):
        monkeypatch.setattr(place, clock)
    return clock


@pytest.fixture
def waits(clock: Clock) -> list[float]:
    """The seconds that the client would have slept between tries; it sleeps none of them."""
    return clock.slept
