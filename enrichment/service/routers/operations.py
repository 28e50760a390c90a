"""What Kubernetes and Prometheus ask; without a key, and no secret in it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from enrichment.facts.record import FACTS_VERSION
from enrichment.service.parts import Shared
from enrichment.web.problems import Problem, documented

router = APIRouter(tags=["operations"])


class Status(BaseModel):
    """That all is well; if it is not, the answer is a problem."""

    status: str


class Version(BaseModel):
    """What the answers depend on."""

    facts_version: str
    model_version: str | None


@router.get("/livez")
async def livez() -> Status:
    """The process answers."""
    return Status(status="alive")


@router.get("/readyz", responses=documented(503))
async def readyz(parts: Shared) -> Status:
    """A picture with known facts was described correctly."""
    if not parts.is_ready:
        raise Problem(503, "not-ready", "The service is starting or ending.", hint="Ask again in a second.")
    return Status(status="ready")


@router.get("/version")
async def version(parts: Shared) -> Version:
    """Versions of facts and model, as in every answer."""
    return Version(facts_version=FACTS_VERSION, model_version=parts.classifier.version)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(parts: Shared) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(generate_latest(parts.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
