"""What all answers have in common: headers that keep a page to itself, and errors as problems (RFC 9457)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel

from enrichment.facts.errors import BrokenPictureError, PictureError, PictureTooLargeError, UnknownFormatError
from enrichment.mosaic.errors import (
    BusyError,
    InvalidError,
    MosaicError,
    NotAPictureError,
    PoolError,
    SlowError,
    TooManyBytesError,
    UnknownError,
)

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # a browser's cache is a disk, too
}
PROBLEMS = {
    UnknownError: (404, "unknown"),
    SlowError: (408, "slow"),
    TooManyBytesError: (413, "too-large"),
    PictureTooLargeError: (413, "too-large"),
    NotAPictureError: (415, "media-type"),
    UnknownFormatError: (415, "unknown-format"),
    BrokenPictureError: (422, "broken-picture"),
    InvalidError: (422, "invalid"),
    BusyError: (429, "busy"),
    PoolError: (503, "no-pool"),
}


class Problem(BaseModel):
    """RFC 9457, with a hint."""

    type: str
    title: str
    status: int
    detail: str
    hint: str


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These refusals in OpenAPI."""
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


class Jpeg(Response):
    """A picture."""

    media_type = "image/jpeg"


class Route(APIRoute):
    """Adds the headers to every answer, and answers our errors as problems (RFC 9457)."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except (MosaicError, PictureError) as error:
                response = _problem(error)
            except RequestValidationError as error:
                response = _problem(_invalid(error))
            response.headers.update(HEADERS)
            return response

        return answer


def _problem(error: MosaicError | PictureError) -> Response:
    """Answer as the service does."""
    status, kind = PROBLEMS[type(error)]
    return JSONResponse(
        {
            "type": f"urn:enrichment:problem:{kind}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": error.message,
            "hint": error.hint,
        },
        status,
        {"Retry-After": "3"} if isinstance(error, BusyError) else None,
        media_type="application/problem+json",
    )


def _invalid(error: RequestValidationError) -> InvalidError:
    first = error.errors()[0]
    return InvalidError(f"{first['loc'][-1]}: {first['msg']}", hint="GET /openapi.json says what is valid.")
