"""An HTTP server for simulators: threaded, HTTP/1.1 with keep-alive, quiet, and gone as soon as it is closed."""

from __future__ import annotations

import io
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

POLL_SECONDS = 0.05
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

_log = logging.getLogger(__name__)


class Handler(WSGIRequestHandler):
    """Serves request after request on a connection; werkzeug's own handler closes it after each."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request, its body read to the end so that the next one can follow."""
        response = self._respond()
        self.send_response(response.status_code)
        for name, value in response.headers:
            self.send_header(name, value)
        if "Content-Length" not in response.headers and response.status_code not in BODILESS:
            self.send_header("Connection", "close")  # so that the client knows where the body ends
        self.end_headers()
        for data in response.iter_encoded():
            self.wfile.write(data)

    def _respond(self) -> Response:
        environ = self.make_environ()
        length = -1 if environ.get("wsgi.input_terminated") else int(self.headers.get("Content-Length") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        try:
            body, status, headers = run_wsgi_app(self.server.app, environ)
            response = Response(body, status)
            response.headers = headers  # unchanged: a 304 gets no content type
            return response
        except Exception:
            _log.exception("%s %s failed", self.command, self.path)
            return Response("Internal Server Error", 500, mimetype="text/plain")

    def log(self, type: str, message: str, *args: Any) -> None:
        """Log requests for debugging."""
        _log.debug(message, *args)


class Server(ThreadedWSGIServer):
    """A bound and listening server at `url`.

    Raises: OSError, if the port is taken or the host is not this machine's.
    """

    def __init__(self, app: WSGIApplication, host: str, port: int) -> None:
        self._connections: set[Any] = set()
        with socket.create_server((host, port), backlog=self.request_queue_size) as listening:
            super().__init__(host, port, app, Handler, fd=listening.fileno())
        self.url = f"http://{host}:{self.port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that closing the server can end it."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ended on its own."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop listening and end the connections that clients keep alive: a closed server answers nobody."""
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serve(app: WSGIApplication, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve the application in the background while the block runs; port 0 takes any free one."""
    server = Server(app, host, port)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


def serve_forever(app: WSGIApplication, host: str, port: int, ready: Callable[[str], object] = _log.info) -> None:
    """Serve the application until the user interrupts; `ready` receives the URL once the port is bound."""
    server = Server(app, host, port)
    ready(server.url)
    server.serve_forever()
