"""A server that speaks Postgres' protocol just far enough to refuse, in any language and with any certificate."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TLS_WANTED, GSS_WANTED = 80877103, 80877104
Answer = Callable[[socket.socket], None]


def refuses(sqlstate: str, message: str, routine: str = "somewhere") -> Answer:
    """Answers with an error, as a server that speaks another language would."""

    def answer(client: socket.socket) -> None:
        fields = {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": message, "F": "x.c", "L": "1", "R": routine}
        body = b"".join(f"{key}{value}".encode() + b"\0" for key, value in fields.items()) + b"\0"
        client.sendall(b"E" + struct.pack("!I", len(body) + 4) + body)

    return answer


def hangs_up(_: socket.socket) -> None:
    """Says nothing."""


def asks_for_a_password(client: socket.socket) -> None:
    client.sendall(b"R" + struct.pack("!II", 8, 3))
    with suppress(OSError):
        client.recv(1000)


def speaks_http(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@contextmanager
def listening(answer: Answer, *, certificate: Path | None = None, to_tls: bytes = b"N") -> Iterator[int]:
    """The port of a server that answers every start-up like this; with TLS if it has a certificate."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepting = threading.Thread(target=_accept, args=(server, answer, certificate, to_tls))
        accepting.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(server: socket.socket, answer: Answer, certificate: Path | None, to_tls: bytes) -> None:
    with suppress(OSError):  # the end
        while True:
            client, _ = server.accept()
            with suppress(OSError), client:
                _talk(client, answer, certificate, to_tls)


def _talk(client: socket.socket, answer: Answer, certificate: Path | None, to_tls: bytes) -> None:
    client.settimeout(10)
    while (request := _startup(client)) in (TLS_WANTED, GSS_WANTED):
        if request == TLS_WANTED and certificate is not None:
            client.sendall(b"S")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            with context.wrap_socket(client, server_side=True) as inside:
                _talk(inside, answer, None, b"N")
            return
        client.sendall(to_tls)
        if to_tls != b"N":
            return
    if request is not None:
        answer(client)


def _startup(client: socket.socket) -> int | None:
    """The protocol version asked for, or the request in its place; None at the end."""
    head = client.recv(8)
    if len(head) < 8:
        return None
    length, request = struct.unpack("!II", head)
    if length > 8:
        client.recv(length - 8)
    return int(request)


def certificate(folder: Path, host: str) -> Path:
    """A self-signed certificate of that host with its key, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    unencrypted = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unencrypted)
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file
