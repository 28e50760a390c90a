"""Facts and subjects of pictures, one or several at a time."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import Field, TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from enrichment.facts.decode import FORMATS, MOST_BYTES
from enrichment.facts.record import Record
from enrichment.service.keys import caller
from enrichment.service.parts import Parts, Shared
from enrichment.subjects.describe import with_text
from enrichment.subjects.record import Description, Text
from enrichment.web import problems
from enrichment.web.problems import Problem, ProblemDetails, documented

MOST_PICTURES, MOST_BATCH_BYTES, MOST_JSON_BYTES = 16, 64_000_000, 10_000
PICTURES = tuple(f"image/{format.lower()}" for format in FORMATS)
MEDIA_TYPES = (*PICTURES, "application/octet-stream")
WAY_THAT_WORKS = (
    "Download the picture yourself and send its bytes: "
    "curl -H 'X-API-Key: …' -H 'Content-Type: image/jpeg' --data-binary @picture.jpg …/v1/images"
)
BINARY = {"schema": {"type": "string", "format": "binary"}}
BATCH = {
    "type": "object",
    "required": ["pictures"],
    "additionalProperties": False,
    "properties": {
        "pictures": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_PICTURES,
            "items": {"type": "string", "format": "binary"},
        },
        "texts": {"type": "string", "description": 'JSON: a list of {"title": …, "explanation": …}, one per picture.'},
    },
}

router = APIRouter(dependencies=[Depends(caller)], tags=["pictures"])
texts_of = TypeAdapter(list[Text])


class Item(Record):
    """What came of one picture of a batch: one of the two."""

    description: Description | None = None
    problem: Annotated[ProblemDetails | None, Field(description="Why there is no description.")] = None


class Batch(Record):
    """One item per picture, in the order in which they were sent."""

    items: tuple[Item, ...]


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _body(*types: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": dict.fromkeys(types, BINARY)}}


@router.post(
    "/v1/images",
    summary="Describe a picture",
    responses=documented(400, 401, 408, 413, 415, 422, 429),
    openapi_extra=_body(*MEDIA_TYPES),
)
async def one(request: Request, parts: Shared) -> Description:
    """The body is the picture: JPEG, PNG, GIF, WebP or TIFF, up to 20 MB; of several frames, the first is described."""
    _expect(request, MEDIA_TYPES)
    async with parts.bodies.received(request, MOST_BYTES) as data:
        if found := parts.known(data):
            return found
        description = await parts.workers.run(lambda: parts.describe(data))
    parts.cache.put(description)
    return description


@router.post(
    "/v1/images:batch",
    summary="Describe up to 16 pictures",
    responses=documented(400, 401, 408, 413, 415, 422, 429),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": BATCH}}}},
)
async def several(request: Request, parts: Shared) -> Batch:
    """Each picture gets its description or its problem. Texts, if given, are compared with what pictures show."""
    _expect(request, ("multipart/form-data",))
    async with parts.bodies.received(request, MOST_BATCH_BYTES) as body:
        form = await _parsed(request, body)
        pictures = [await file.read() for file in form.getlist("pictures") if isinstance(file, UploadFile)]
        texts = _texts(form, len(pictures))
        known = {data: parts.known(data) for data in pictures}
        new = [data for data, description in known.items() if description is None]
        made = await parts.workers.run(lambda: [_item(parts, data) for data in new]) if new else []
    found = {data: Item(description=description) for data, description in known.items() if description}
    for data, item in zip(new, made, strict=True):
        found[data] = item
        if item.description:
            parts.cache.put(item.description)
    return Batch(items=tuple(_compared(found[data], text, parts) for data, text in zip(pictures, texts, strict=True)))


@router.post(
    "/image-metadata",
    summary="The public pipeline's name for /v1/images",
    responses={**documented(400, 401, 408, 413, 415, 422, 429), 200: {"model": Description}},
    openapi_extra=_body(*MEDIA_TYPES),
)
async def alias(request: Request, parts: Shared) -> Description:
    """Takes the picture's bytes. A URL is refused: a service that fetches any URL can be aimed at others."""
    if _media_type(request) == "application/json":
        async with parts.bodies.received(request, MOST_JSON_BYTES):
            raise Problem(422, "fetches-nothing", "This service fetches no URL.", hint=WAY_THAT_WORKS)
    return await one(request, parts)


def _expect(request: Request, types: tuple[str, ...]) -> None:
    """Raises: Problem 415."""
    if _media_type(request) not in types:
        accepted = ", ".join(types)
        raise Problem(
            415,
            "media-type",
            f"The Content-Type is not one of {accepted}.",
            hint=WAY_THAT_WORKS,
            headers={"Accept-Post": accepted},
        )


async def _parsed(request: Request, body: bytes) -> FormData:
    """The parts of a form, all of them in memory. Raises: Problem 422."""

    async def stream() -> Any:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=MOST_PICTURES, max_fields=1, max_part_size=500_000)
    parser.spool_max_size = MOST_BATCH_BYTES + 1  # never a file on disk
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeError) as error:
        reason = getattr(error, "message", "it has no boundary, or its headers are not valid")
        raise Problem(
            422, "invalid", f"The form cannot be read: {reason}", hint="Send 1 to 16 parts named pictures, as files."
        ) from error
    if strange := sorted({name for name, _ in form.multi_items()} - {"pictures", "texts"}):
        raise Problem(422, "invalid", f"Unknown part: {', '.join(strange)}.", hint="There are pictures and texts.")
    if not any(isinstance(file, UploadFile) for file in form.getlist("pictures")):
        raise Problem(422, "invalid", "There is no picture.", hint="Send 1 to 16 parts named pictures, as files.")
    return form


def _texts(form: FormData, pictures: int) -> list[Text | None]:
    given = form.get("texts")
    if given is None:
        return [None] * pictures
    try:
        texts = texts_of.validate_json(given if isinstance(given, str) else "")
    except ValidationError as error:
        raise problems.invalid([{**one, "loc": ("texts", *one["loc"])} for one in error.errors()]) from error
    if len(texts) != pictures:
        raise Problem(422, "invalid", f"{len(texts)} texts for {pictures} pictures.", hint="Send one per picture.")
    return list(texts)


def _item(parts: Parts, data: bytes) -> Item:
    try:
        return Item(description=parts.describe(data))
    except Problem as problem:
        return Item(problem=problem.details)


def _compared(item: Item, text: Text | None, parts: Parts) -> Item:
    if text is None or item.description is None:
        return item
    description = with_text(item.description, text, parts.classifier)
    if description.subjects_agree is not None:
        parts.metrics.agreements.labels(json.dumps(description.subjects_agree)).inc()
    return Item(description=description)
