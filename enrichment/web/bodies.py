"""Receiving bodies: bounded in bytes, in time, and in what all of them hold together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enrichment.web.problems import Problem, busy

DRAINED_BYTES, DRAINED_SECONDS = 64_000_000, 2.0


@dataclass
class Bodies:
    """How much of all bodies is in memory; `note` is called with each new sum, `again_seconds` is for Retry-After."""

    most_held: int
    seconds: float
    note: Callable[[int], object] = lambda _: None
    again_seconds: int = 1
    held: int = 0

    @asynccontextmanager
    async def received(self, request: Request, most: int) -> AsyncIterator[bytes]:
        """The whole body, which counts as held as long as the block lasts.

        Raises: Problem 413, 429 if all bodies together take too much memory, 408 if sending it takes too long.
        """
        hold = _Hold(self)
        try:
            declared = _declared(request)
            if declared > most:
                raise _too_large(most)
            hold.grow_to(declared)
            yield await self._read(request, most, hold)
        finally:
            hold.release()

    async def _read(self, request: Request, most: int, hold: _Hold) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise _too_large(most)
                    hold.grow_to(len(body))
        except TimeoutError as error:
            raise Problem(
                408,
                "slow",
                f"The body did not arrive within {self.seconds:g} s.",
                hint="Send it faster, or a smaller one.",
                headers={"Connection": "close"},
            ) from error
        except ClientDisconnect as error:
            raise Problem(400, "gone", "The sender disconnected.", hint="Send the whole body.") from error
        return bytes(body)

    def change(self, by: int) -> None:
        self.held += by
        self.note(self.held)


class _Hold:
    """One body's share of the memory that all of them hold."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies, self._size = bodies, 0

    def grow_to(self, size: int) -> None:
        more = size - self._size
        if more <= 0:
            return
        if self._bodies.held + more > self._bodies.most_held:
            raise busy("All bodies together have reached the memory limit.", seconds=self._bodies.again_seconds)
        self._bodies.change(more)
        self._size = size

    def release(self) -> None:
        self._bodies.change(-self._size)
        self._size = 0


class Draining:
    """Lets a sender finish before it is refused: one that is still sending would see a reset, not the reason."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        is_waiting = any(name == b"expect" for name, _ in scope["headers"])  # it sends nothing until it is asked to
        is_finished = False

        async def noted() -> Message:
            nonlocal is_waiting, is_finished
            is_waiting = False
            message = await receive()
            is_finished = message["type"] == "http.disconnect" or not message.get("more_body", False)
            return message

        async def polite(message: Message) -> None:
            is_refusal = message["type"] == "http.response.start" and message["status"] >= 400
            if is_refusal and message["status"] != 408 and not is_finished and not is_waiting:
                await drain()
            await send(message)

        async def drain() -> None:
            left = DRAINED_BYTES
            try:
                async with asyncio.timeout(DRAINED_SECONDS):
                    while not is_finished and left > 0:
                        left -= len((await noted()).get("body", b""))
            except TimeoutError:
                return

        return await self._app(scope, noted, polite)


def _declared(request: Request) -> int:
    given = request.headers.get("content-length", "0")
    return int(given) if given.isdecimal() else 0


def _too_large(most: int) -> Problem:
    return Problem(413, "too-large", f"The body may have at most {most:,} bytes.", hint="Send a smaller one.")
