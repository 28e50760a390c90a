"""What a command starts with: settings from the environment, logs, metrics, and a pipeline that shows its progress."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
import structlog

from etl.cli.console import progress
from etl.core.source import Source
from etl.pipeline.pipeline import Pipeline
from etl.runtime import Runtime, from_environment
from etl.settings import retired
from etl.telemetry import logs, metrics


def start(*, for_people: bool = False) -> Runtime:
    """Read the settings, configure logs and metrics, and return what builds the rest.

    People at a terminal see progress bars and results; log lines about normal work are for pods.
    """
    parts = from_environment()
    settings = parts.settings
    context = click.get_current_context()
    debug = context.find_root().obj["debug"]
    as_json = settings.log.format == "json" or (settings.log.format == "auto" and not sys.stderr.isatty())
    level = logging.DEBUG if debug else logging.WARNING if for_people or sys.stderr.isatty() else logging.INFO
    logs.configure_logs(json=as_json, level=level)
    for warning in retired():
        logs.log.warning(warning)
    metrics.configure_metrics(settings.statsd.host, settings.statsd.port)
    _bind_command(context)
    return parts


def _bind_command(context: click.Context) -> None:
    """Add the command and its source to every log line, and to the count of errors."""
    command = context.command_path.partition(" ")[2]
    source = {"source": context.params["source_name"]} if "source_name" in context.params else {}
    structlog.contextvars.bind_contextvars(command=command, **source)


@contextmanager
def pipeline(
    runtime: Runtime, source: Source, engine: str = "local", *, accepts_loss: bool = False
) -> Iterator[Pipeline]:
    """A pipeline whose progress is shown."""
    with runtime.engine(engine) as ready:
        yield replace(runtime.pipeline(source, ready, progress.listener(source)), accepts_loss=accepts_loss)
