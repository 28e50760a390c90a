"""What a person may ask of a run: the days it is about. One pair of parameters for all sources."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException
from pods import SETTLED_DAY, settle_run_id

_DAY = {"type": ["null", "string"], "format": "date"}

# The API refuses what is no date before there is a run.
PARAMS = {
    "start_date": Param(None, title="First day (UTC)", description="Blank: everything, or what is new.", **_DAY),
    "end_date": Param(None, title="First day that is left out (UTC)", description="Blank: today.", **_DAY),
}

# The same as arguments of `etl`; blank ones are dropped.
ARGUMENTS = (
    "{{ '--from=' ~ params.start_date if params.start_date else '' }}",
    "{{ '--to=' ~ params.end_date if params.end_date else '' }}",
)

# For a source that is read by days, in several pods. Without an end they all end on the day the run began, also those
# that start after midnight; without a first day they begin where the watermark says, which only publishing moves.
SETTLED_ARGUMENTS = (ARGUMENTS[0], "{{ '--to=' ~ (params.end_date or " + SETTLED_DAY + ") }}")


def refuse_unknown(context: Any) -> None:
    """Fail at once if a parameter is misspelt: it would be ignored otherwise, and the run be about everything.

    What is wrong with an interval, such as an end before its start, `etl check` says.
    """
    if unknown := set(context["params"]) - set(PARAMS):
        raise AirflowFailException(f"There is no parameter {', '.join(sorted(unknown))}. Known: {', '.join(PARAMS)}.")


def settle(context: Any) -> None:
    """Refuse what cannot be meant, and settle what all pods of a run are about that is extracted by several."""
    refuse_unknown(context)
    settle_run_id(context)
