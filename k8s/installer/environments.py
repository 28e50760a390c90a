"""Environments: a file of k8s/environments/ each, with the options in which it differs from the default."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from etl.core.errors import ConfigError, UsageError
from k8s.installer import paths


def names() -> list[str]:
    """The environments that there are."""
    return sorted(file.stem for file in paths.ENVIRONMENTS.glob("*.toml"))


def defaults(name: str, commands: Mapping[str, click.Command]) -> dict[str, dict[str, Any]]:
    """What an environment sets, for each command the options that it has: a `default_map` of click.

    Raises: UsageError if there is no such environment, ConfigError if its file sets what is no option of `up`.
    """
    if name not in names():
        raise UsageError(f"There is no environment '{name}'.", hint=f"ENVIRONMENT is one of {', '.join(names())}.")
    given = read(paths.ENVIRONMENTS / f"{name}.toml", commands["up"])
    return {
        command: {option.name: given[option.name] for option in parsed.params if option.name in given}
        for command, parsed in commands.items()
    }


def read(file: Path, up: click.Command) -> dict[str, Any]:
    """What a file sets. Raises: ConfigError if that is no option of `up`, or of another type."""
    where = file.relative_to(paths.ROOT) if file.is_relative_to(paths.ROOT) else file
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not TOML: {error}.", hint='It is text: write "…" around it.') from error
    options = {option.name: option for option in up.params if isinstance(option, click.Option) and option.name}
    for name, value in given.items():
        if name not in options:
            known = ", ".join(sorted(options))
            raise ConfigError(f"{where}: there is no option `{name}`.", hint=f"There are {known}.")
        expected = bool if options[name].is_flag else str
        if type(value) is not expected:
            raise ConfigError(
                f"{where}: `{name}` is {value!r}.", hint="true or false." if expected is bool else 'Text, in "…".'
            )
    return given
