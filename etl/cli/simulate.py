"""A stand-in for an API."""

from __future__ import annotations

import click

from etl.cli.console import output
from etl.cli.options import source_argument
from etl.core.errors import ConfigError, UsageError
from etl.runtime import simulator
from etl.simulate import faults, server


@click.command()
@source_argument
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8900, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--fault", "fault_texts", multiple=True, help="Such as rate_limit*2@/v5/launches; may be repeated.")
@click.option("--without-limits", is_flag=True, help="Answer any number of requests, as no real API would.")
def simulate(source_name: str, host: str, port: int, fault_texts: tuple[str, ...], without_limits: bool) -> None:
    """Serve a stand-in for an API, with faults on request. POST /_faults changes them while it runs."""
    try:
        plan = faults.Faults([faults.parse_fault(text) for text in fault_texts])
    except ValueError as error:
        raise UsageError(f"--fault: {error}.", hint="`etl simulate --help` shows how to write a fault.") from error
    try:
        server.serve_forever(
            simulator(source_name).make_app(plan, with_limits=not without_limits),
            host,
            port,
            ready=lambda url: output.say(f"Simulating {source_name} at {url}"),
        )
    except OSError as error:
        raise ConfigError(
            f"Port {port} on {host} is not available: {error.strerror}.", hint="Choose another --port."
        ) from error
