"""Show the page on this machine, to this machine alone: `python -m enrichment.mosaic`."""

import argparse
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn

from enrichment.mosaic.app import make_app
from enrichment.mosaic.errors import MosaicError
from enrichment.mosaic.generated import Generated
from enrichment.mosaic.pool import Pool
from enrichment.mosaic.studio import Studios
from enrichment.mosaic.watched import Watched

HOST = "127.0.0.1"
PORT = 8765


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _serve(options)
    except KeyboardInterrupt:
        print("\nStopped; nothing was kept.")
    except MosaicError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return os.EX_CONFIG
    return os.EX_OK


def _serve(options: argparse.Namespace) -> None:
    with socket.socket() as listener:
        _bind(listener, options.host, options.port)
        look = _look(options)
        pool = look()
        print(
            f"{'Drawing' if isinstance(pool, Generated) else 'Reading'} {len(pool.pictures)} pictures ...", flush=True
        )
        studios = Studios(look)
        number, address = len(studios.current().atlas), f"http://{HOST}:{listener.getsockname()[1]}/mosaic/"
        print(f"The mosaic of {number} pictures: {address}\nCtrl-C ends it.", flush=True)
        settings = uvicorn.Config(make_app(studios), log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        uvicorn.Server(settings).run(sockets=[listener])


def _look(options: argparse.Namespace) -> Callable[[], Pool]:
    """How to find the pool as it is now. Raises: PoolError."""
    if options.pool is None:
        drawn = Generated()
        return lambda: drawn
    return Watched(options.pool, Generated() if options.or_drawn else None)


def _bind(listener: socket.socket, host: str, port: int) -> None:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        raise MosaicError(
            f"Port {port} of {host} cannot be used: {getattr(error, 'strerror', error)}.",
            hint="Choose another, or any that is free: make mosaic PORT=0.",
        ) from None
    listener.listen(128)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m enrichment.mosaic", description="A mosaic of pictures of space.")
    parser.add_argument(
        "--pool", type=Path, metavar="FOLDER", help="of pictures and an index.json; without one, some are drawn"
    )
    parser.add_argument(
        "--or-drawn", action="store_true", help="draw some as long as FOLDER has no picture that may be reused"
    )
    parser.add_argument(
        "--host",
        default=HOST,
        help="address to listen on; those who call this machine by another name than localhost are not answered anyway",
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}; 0: any that is free")
    return parser


if __name__ == "__main__":
    sys.exit(main())
