"""The pages of commands: from click, and from the Makefile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from etl.cli.main import etl
from k8s.installer.__main__ import installer
from website.markdown import code, table

HELP = {"help_option_names": ["-h", "--help"]}
VERB = re.compile(r"^(?:##@ (?P<section>.+)|(?P<verb>[a-z0-9-]+):.*## (?P<help>.+))$", re.MULTILINE)


def of_etl() -> str:
    """Every command of `etl` with its arguments and options."""
    head = (
        "# Commands of etl\n\nAfter `make run`, the command line is `.venv/bin/etl`. What `--help` says, on one page.\n"
    )
    return "\n".join([head, *_of(etl, "etl")])


def _of(command: click.Command, path: str) -> Iterator[str]:
    context = click.Context(command, info_name=path, **HELP)  # type: ignore[arg-type]
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    yield f"{'#' * (path.count(' ') + 2)} {path}\n\n```\n{usage}\n```\n\n{_paragraphs(command.help)}\n"
    options = [each for each in command.get_params(context) if isinstance(each, click.Option) and not each.hidden]
    yield table(("option", "meaning"), (_option(each, context) for each in options))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if below := command.get_command(context, name):
                yield from _of(below, f"{path} {name}")


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    named, said = option.get_help_record(context) or ("", "")
    return code(named), said.replace("[", "\\[")


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").replace("\b", "").split("\n\n")) + "\n"


def of_make(makefile: Path) -> str:
    """Every verb of the Makefile, and the variables of those that the installer knows."""
    lines = ["# Commands of make\n\nWhat `make` alone lists, with the variables that the installer's verbs take.\n"]
    known: Mapping[str, click.Command] = installer.commands
    for found in VERB.finditer(makefile.read_text("utf-8")):
        if found["section"]:
            lines.append(f"## {found['section']}\n")
        else:
            lines.append(f"### make {found['verb']}\n\n{found['help']}.\n")
            if found["verb"] in known:
                lines.append(_variables(known[found["verb"]]))
    return "\n".join(lines)


def _variables(command: click.Command) -> str:
    params = (*installer.params, *command.params)
    options = [each for each in params if isinstance(each, click.Option) and isinstance(each.envvar, str)]
    return table(("variable", "meaning"), ((code(f"{each.envvar}"), each.help or "") for each in options))
