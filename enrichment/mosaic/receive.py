"""Receiving a picture as the body of a request, bounded in bytes and time: a form's file would be put on a disk."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
from fastapi import Request

from enrichment.mosaic.errors import BusyError, MosaicError, NotAPictureError, SlowError, TooManyBytesError

MAX_BYTES = 10_000_000
SEND_WITHIN_S = 30
AT_ONCE = 8  # what is received or waits to be decoded: 80 MB at most

_places = threading.Semaphore(AT_ONCE)


@contextmanager
def place() -> Iterator[None]:
    """Hold a place for a picture, from its first byte until it is decoded. Raises: BusyError."""
    if not _places.acquire(blocking=False):
        raise BusyError("Too many pictures are being sent at the moment.", hint="Try again in a few seconds.")
    try:
        yield
    finally:
        _places.release()


async def body(request: Request) -> bytes:
    """Receive a picture. Raises: NotAPictureError, TooManyBytesError, SlowError."""
    if not request.headers.get("content-type", "").startswith("image/"):
        raise NotAPictureError("The body is not a picture.", hint="Send its bytes as they are, as image/jpeg or alike.")
    if int(request.headers.get("content-length") or 0) > MAX_BYTES:
        raise _too_many_bytes()
    try:
        with anyio.fail_after(SEND_WITHIN_S):
            return await _read(request.stream())
    except TimeoutError:
        raise SlowError(f"The picture did not arrive within {SEND_WITHIN_S} s.", hint="Make it smaller.") from None


async def _read(stream: AsyncIterator[bytes]) -> bytes:
    data = bytearray()
    async for piece in stream:
        data += piece
        if len(data) > MAX_BYTES:
            raise _too_many_bytes()
    return bytes(data)


def _too_many_bytes() -> MosaicError:
    return TooManyBytesError(
        f"The picture has more than {MAX_BYTES // 1_000_000} MB.", hint="Make it smaller and try again."
    )
