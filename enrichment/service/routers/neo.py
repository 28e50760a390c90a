"""The assessment of a pass of a near-Earth object."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError

from enrichment.service.assessment import Assessment, Pass, assess
from enrichment.service.keys import caller
from enrichment.service.parts import Shared
from enrichment.web import problems
from enrichment.web.problems import Problem, documented

MOST_BYTES = 10_000
JSON = "application/json"

router = APIRouter(dependencies=[Depends(caller)], tags=["near-Earth objects"])
DOCUMENTED = {
    "responses": documented(400, 401, 408, 413, 415, 422, 429),
    "openapi_extra": {"requestBody": {"required": True, "content": {JSON: {"schema": Pass.model_json_schema()}}}},
}


@router.post("/v1/neo/assessment", summary="Assess a pass", **DOCUMENTED)  # type: ignore[arg-type]
@router.post("/neo-threat-score", summary="The public pipeline's name for /v1/neo/assessment", **DOCUMENTED)  # type: ignore[arg-type]
async def assessment(request: Request, parts: Shared) -> Assessment:
    """Score, energy and class of attention. All five numbers are needed: a missing one is not 0."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != JSON:
        raise Problem(415, "media-type", f"The Content-Type is not {JSON}.", hint="Send a JSON object.")
    async with parts.bodies.received(request, MOST_BYTES) as body:
        try:
            passing = Pass.model_validate_json(body)
        except ValidationError as error:
            raise problems.invalid(error.errors()) from error
    return assess(passing)
