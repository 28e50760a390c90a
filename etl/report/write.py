"""Reads a page's rows from the warehouse and writes it into a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from etl.core.errors import ConfigError
from etl.report.declaration import Report
from etl.report.page import Run, render

FOLDER = Path(".data")

Statement = Callable[[str, Mapping[str, Any] | None], list[dict[str, Any]]]


def default_file(report: Report, source: str) -> Path:
    """Where a page goes unless its reader says otherwise."""
    return FOLDER / (report.file or f"report-{source}.html")


def write(report: Report, source: str, run: Statement, file: Path) -> None:
    """Write the page of what `source` has published; `run` executes a file of `sql/` and returns its rows.

    Raises: ConfigError, if nothing has been published, or the file cannot be written.
    """
    latest = run("report/latest_run", {"source": source})
    if not latest:
        raise ConfigError("There is nothing to report yet.", hint=f"Run `etl run {source}` first.")
    rows = {name: run(f"report/{source}/{name}", None) for name in report.queries}
    page = render(report, Run(source=source, **latest[0]), rows)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8", newline="")
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror}.", hint="Name a file in a folder where you may write."
        ) from error
