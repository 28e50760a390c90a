"""What a file says does not depend on the locale: whatever is opened as text names its encoding."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDERS = ("enrichment", "etl", "k8s", "monitoring", "dags", "sql")
FILES = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py"))
# The place of the encoding, and that of the mode, among a call's arguments.
TEXTS = {"read_text": (0, None), "write_text": (1, None), "open": (3, 1), "fdopen": (3, 1)}
TEMPORARY = ("NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile")
OURS = ("lake", "destination", "gate", "self", "Image")  # their `open` does not open a file as text


def unnamed(tree: ast.AST) -> Iterator[int]:
    """Lines of calls that read or write text in the locale's encoding."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _is_text(call) and not _has_encoding(call):
            yield call.lineno


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_text(call: ast.Call) -> bool:
    told = {keyword.arg: keyword.value for keyword in call.keywords}
    if _name(call) in TEMPORARY:
        return "mode" in told and "b" not in ast.unparse(told["mode"])
    if _name(call) in ("run", "Popen", "check_output") and ("text" in told or "universal_newlines" in told):
        return True
    if _name(call) not in TEXTS or (isinstance(call.func, ast.Attribute) and _whose(call.func) in OURS):
        return False
    _, place = TEXTS[_name(call)]
    if place is None:
        return True
    if isinstance(call.func, ast.Attribute) and _whose(call.func) not in ("os", "io"):
        place = 0  # a path's own
    mode = told.get("mode") or (call.args[place] if len(call.args) > place else None)
    return not (mode is not None and ("b" in ast.unparse(mode) or "O_" in ast.unparse(mode)))


def _has_encoding(call: ast.Call) -> bool:
    place, _ = TEXTS.get(_name(call), (99, None))
    return any(keyword.arg == "encoding" for keyword in call.keywords) or len(call.args) > place


def _whose(function: ast.Attribute) -> str:
    return ast.unparse(function.value).rsplit(".", 1)[-1]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_text_is_read_and_written_in_a_named_encoding(file: Path) -> None:
    assert list(unnamed(ast.parse(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    ("call", "is_named"),
    [
        ("file.read_text()", False),
        ("file.read_text('utf-8')", True),
        ("file.write_text(text)", False),
        ("file.write_text(text, encoding='utf-8')", True),
        ("open(name)", False),
        ("open(name, 'rb')", True),
        ("file.open('a')", False),
        ("file.open('ab')", True),
        ("lake.open(path)", True),
        ("os.open(os.devnull, os.O_WRONLY)", True),
        ("subprocess.run(command, text=True)", False),
        ("subprocess.run(command, encoding='utf-8')", True),
    ],
)
def test_the_lint_finds_what_it_is_for(call: str, is_named: bool) -> None:
    assert (list(unnamed(ast.parse(call))) == []) is is_named
