"""A door to a Postgres that plays Redshift: it speaks the protocol, and translates what only Redshift knows.

What it changes on the way in: the start-up parameters that only Redshift takes, the types and table attributes that
Postgres lacks, and `copy … from 's3://…'`, whose rows it fetches itself. Everything else passes unchanged, both ways.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.redshift.words import Words

PROTOCOL, WANTS_TLS = 196608, 80877103
ONLY_REDSHIFT = {"client_protocol_version", "driver_version", "os_version", "driver_discovery_version", "plugin_name"}
PARSE, QUERY = b"P", b"Q"


class Door:
    """Listens on a port of this machine; each connection is passed on to the Unix socket of a Postgres.

    `heard` has every statement as it came, `before` and `after` are called around each, and may end the connection by
    raising ConnectionError: before Postgres has heard the statement, or before the client hears how it went.
    """

    def __init__(self, postgres: str, words: Words, certificate: Path | None = None) -> None:
        self.heard: list[str] = []
        self.before: Callable[[str], object] = lambda _: None
        self.after: Callable[[str], object] = lambda _: None
        self._postgres, self._words = postgres, words
        self._tls = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # closed
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        try:
            client, parameters = self._greet(client)
            server.connect(self._postgres)
            server.sendall(_started(parameters))
            statements: list[str] = []
            threading.Thread(target=self._answer, args=[server, client, statements], daemon=True).start()
            while message := _message(client):
                self._pass_on(message, server, statements)
        except (OSError, ConnectionError):
            pass
        finally:
            for end in (server, client):
                _hang_up(end)

    def _greet(self, client: socket.socket) -> tuple[socket.socket, dict[str, str]]:
        body = _exactly(client, struct.unpack("!i", _exactly(client, 4))[0] - 4)
        [code] = struct.unpack("!i", body[:4])
        if code == WANTS_TLS:
            if self._tls is None:
                client.sendall(b"N")
                raise ConnectionError
            client.sendall(b"S")
            return self._greet(self._tls.wrap_socket(client, server_side=True))
        fields = body[4:].decode().split("\0")
        return client, dict(zip(fields[::2], fields[1::2], strict=False))

    def _pass_on(self, message: bytes, server: socket.socket, statements: list[str]) -> None:
        kind, body = message[:1], message[5:]
        if kind not in (PARSE, QUERY):
            server.sendall(message)
            return
        name, text, rest = b"", body, b""
        if kind == PARSE:
            name, text, rest = body.split(b"\0", 2)
            name += b"\0"
        said = text.rstrip(b"\0").decode()
        self.heard.append(said)
        self.before(said)
        statements.append(said)
        new = name + self._words.in_postgres(said).encode() + b"\0" + rest
        server.sendall(kind + struct.pack("!i", len(new) + 4) + new)

    def _answer(self, server: socket.socket, client: socket.socket, statements: list[str]) -> None:
        """`after` a statement is when Postgres says that it has been executed: a command's tag."""
        try:
            while message := _message(server):
                if message[:1] == b"C" and statements:
                    self.after(statements[-1])
                client.sendall(message)
        except (OSError, ConnectionError):
            pass
        finally:
            for end in (server, client):
                _hang_up(end)


def _started(parameters: dict[str, str]) -> bytes:
    kept = {name: value for name, value in parameters.items() if name and name not in ONLY_REDSHIFT}
    kept |= {"user": "postgres", "TimeZone": "UTC"}
    body = struct.pack("!i", PROTOCOL) + b"".join(f"{k}\0{v}\0".encode() for k, v in kept.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def _message(end: socket.socket) -> bytes:
    head = _exactly(end, 5)
    return head + _exactly(end, struct.unpack("!i", head[1:])[0] - 4)


def _exactly(end: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        some = end.recv(size - len(found))
        if not some:
            raise ConnectionError
        found += some
    return bytes(found)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
