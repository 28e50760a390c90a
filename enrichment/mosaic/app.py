"""The page as an app of its own: its routes, the headers of all answers, and its refusals as problem details."""

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enrichment.facts.errors import PictureError
from enrichment.mosaic.errors import BusyError, MosaicError, PoolError, UnknownError
from enrichment.mosaic.routes import HELD_BYTES, SEND_SECONDS, router
from enrichment.mosaic.studio import Studios
from enrichment.web import problems
from enrichment.web.bodies import Bodies, Draining
from enrichment.web.problems import Problem, ProblemDetails

HOSTS = ["127.0.0.1", "localhost"]
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",  # a browser's cache is a disk, too
}
KINDS = {UnknownError: (404, "unknown"), BusyError: (429, "busy"), PoolError: (503, "no-pool")}
AGAIN_SECONDS = 3


def make_app(studios: Studios) -> FastAPI:
    """The page, and the routes that it calls."""
    app = FastAPI(
        title="Space mosaic",
        docs_url=None,  # its page loads scripts from other hosts
        redoc_url=None,
        responses={500: {"model": ProblemDetails, "description": "A bug."}},
    )
    app.state.studios = studios
    app.state.bodies = Bodies(HELD_BYTES, SEND_SECONDS, again_seconds=AGAIN_SECONDS)
    app.include_router(router)
    problems.install(app)
    app.add_middleware(Draining)
    app.add_middleware(Headers)
    # Another site's name may resolve to this machine: requests for such a name are refused.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)

    @app.exception_handler(MosaicError)
    async def _mosaic(_: Request, error: MosaicError) -> Response:
        status, kind = KINDS[type(error)]
        headers = {"Retry-After": str(AGAIN_SECONDS)} if status == 429 else None
        return problems.response(Problem(status, kind, error.message, hint=error.hint, headers=headers))

    @app.exception_handler(PictureError)
    async def _picture(_: Request, error: PictureError) -> Response:
        return problems.response(problems.of_picture(error))

    @app.get("/", include_in_schema=False)
    def to_page() -> Response:
        return RedirectResponse("mosaic/")

    return app


class Headers:
    """Keeps the page to itself, and off disks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)
