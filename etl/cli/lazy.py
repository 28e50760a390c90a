"""Commands that are imported when they run, so that `etl --help` stays quick."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command is, as `module:attribute`, and its short help, which is shown without importing it."""

    place: str
    short_help: str


class LazyGroup(click.Group):
    """A group that imports a command only to run it.

    Source: "Lazily Loading Subcommands" in click's documentation. Its own help needs no imports either.
    """

    def __init__(self, *, lazy: Mapping[str, Lazy], **attributes: Any) -> None:
        known = {name: click.Command(name, short_help=each.short_help) for name, each in lazy.items()}
        super().__init__(commands=known, **attributes)  # so that click can suggest names
        self.lazy = lazy

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        module, _, attribute = self.lazy[cmd_name].place.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.lazy[name].short_help) for name in sorted(self.lazy)])
