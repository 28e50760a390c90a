"""The days a run is about, if someone asked for particular ones. The same two parameters for every source."""

from __future__ import annotations

from airflow.sdk import Param

_DAY = {"type": ["null", "string"], "format": "date"}

# The API rejects an invalid date before a run exists.
PARAMS = {
    "start_date": Param(None, title="Start date (UTC)", description="Blank: everything, or what is new.", **_DAY),
    "end_date": Param(None, title="End date, exclusive (UTC)", description="Blank: today.", **_DAY),
}

# The same as arguments of `etl`. A pod drops blank ones.
_FROM = "{{ '--from=' ~ params.start_date if params.start_date else '' }}"
ARGUMENTS = (_FROM, "{{ '--to=' ~ params.end_date if params.end_date else '' }}")


def arguments_until(day: str, *, always: bool) -> tuple[str, str]:
    """The arguments for tasks that must agree on the end: without an end date it is `day`, even after midnight.

    `day` is a template expression. Unless the end is `always` given, a run without parameters is about everything.
    """
    to = f"'--to=' ~ (params.end_date or {day})"
    return _FROM, f"{{{{ {to} }}}}" if always else f"{{{{ {to} if params.start_date or params.end_date else '' }}}}"
