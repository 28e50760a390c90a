"""Show the page on this machine, to this machine alone: `python -m enrichment.mosaic`."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import RedirectResponse, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from enrichment.mosaic import atlas
from enrichment.mosaic.errors import MosaicError
from enrichment.mosaic.folder import Folder
from enrichment.mosaic.generated import Generated
from enrichment.mosaic.pool import Pool
from enrichment.mosaic.studio import Studio
from enrichment.mosaic.web import make_router

HOST = "127.0.0.1"
PORT = 8765


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _serve(options.pool, options.port)
    except KeyboardInterrupt:
        print("\nStopped; nothing was kept.")
    except MosaicError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return os.EX_CONFIG
    return os.EX_OK


def make_app(studio: Studio) -> FastAPI:
    """Return the page as an app of its own."""
    app = FastAPI(title="Space mosaic", docs_url=None, redoc_url=None)
    app.include_router(make_router(lambda: studio))
    # Another site's name may lead to this machine: who comes by such a name is not answered.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])

    @app.get("/", include_in_schema=False)
    def to_page() -> Response:
        return RedirectResponse("mosaic/")

    return app


def _serve(folder: Path | None, port: int) -> None:
    listener = _listen(port)
    pool: Pool = Folder(folder) if folder else Generated()
    print(f"Reading {len(pool.pictures)} pictures ..." if folder else f"Drawing {len(pool.pictures)} pictures ...")
    studio = Studio(atlas.build(pool))
    print(f"The mosaic of {len(studio.atlas)} pictures: http://{HOST}:{listener.getsockname()[1]}/mosaic/")
    print("Ctrl-C ends it.", flush=True)
    settings = uvicorn.Config(make_app(studio), log_level="warning", access_log=False, timeout_graceful_shutdown=2)
    uvicorn.Server(settings).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        raise MosaicError(
            f"Port {port} of {HOST} cannot be used: {error.strerror}.",
            hint="Choose another: python -m enrichment.mosaic --port 0 takes any that is free.",
        ) from None
    listener.listen(128)
    return listener


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m enrichment.mosaic", description="A mosaic of pictures of space.")
    parser.add_argument(
        "--pool", type=Path, metavar="FOLDER", help="of pictures and an index.json; else some are drawn"
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}; 0: any that is free")
    return parser


if __name__ == "__main__":
    sys.exit(main())
