"""Every refusal as problem details (RFC 9457): what is wrong, and in `hint` what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from enrichment.facts.errors import BrokenPictureError, PictureError, PictureTooLargeError, UnknownFormatError

MEDIA_TYPE = "application/problem+json"


class ProblemDetails(BaseModel):
    """RFC 9457, with a hint."""

    type: Annotated[str, Field(examples=["urn:enrichment:problem:too-large"])]
    title: str
    status: int
    detail: str
    hint: str


class Problem(Exception):  # noqa: N818 - RFC 9457's own word
    """A refusal; `kind` names it for programs."""

    def __init__(
        self, status: int, kind: str, detail: str, *, hint: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.headers = status, dict(headers or {})
        self.details = ProblemDetails(
            type=f"urn:enrichment:problem:{kind}",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            hint=hint,
        )
        super().__init__(detail)


def of_picture(error: PictureError) -> Problem:
    """The refusal of a picture."""
    status, kind = {
        UnknownFormatError: (415, "unknown-format"),
        PictureTooLargeError: (413, "too-large"),
        BrokenPictureError: (422, "broken-picture"),
    }[type(error)]
    return Problem(status, kind, error.message, hint=error.hint)


def busy(detail: str, *, seconds: int = 1) -> Problem:
    """The refusal of what may succeed a little later."""
    hint = f"Send it again after {seconds} s, as the header Retry-After says."
    return Problem(429, "busy", detail, hint=hint, headers={"Retry-After": str(seconds)})


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These refusals in OpenAPI."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def install(app: FastAPI) -> None:
    """Make every error of an app a problem, FastAPI's own and bugs included."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> JSONResponse:
        return response(problem)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> JSONResponse:
        hint = "GET /openapi.json lists every route."
        return response(Problem(error.status_code, "http", str(error.detail), hint=hint, headers=error.headers))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        return response(invalid(error.errors()))

    @app.exception_handler(Exception)
    async def _bug(_: Request, __: Exception) -> JSONResponse:
        return response(Problem(500, "bug", "The service failed.", hint="Its log says why; this is a bug."))


def invalid(errors: Any) -> Problem:
    """The refusal of JSON or parameters that break their schema."""
    wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in errors[:5])
    return Problem(422, "invalid", wrong, hint="GET /openapi.json says what is valid.")


def response(problem: Problem) -> JSONResponse:
    """The answer to a refused request."""
    return JSONResponse(problem.details.model_dump(), problem.status, headers=problem.headers, media_type=MEDIA_TYPE)
