"""The server keeps connections alive, and still closes immediately."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from etl.simulate import server


@Request.application
def echo(request: Request) -> Response:
    return Response(request.get_data() or b"nothing")


@Request.application
def broken(_: Request) -> Response:
    raise RuntimeError("a bug")


def test_one_connection_serves_many_requests() -> None:
    with server.serve(echo) as running:
        connection = HTTPConnection("127.0.0.1", running.port, timeout=60)
        connection.connect()
        sock = connection.sock
        for body in (b"one", b"two" * 1000, b""):
            connection.request("POST", "/", body)
            assert connection.getresponse().read() == (body or b"nothing")
            assert connection.sock is sock
        connection.close()


def test_an_answer_without_a_body_keeps_the_connection() -> None:
    @Request.application
    def unchanged(_: Request) -> Response:
        return Response(status=304)

    with server.serve(unchanged) as running:
        connection = HTTPConnection("127.0.0.1", running.port, timeout=60)
        for _ in range(2):
            connection.request("GET", "/")
            answer = connection.getresponse()
            assert (answer.status, answer.read(), answer.will_close) == (304, b"", False)
        connection.close()


def test_a_body_nobody_read_does_not_disturb_the_next_request() -> None:
    def deaf(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    with server.serve(deaf) as running, requests.Session() as session:
        assert session.post(running.url, data=b"x" * 100_000).text == "ok"
        assert session.post(running.url, data=iter([b"in ", b"chunks"])).text == "ok"


def test_a_body_in_chunks_arrives_whole(http: requests.Session) -> None:
    with server.serve(echo) as running:
        assert http.post(running.url, data=iter([b"in ", b"chunks"]), timeout=60).text == "in chunks"


def test_a_response_of_unknown_length_ends_with_the_connection(http: requests.Session) -> None:
    def endless(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"a", b"b"]

    with server.serve(endless) as running:
        assert http.get(running.url, timeout=60).text == "ab"


def test_closing_ends_connections_that_are_kept_alive() -> None:
    with requests.Session() as session:
        with server.serve(echo) as running, socket.create_connection(("127.0.0.1", running.port)):
            assert session.get(running.url).ok
            begun = time.monotonic()
        assert time.monotonic() - begun < 10
        with pytest.raises(requests.ConnectionError):
            session.get(running.url)


def test_a_bug_is_logged_and_answered_with_500(caplog: pytest.LogCaptureFixture, http: requests.Session) -> None:
    with caplog.at_level(logging.ERROR), server.serve(broken) as running:
        assert http.get(running.url, timeout=60).status_code == 500
    assert "GET / failed" in caplog.text


def test_a_served_request_prints_nothing(capfd: pytest.CaptureFixture[str], http: requests.Session) -> None:
    with server.serve(echo) as running:
        assert http.get(running.url, timeout=60).ok
    assert capfd.readouterr() == ("", "")


def test_a_port_in_use_is_an_os_error() -> None:
    with server.serve(echo) as running, pytest.raises(OSError, match="in use"), server.serve(echo, port=running.port):
        pass


def test_serving_forever_says_where_and_ends_on_an_interrupt(http: requests.Session) -> None:
    code = (
        "from etl.simulate import server\nfrom etl.sources.spacex import simulator as spacex\n"
        "server.serve_forever(spacex.make_app(), '127.0.0.1', 0, lambda url: print(url, flush=True))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert http.get(process.stdout.readline().strip(), timeout=60).ok
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
