"""A backfill has a pod for each month, and `etl` knows which of them are published."""

from __future__ import annotations

import json
import subprocess
from copy import deepcopy
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import months
import pytest
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from tests.dags.folder import REPOSITORY
from tests.dags.parsed import BACKFILL, DAGS
from tests.dags.runs import arguments
from tests.dags.test_extraction import ETL_PYTHON

DAYS = {"source": "apod", "start_date": "2023-11-20", "end_date": "2024-02-03", "destination": "both"}
CUT = """
import json, sys
from datetime import date
from etl.core.intervals import DataInterval
from etl.pipeline.backfill import Every, _cut
whole = DataInterval(*map(date.fromisoformat, sys.argv[1:]))
print(json.dumps([[str(each.start), str(each.end)] for each in _cut(whole, Every.parse("1month"))]))
"""


def etl(script: str, *words: str) -> Any:
    """What `etl`, which is installed beside this environment, says."""
    command = [ETL_PYTHON, "-c", script, *words]
    return json.loads(subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout)


def cut(start: str, end: str) -> list[list[str]]:
    calls = months.calls({"source": "apod", "start_date": start, "end_date": end, "destination": "lake"})
    return [[call[3], call[5]] for call in calls]


def test_each_month_has_a_pod_and_the_first_and_the_last_are_what_is_left_of_theirs() -> None:
    said = [arguments(BACKFILL, "backfill", conf=DAYS, index=index) for index in range(4)]
    between = ["2023-11-20", "2023-12-01", "2024-01-01", "2024-02-01", "2024-02-03"]
    assert said == [
        ["backfill", "apod", "--from", start, "--to", end, "--destination", "both"] for start, end in pairwise(between)
    ]


@pytest.mark.parametrize(
    ("start", "end"), [("1995-06-16", "2026-01-01"), ("2024-02-28", "2024-03-01"), ("2023-12-31", "2024-01-02")]
)
def test_months_are_cut_as_etl_cuts_them(start: str, end: str) -> None:
    assert cut(start, end) == etl(CUT, start, end)


def test_ten_years_are_120_pods_two_at_a_time() -> None:
    assert len(cut("2016-01-01", "2026-01-01")) == 120
    assert DAGS[BACKFILL].get_task("backfill").partial_kwargs["max_active_tis_per_dagrun"] == 2
    assert DAGS[BACKFILL].dagrun_timeout > timedelta(hours=120)


@pytest.mark.parametrize("end", [date(2024, 1, 1), date(2023, 12, 31)])
def test_no_days_at_all_fail_instead_of_succeeding_without_a_pod(end: date) -> None:
    with pytest.raises(AirflowFailException, match=f"The interval ends on {end}, not after its start on 2024-01-01"):
        cut("2024-01-01", str(end))


@pytest.mark.parametrize(
    ("name", "value"),
    [("source", "--help"), ("source", ""), ("start_date", None), ("end_date", "soon"), ("destination", "redshift")],
)
def test_what_cannot_be_filled_is_refused_before_there_is_a_run(name: str, value: Any) -> None:
    with pytest.raises(ParamValidationError):
        deepcopy(DAGS[BACKFILL].params).get_param(name).resolve(value)


@pytest.mark.parametrize("name", ["source", "start_date", "end_date"])
def test_source_and_days_must_be_given(name: str) -> None:
    with pytest.raises(ParamValidationError):
        deepcopy(DAGS[BACKFILL].params).get_param(name).resolve()
