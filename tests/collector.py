"""A StatsD exporter for tests: takes lines by TCP as the real one does, and remembers them."""

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LINE = re.compile(r"(?P<name>[a-z_]+)(?P<tags>(,[a-z_]+=[^,=:|@#\s]+)*):(?P<value>[0-9.]+)\|(?P<kind>c|g|ms)")


@dataclass(frozen=True)
class Value:
    """One value that arrived."""

    name: str
    labels: dict[str, str]
    value: float
    kind: str


@dataclass
class Collector:
    """Where it listens, and the batches of lines that arrived, one a connection."""

    port: int = 0
    batches: list[list[str]] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        return [line for batch in self.batches for line in batch]

    @property
    def values(self) -> list[Value]:
        return [_value(line) for line in self.lines]

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """By the values of its labels, what a metric was last."""
        return {tuple(value.labels.values()): value.value for value in self.values if value.name == name}


def _value(line: str) -> Value:
    form = LINE.fullmatch(line)
    assert form, f"no line of StatsD: {line!r}"
    labels = dict(tag.split("=") for tag in form["tags"].split(",")[1:])
    return Value(form["name"], labels, float(form["value"]), form["kind"])


@contextmanager
def collector(port: int = 0, slow_s: float = 0) -> Iterator[Collector]:
    """A listening collector; it reads each connection to its end, `slow_s` late, and closes it."""
    heard = Collector()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            time.sleep(slow_s)
            heard.batches.append(self.rfile.read().decode().splitlines())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", port), Handler) as server:
        heard.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield heard
        finally:
            server.shutdown()


@contextmanager
def hung() -> Iterator[int]:
    """The port of something that lets everyone in and never reads."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def free_port() -> int:
    """One where nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
