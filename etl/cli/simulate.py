"""Stand-ins for APIs."""

from __future__ import annotations

import click
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from etl.cli.console import output
from etl.cli.options import SourceName
from etl.core.errors import ConfigError, UsageError
from etl.runtime import simulator
from etl.simulate import faults, server
from etl.sources import NAMES


@click.command()
@click.argument("source_names", metavar="[SOURCE]...", nargs=-1, type=SourceName())
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8900, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--fault", "fault_texts", multiple=True, help="Such as rate_limit*2@/v5/launches; may be repeated.")
@click.option("--without-limits", is_flag=True, help="Answer any number of requests, as no real API would.")
def simulate(
    source_names: tuple[str, ...], host: str, port: int, fault_texts: tuple[str, ...], without_limits: bool
) -> None:
    """Serve stand-ins for APIs, with faults on request.

    Without names for all sources; each is found below its name. POST /NAME/_faults changes its faults while it runs.
    """
    try:
        plan = [faults.parse_fault(text) for text in fault_texts]
    except ValueError as error:
        raise UsageError(f"--fault: {error}.", hint="`etl simulate --help` shows how to write a fault.") from error
    apps = {
        f"/{name}": simulator(name).make_app(faults.Faults(plan), with_limits=not without_limits)
        for name in source_names or NAMES
    }

    def tell(url: str) -> None:
        for path in apps:
            output.say(f"Simulating {path[1:]} at {url}{path}")

    try:
        server.serve_forever(DispatcherMiddleware(NotFound(), apps), host, port, ready=tell)
    except OSError as error:
        raise ConfigError(
            f"Port {port} on {host} is not available: {error.strerror}.", hint="Choose another --port."
        ) from error
