"""Runs the app under uvicorn, with the time limits that it lacks, until a signal ends it."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from enrichment.service.observe import log
from enrichment.service.settings import Settings

FINISH_SECONDS = 25  # longer than sending a body may take; the pod's own patience is longer still


class Protocol(H11Protocol):
    """Closes connections that begin no request, or never end its headers."""

    header_seconds = 10.0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self.header_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


class Server(uvicorn.Server):
    """Says where it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in getattr(self, "servers", []):
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                log.info("listening", host=host, port=port)


def serve(app: FastAPI, settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT, then finish what was begun."""

    class Own(Protocol):
        header_seconds = min(Protocol.header_seconds, settings.send_seconds)

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=Own,
        ws="none",
        loop="asyncio",
        limit_concurrency=settings.connections,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=FINISH_SECONDS,
        h11_max_incomplete_event_size=16_384,
        access_log=False,
        server_header=False,
        log_level="warning",
    )
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)  # uvicorn raises it again when it has ended; to end so is no failure
    Server(config).run()
    log.info("ended")
