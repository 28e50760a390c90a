"""`python -m enrichment.service` serves; `python -m enrichment.service key NAME` makes a key."""

from __future__ import annotations

import argparse
import os
import sys


def main() -> int:
    """Do what the arguments say; the exit code says whether it worked."""
    parser = argparse.ArgumentParser(prog="python -m enrichment.service", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    key = commands.add_parser("key", help="make a key: the service is told its hash, the caller the key")
    key.add_argument("name", nargs="?", default="pipeline", help="whose it is")
    arguments = parser.parse_args()
    return _key(arguments.name) if arguments.command == "key" else _serve()


def _key(name: str) -> int:
    from enrichment.service import keys

    made = keys.new()
    print(f"{name}:{keys.hashed(made)}")
    print(f"key, shown once: {made}", file=sys.stderr)
    return os.EX_OK


def _serve() -> int:
    from enrichment.service import settings

    try:
        read = settings.load()
    except settings.SettingsError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return os.EX_CONFIG
    from enrichment.service import app, observe, server
    from enrichment.subjects.model import Model, ModelError

    observe.configure_logs(json=read.log_format == "json")
    try:
        classifier = Model(read.model) if read.model else None
    except ModelError as error:
        print(f"error: {error}\nhint: Make one: python -m enrichment.subjects.build {read.model}", file=sys.stderr)
        return os.EX_CONFIG
    server.serve(app.create_app(read, classifier), read)
    return os.EX_OK


if __name__ == "__main__":
    sys.exit(main())
