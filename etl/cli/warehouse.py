"""The warehouse itself: its roles, its version, a session by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click

from etl.cli.console import output
from etl.cli.startup import start
from etl.core.errors import ConfigError
from etl.postgres import waiting
from etl.state import migrations
from etl.state import provision as provisioning

wait_option = click.option(
    "--wait", "wait_s", default=0.0, type=click.FloatRange(0), help="Seconds to wait for a server that is starting."
)


@click.command()
@click.option("--logins", type=click.Path(path_type=Path), help="Folder of files named after roles, each a password.")
@wait_option
def provision(logins: Path | None, wait_s: float) -> None:
    """Create the platform's roles and databases. Run it as the owner of the server, before `etl migrate`.

    With --logins, the roles that have a file may log in with that password, and no others.
    """
    runtime = start()
    passwords = provisioning.passwords(logins) if logins else None
    with runtime.server() as dsn, waiting.session(dsn, wait_s) as warehouse:
        done = provisioning.provision(warehouse, passwords)
    output.say(f"Created {', '.join(done.made)}." if done.made else "All roles and databases exist already.")
    if done.logins is not None:
        output.say(f"Roles that may log in: {', '.join(done.logins) or 'none'}.")


@click.command()
@wait_option
def migrate(wait_s: float) -> None:
    """Bring the warehouse to this version of the code. Run it as the owner of the database."""
    with start().server() as dsn, waiting.session(dsn, wait_s) as warehouse:
        applied = migrations.migrate(warehouse)
        output.say(
            f"Applied {', '.join(applied)}." if applied else f"Already at version {migrations.newest()}: nothing to do."
        )


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the warehouse. Further arguments are passed to psql (-c, -f and so on)."""
    runtime = start()
    if runtime.is_elsewhere:
        os.execv(_client(), ["psql", *arguments])
    from etl.postgres import programs  # not in the image

    options = {"PGOPTIONS": "-c role=engineer -c timezone=UTC"}  # may read everything; only the pipeline writes
    with runtime.server() as dsn:
        sys.exit(subprocess.call([programs.path("psql"), dsn, *arguments], env=options | dict(os.environ)))


def _client() -> str:
    """The machine's own psql, else the one that comes with the embedded server."""
    found = shutil.which("psql")
    if found is None:
        from etl.postgres import programs  # not in the image

        with suppress(ModuleNotFoundError):
            found = programs.path("psql")
    if found is None:
        raise ConfigError(
            "psql is not installed.",
            hint="Install it (Debian: apt install postgresql-client; macOS: brew install libpq), then run this again.",
        )
    return found
