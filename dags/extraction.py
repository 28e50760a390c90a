"""Which extraction a run is about. `check` names it, once, and every later task of the run uses that name.

All tries share it, so that a killed extraction continues where it stopped, and what *Clear* publishes is the run's own.
If `check` is cleared as well, the run gets a new name, which sorts after the old one, and reads the API again.
"""

from __future__ import annotations

from typing import Any

OPTION = "--run-id"  # of `etl`
KEY = "extraction_id"  # of the XCom that `check` leaves

_NEW = (
    "dag_run.start_date.strftime('%Y%m%dT%H%M%SZ-')"
    " ~ '%05x%x' % (dag_run.start_date.microsecond, [dag_run.clear_number or 0, 15] | min)"
)
# A run that began under an earlier version of the DAG has the name under another key or, as spacex had it, nowhere.
_ID = f"(ti.xcom_pull('check', key='{KEY}') or ti.xcom_pull('check', key='run_id') or ({_NEW}))"

ID = f"{{{{ {_ID} }}}}"
DAY = f"macros.ds_format({_ID}[:8], '%Y%m%d', '%Y-%m-%d')"  # an expression: the day on which the run began


def settle(context: Any) -> None:
    """Name the run's extraction; `check` does so before its pod starts."""
    context["ti"].xcom_push(KEY, context["task"].render_template(f"{{{{ {_NEW} }}}}", context))
