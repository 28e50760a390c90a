"""The settings, which are environment variables."""

from __future__ import annotations

import click

from etl.cli.console import output
from etl.settings import names


@click.command()
def settings() -> None:
    """List every setting with its default."""
    output.show_rows([{"variable": name, "default": default, "meaning": about} for name, default, about in names()])
