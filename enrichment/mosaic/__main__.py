"""Show the page on this machine, to this machine alone: `python -m enrichment.mosaic`."""

import argparse
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from enrichment.mosaic.app import make_app
from enrichment.mosaic.errors import MosaicError
from enrichment.mosaic.folder import Folder
from enrichment.mosaic.generated import Generated
from enrichment.mosaic.pool import Pool
from enrichment.mosaic.studio import Studios

HOST = "127.0.0.1"
PORT = 8765


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _serve(options.pool, options.host, options.port)
    except KeyboardInterrupt:
        print("\nStopped; nothing was kept.")
    except MosaicError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return os.EX_CONFIG
    return os.EX_OK


def _serve(folder: Path | None, host: str, port: int) -> None:
    with socket.socket() as listener:
        _bind(listener, host, port)
        pool: Pool = Folder(folder) if folder else Generated()
        print(f"{'Reading' if folder else 'Drawing'} {len(pool.pictures)} pictures ...", flush=True)
        studios = Studios(pool)
        number, address = len(studios.current().atlas), f"http://{HOST}:{listener.getsockname()[1]}/mosaic/"
        print(f"The mosaic of {number} pictures: {address}\nCtrl-C ends it.", flush=True)
        settings = uvicorn.Config(make_app(studios), log_level="warning", access_log=False, timeout_graceful_shutdown=2)
        uvicorn.Server(settings).run(sockets=[listener])


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
        "--pool", type=Path, metavar="FOLDER", help="of pictures and an index.json; else some are drawn"
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
