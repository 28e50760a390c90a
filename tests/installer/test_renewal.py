"""The job that renews the warehouse's certificate, against an API over HTTP and a server that speaks Postgres' TLS."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from k8s.installer.install import certificate, secrets

NAMES = (*certificate.POSTGRES, "localhost")


class Place:
    """Secret warehouse-tls, and a server that uses its certificate as soon as it has changed, if it is `careful`."""

    def __init__(self, folder: Path, age_days: int) -> None:
        self.authority = certificate.authority()
        made = datetime.now(UTC) - timedelta(days=age_days)
        self.tls = certificate.make(NAMES, made, signed_by=self.authority)
        self.before = dict(self.tls)
        self.is_careful = True
        self.folder = folder
        self.patched: list[str] = []
        for name, text in self.authority.items():
            (folder / name).write_text(text)
        (folder / "token").write_text("of the pod")

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            used = self.tls if self.is_careful else self.before
            (self.folder / "chain.pem").write_text(used["tls.crt"] + used["tls.key"])
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.folder / "chain.pem")
            connection.recv(8)
            connection.sendall(b"S")
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True):
                pass

    def renew(self, api: str, server: str) -> subprocess.CompletedProcess[str]:
        for name, text in secrets.renewal()["data"].items():
            (self.folder / name).write_text(text)
        given = {"KUBERNETES_API": api, "ACCOUNT": str(self.folder), "AUTHORITY": str(self.folder), "SERVER": server}
        command = [sys.executable, str(self.folder / "renew.py")]
        return subprocess.run(command, env=given | {"PATIENCE_S": "0.5"}, capture_output=True, text=True)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    servers: list[Any] = []

    def start(age_days: int, *, is_careful: bool = True) -> tuple[Place, subprocess.CompletedProcess[str]]:
        place = Place(tmp_path, age_days)
        place.is_careful = is_careful

        class Api(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer({name: base64.b64encode(text.encode()).decode() for name, text in place.tls.items()})

            def do_PATCH(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                place.tls = place.tls | body["stringData"]
                place.patched.append(f"{self.path} {self.headers['Authorization']}")
                self._answer({})

            def _answer(self, data: dict[str, str]) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"data": data}).encode())

            def log_message(self, *_: Any) -> None:
                pass

        api = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        listening = socket.create_server(("127.0.0.1", 0))
        servers.extend((api, listening))
        threading.Thread(target=api.serve_forever, daemon=True).start()
        threading.Thread(target=place.serve, args=(listening,), daemon=True).start()
        server = f"localhost:{listening.getsockname()[1]}"
        return place, place.renew(f"http://127.0.0.1:{api.server_port}", server)

    yield start
    for server in servers:
        if isinstance(server, ThreadingHTTPServer):
            server.shutdown()
            server.server_close()
        else:
            server.shutdown(socket.SHUT_RDWR)
            server.close()


def test_a_certificate_with_time_left_is_left_alone(run: Any) -> None:
    place, done = run(age_days=700)
    assert done.returncode == 0, done.stderr
    assert "in use" in done.stdout
    assert place.patched == []


def test_one_that_expires_soon_is_renewed_by_the_authority_that_clients_trust(run: Any) -> None:
    place, done = run(age_days=800)
    assert done.returncode == 0, done.stderr
    assert place.patched == ["/api/v1/namespaces/data-platform/secrets/warehouse-tls Bearer of the pod"]
    assert not certificate.needs_renewal(place.tls["tls.crt"], certificate.POSTGRES)
    assert place.tls["ca.crt"] == place.before["ca.crt"], "so nothing else needs to change"


def test_it_fails_as_long_as_the_server_uses_another_certificate(run: Any) -> None:
    _, done = run(age_days=800, is_careful=False)
    assert done.returncode != 0
    assert "does not use" in done.stderr


def test_an_authority_signs_only_what_it_outlives() -> None:
    now = datetime.now(UTC)
    made = certificate.authority()
    assert certificate.can_sign(made, now + certificate.LIFE_OF_AUTHORITY - certificate.LIFE - timedelta(days=70))
    assert not certificate.can_sign(made, now + certificate.LIFE_OF_AUTHORITY - certificate.LIFE)
    assert not certificate.can_sign({})


def test_clients_trust_an_authority_before_it_signs() -> None:
    old = certificate.make(certificate.POSTGRES)  # as it was installed before authorities were kept
    store = secrets.complete({secrets.TLS: old})
    tls, authority = store.values[secrets.TLS], store.values[secrets.AUTHORITY]
    assert tls["tls.crt"] == old["tls.crt"]
    assert old["ca.crt"].strip() in tls["ca.crt"]
    assert authority["ca.crt"].strip() in tls["ca.crt"]
    assert secrets.complete(store.values).values == store.values
