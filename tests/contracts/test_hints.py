"""What a message or a document tells people to run or to read is there: each command, its options, each path."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from etl.cli.main import etl
from tests.conftest import ROOT

SAMPLES = {"step": "transform"}  # what else a placeholder may stand for is a source
MAKE_VERBS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
CODE = sorted((ROOT / "etl").rglob("*.py"))
TEXTS = [
    file
    for pattern in ("*.md", "docs/**/*.md", "monitoring/runbooks/*.md", "etl/**/*.html", "notebooks/*.ipynb")
    for file in sorted(ROOT.glob(pattern))
    if file.name != "CHANGELOG.md" and "adr" not in file.parts  # history: it may name what has gone
]


def _messages(file: Path) -> Iterator[str]:
    """Every text in a module but its docstrings, a sample in each placeholder."""
    tree = ast.parse(file.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and id(node) not in docstrings:
            yield "".join(_sample(part) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | parts:
            yield node.value


def _sample(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    return SAMPLES.get(ast.unparse(part.value), "spacex")


def _help_texts() -> Iterator[str]:
    """The help of each command and option: docstrings, which are no messages elsewhere."""
    for _, command in _commands(etl, ()):
        yield command.help or ""
        yield from (option.help or "" for option in command.params if isinstance(option, click.Option))


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands(below, (*path, name))


COMMANDS = dict(_commands(etl, ()))


def _lines(text: str, is_markdown: bool) -> Iterator[list[str]]:
    """The words of each command in backticks, and of each in a block of code."""
    codes = re.findall(r"`([^`\n]+)`", text)
    if is_markdown:
        blocks = re.findall(r"^```\w*\n(.*?)^```$|^((?: {4}.*\n)+)", text, re.MULTILINE | re.DOTALL)
        codes += [line.strip() for block in blocks for line in "".join(block).splitlines()]
    for code in codes:
        try:
            words = shlex.split(re.sub(r"[>|;&<].*", "", code), comments=True)
        except ValueError:  # a piece of another language
            continue
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            del words[0]
        if words and words[0].rsplit("/", 1)[-1] in ("etl", "make"):
            yield [words[0].rsplit("/", 1)[-1], *words[1:]]


def _refuse_unknown(words: list[str]) -> None:
    """That the command exists, with each of its options, under its present name."""
    program, *arguments = words
    if program == "make":
        verbs = [word for word in arguments if re.fullmatch(r"[a-z][a-z0-9-]*", word)]
        assert set(verbs) <= MAKE_VERBS, words
        return
    path: tuple[str, ...] = ()
    while arguments and (*path, arguments[0]) in COMMANDS:
        path = (*path, arguments.pop(0))
    command = COMMANDS[path]
    assert not (isinstance(command, click.Group) and arguments and arguments[0].isalpha()), f"no such command: {words}"
    if path != ("psql",):  # hands its options on
        assert {word.split("=")[0] for word in arguments if re.match(r"--\w", word)} <= _options(command), words


def _options(command: click.Command) -> set[str]:
    context = click.Context(command, help_option_names=["-h", "--help"])
    return {
        name
        for option in command.get_params(context)
        if isinstance(option, click.Option) and not option.hidden
        for name in option.opts
    }


def _paths(text: str) -> set[str]:
    """The paths in this repository that a text names, `<audit>` or a sample as `*`."""
    found = re.findall(rf"(?<![\w/.:-])((?:{'|'.join(sorted(FOLDERS))})/(?:<\w+>|[\w*./-])*(?:<\w+>|[\w*/]))", text)
    return {re.sub(r"<\w+>|\bspacex\b", "*", path) for path in found}


def _refuse_lost(paths: set[str]) -> None:
    for path in paths:
        assert list(ROOT.glob(path.rstrip("/"))), f"{path} is not there"


@pytest.mark.parametrize("file", CODE, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_a_message_names_is_there(file: Path) -> None:
    every_option = {option for command in COMMANDS.values() for option in _options(command)}
    for message in _messages(file):
        for words in _lines(message, is_markdown=False):
            _refuse_unknown(words)
        if " " in message and message.rstrip().endswith("."):  # a sentence: its options are those of our commands
            assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", message)) <= every_option, message
            _refuse_lost(_paths(message))


def test_what_a_help_text_names_is_there() -> None:
    for text in _help_texts():
        for words in _lines(text, is_markdown=False):
            _refuse_unknown(words)
        _refuse_lost(_paths(text))


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_a_document_names_is_there(file: Path) -> None:
    text = file.read_text()
    for words in _lines(text, is_markdown=file.suffix == ".md"):
        _refuse_unknown(words)
    if file.suffix == ".html" or "runbooks" in file.parts:
        _refuse_lost(_paths(text))
