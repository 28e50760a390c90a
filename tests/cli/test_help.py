"""What `--help` shows: commands that are imported when they run, and options under their present names."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from etl.cli.main import COMMANDS, etl
from etl.cli.options import destination_option, extraction_option


@pytest.mark.parametrize("name", COMMANDS)
def test_the_short_help_of_a_command_is_its_own(name: str) -> None:
    command = etl.get_command(click.Context(etl), name)
    assert command is not None
    assert command.name == name
    assert command.get_short_help_str(limit=1000) == COMMANDS[name].short_help


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["explode"]], ids=" ".join)
def test_what_concerns_no_command_imports_none(arguments: list[str]) -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "etl", *arguments], capture_output=True, text=True, check=False
    )
    imported = [line.rpartition("|")[2].strip() for line in shown.stderr.splitlines() if line.startswith("import time")]
    assert not {"etl.cli.run", "etl.runtime", "pyarrow", "pydantic", "rich", "psycopg2"} & set(imported)


def test_a_misspelt_command_is_answered_with_a_suggestion() -> None:
    assert "publish" in CliRunner().invoke(etl, ["publsh"]).output


@click.command()
@extraction_option
@destination_option("Where to.")
def command(extraction_id: str | None, destination: str) -> None:
    click.echo(f"{extraction_id} {destination}")


ID = "20240517T120000Z-1a2b3c"


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        ([], "None warehouse\n"),
        (["--extraction", ID, "--destination", "lake"], f"{ID} lake\n"),
        (["--run-id", ID, "--sink", "lake"], f"{ID} lake\n"),
        (["--sink", "warehouse"], "None warehouse\n"),
    ],
    ids=" ".join,
)
def test_an_option_works_under_its_former_name_too_and_warns(arguments: list[str], out: str) -> None:
    done = CliRunner().invoke(command, arguments)
    assert done.stdout == out
    warnings = {"--run-id": "--extraction", "--sink": "--destination"}
    assert done.stderr.splitlines() == [
        f"warning: {old} is now called {new}; the next version refuses the old name."
        for old, new in warnings.items()
        if old in arguments
    ]


def test_help_shows_present_names_only() -> None:
    shown = CliRunner().invoke(command, ["--help"]).output
    assert "--extraction" in shown
    assert "--run-id" not in shown
    assert "--sink" not in shown
