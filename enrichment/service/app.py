"""The app: its routers, what they share, and what happens before and after.

Another part of this package adds its routes by a module with `router`, listed in ROUTERS. A route that is not for
everybody depends on `keys.caller`; `parts.Shared` gives it settings, workers, bodies and metrics. What such a part
keeps for the whole of the app's life is made in `Parts`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from enrichment.facts.record import FACTS_VERSION
from enrichment.service import selftest
from enrichment.service.observe import Observing
from enrichment.service.parts import Parts
from enrichment.service.routers import images, neo, operations
from enrichment.service.settings import Settings
from enrichment.subjects.describe import Classifier, NoModel
from enrichment.web import problems
from enrichment.web.bodies import Draining
from enrichment.web.problems import ProblemDetails

ROUTERS: tuple[APIRouter, ...] = (images.router, neo.router, operations.router)


def create_app(settings: Settings, classifier: Classifier | None = None) -> FastAPI:
    """An app of its own: several in one process share nothing."""
    parts = Parts(settings, classifier or NoModel())
    app = FastAPI(
        title="Facts about pictures",
        version=FACTS_VERSION,
        description="Bytes in, facts out. It fetches nothing and writes nothing.",
        docs_url=None,  # its page loads scripts from other hosts
        redoc_url=None,
        lifespan=_lifespan,
        responses={500: {"model": ProblemDetails, "description": "A bug."}},
    )
    app.state.parts = parts
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Draining)
    app.add_middleware(Observing, metrics=parts.metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    parts.metrics.build.info({"facts_version": FACTS_VERSION, "model_version": parts.classifier.version or ""})
    await parts.workers.run(lambda: selftest.run(parts.classifier))
    parts.is_ready = True
    yield
    parts.is_ready = False
    parts.workers.close()
