"""Which extraction a run is about. `check` names it, once, and every later task of the run uses that name.

All tries share it, so that a killed extraction continues where it stopped, and what *Clear* publishes is the run's own.
If `check` is cleared as well, the run gets a new name, which sorts after the old one, and reads the API again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

OPTION = "--extraction"  # of `etl`
KEY = "extraction_id"  # of the XCom that `check` leaves


def settle(context: Any) -> None:
    """Name the run's extraction; `check` does so before its pod starts."""
    context["ti"].xcom_push(KEY, _new_id(context["dag_run"]))


def extraction_id(ti: Any, dag_run: Any) -> str:
    """The name that `check` gave.

    Under an earlier version of the DAGs it was kept under another key or, by spacex, not at all.
    """
    return str(ti.xcom_pull("check", key=KEY) or ti.xcom_pull("check", key="run_id") or _new_id(dag_run))


def extraction_day(ti: Any, dag_run: Any) -> str:
    """The day on which the run began, such as 2026-11-21."""
    return datetime.strptime(extraction_id(ti, dag_run)[:8], "%Y%m%d").date().isoformat()  # noqa: DTZ007


def _new_id(dag_run: Any) -> str:
    """`20261121T060000Z-1e2400`: when the run began, to the microsecond, and how often it has been cleared."""
    began, cleared = dag_run.start_date, min(dag_run.clear_number or 0, 15)
    return f"{began.strftime('%Y%m%dT%H%M%SZ')}-{began.microsecond:05x}{cleared:x}"


# For templates.
MACROS = {"extraction_id": extraction_id, "extraction_day": extraction_day}
ID = "{{ extraction_id(ti, dag_run) }}"
DAY = "extraction_day(ti, dag_run)"  # an expression
