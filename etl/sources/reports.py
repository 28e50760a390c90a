"""The page of each source: `REPORT` of its module `report`, found by the source's name."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from etl.core.errors import UsageError
from etl.report import Report
from etl.sources import NAMES


def declared() -> tuple[str, ...]:
    """Names of the sources that have a report."""
    return tuple(name for name in NAMES if find_spec(f"etl.sources.{name}.report") is not None)


def load(source: str) -> Report:
    """The report that a source declares. Raises: UsageError, if it declares none."""
    if source not in declared():
        raise UsageError(
            f"{source} has no report.",
            hint=f"`etl ask` answers its questions. Sources with a report: {', '.join(declared())}.",
        )
    report: Report = import_module(f"etl.sources.{source}.report").REPORT
    return report
