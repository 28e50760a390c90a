"""Trino in a process of its own: what Athena's engine version 3 is made of, with tables in memory."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
ROWS_AT_ONCE = 1000  # in one statement


def installed(into: Path) -> Path:
    """Its jars, by Maven; skips where that or a Java is missing, or Maven reaches nothing."""
    if shutil.which("mvn") is None or shutil.which("java") is None:
        pytest.skip("needs Maven and Java 17, of which one is not installed")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={into}"]
    done = subprocess.run(["mvn", "-q", "-B", "-f", FOLDER / "pom.xml", *goal], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs Trino's jars, which Maven does not get: {done.stdout[-300:]}")
    return into


def execute(jars: Path, folder: Path, statements: Sequence[str]) -> list[Any]:
    """The rows of each statement; of one that fails, the error's text."""
    (folder / "statements.json").write_text(json.dumps(statements))
    command = ["java", "-cp", f"{jars}/*", FOLDER / "Trino.java", folder / "statements.json", folder / "rows.json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[Any] = json.loads((folder / "rows.json").read_text())
    return found


@dataclass(frozen=True)
class Table:
    """A table to be made: the SQL type of each column, and its rows."""

    name: str
    types: Mapping[str, str]
    rows: Sequence[Sequence[Any]]

    def statements(self) -> list[str]:
        names = ", ".join(f'"{name}"' for name in self.types)
        texts = ", ".join(f'"{name}" {_as_json(kind)}' for name, kind in self.types.items())
        casts = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in self.types.items())
        read = f"select {casts} from unnest(cast(json_parse('{{}}') as array(row({texts})))) as t ({names})"
        cuts = [self.rows[first : first + ROWS_AT_ONCE] for first in range(0, len(self.rows), ROWS_AT_ONCE)]
        return [
            f"create table {self.name} as {read.format('[]')}",
            *(f"insert into {self.name} {read.format(_json(cut))}" for cut in cuts),
        ]


def _as_json(kind: str) -> str:
    """The type that JSON is read as: a text, of which the rest is cast."""
    return kind if kind.startswith("array") else "varchar"


def _json(rows: Sequence[Sequence[Any]]) -> str:
    return json.dumps([[_text(value) for value in row] for row in rows]).replace("'", "''")


def _text(value: Any) -> Any:
    match value:
        case None | list():
            return value
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return str(value)
