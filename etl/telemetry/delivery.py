"""Delivers values to the StatsD exporter: once or not at all, and never at the cost of a run.

A pod lives for seconds, and in its first second NetworkPolicies may block what it sends. So values are kept until a
delivery, by TCP, has a connection of its own. It closes our half of the connection, and the exporter closes the other
once it has read everything: from then on nothing that happens to the pod can lose the values. The lines are those of
the statsd library; its own TCP client neither waits for that, nor limits the time of a DNS look-up, nor notices that
a connection has died since it last wrote.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from contextlib import closing, suppress
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from statsd.client.base import StatsClientBase

UNDER_WAY_S = 1.5  # how long a failing exporter may delay a run before its end …
AT_THE_END_S = 1.5  # … and at its end
USUAL_S = 0.05  # a delivery that takes no longer is not counted
ATTEMPT_S = 0.5  # per connection attempt; a new one is better than waiting for a packet that may be lost
PAUSE_S = 0.1
MOST = 10_000  # values kept while they cannot be delivered; beyond that the oldest are dropped

log: structlog.stdlib.BoundLogger = structlog.get_logger("etl")


class Delivery(StatsClientBase):  # type: ignore[misc]
    """A StatsD client for one exporter; safe to use from several threads."""

    _prefix = None

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._lines: deque[str] = deque(maxlen=MOST)
        self._delivering = threading.Lock()
        self._left_s = UNDER_WAY_S
        self._has_complained = False

    def _send(self, line: str) -> None:
        self._lines.append(line)

    def flush(self) -> None:
        """Deliver; if there is no connection, the values are kept: we may not be admitted yet."""
        with self._delivering:
            if not self._lines or self._left_s <= 0:
                return
            begin, usual_s = time.monotonic(), 0.0
            with suppress(OSError):
                self._deliver(begin + self._left_s)
                usual_s = USUAL_S
            self._left_s -= max(0.0, time.monotonic() - begin - usual_s)

    def close(self) -> None:
        """Deliver what is left; log a warning if that fails."""
        with self._delivering:
            deadline, reason = time.monotonic() + AT_THE_END_S, "no time was left"
            while self._lines and time.monotonic() < deadline:
                try:
                    self._deliver(deadline)
                except OSError as error:
                    reason = _said(error)
                    time.sleep(PAUSE_S)
            if self._lines:
                self._complain(len(self._lines), reason)
                self._lines.clear()

    def _deliver(self, deadline: float) -> None:
        """Raises: OSError if there is no connection, or if it fails: what was sent is never sent again."""
        with closing(_connection(self._host, self._port, min(deadline, time.monotonic() + ATTEMPT_S))) as connection:
            lines = [self._lines.popleft() for _ in range(len(self._lines))]
            try:
                connection.settimeout(_until(deadline))
                connection.sendall("".join(f"{line}\n" for line in lines).encode())
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(_until(deadline))
                if connection.recv(1):
                    raise ConnectionError("it answers, which no StatsD exporter does")
            except OSError as error:
                self._complain(len(lines), _said(error))
                raise

    def _complain(self, values: int, reason: str) -> None:
        if not self._has_complained:
            log.warning("metrics may be lost", values=values, host=self._host, port=self._port, reason=reason)
        self._has_complained = True


def _connection(host: str, port: int, deadline: float) -> socket.socket:
    """Raises: OSError if there is none by the deadline."""
    error = OSError(f"{host} has no address")
    for address in _addresses(host, port, deadline):
        try:
            return socket.create_connection(address[:2], _until(deadline))
        except OSError as failed:
            error = failed
    raise error


def _addresses(host: str, port: int, deadline: float) -> list[Any]:
    """The addresses of a host; the resolver itself would wait 5 s or more for a lost packet."""
    found: SimpleQueue[list[Any] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            found.put([info[4] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)])
        except OSError as error:
            found.put(error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = found.get(timeout=_until(deadline))
    except Empty:
        raise TimeoutError(f"{host} could not be looked up in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _until(deadline: float) -> float:
    """Seconds left, never quite 0: 0 would mean not to wait, and less would be an error."""
    return max(0.001, deadline - time.monotonic())


def _said(error: OSError) -> str:
    return error.strerror or str(error)
