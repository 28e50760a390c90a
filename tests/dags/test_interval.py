"""What a person may ask of a run."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import interval
import pytest
import sensors
import spacex
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from tests.dags.runs import context


@pytest.mark.parametrize("value", [None, "2006-03-01", "2024-02-29"])
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_a_day_or_nothing_is_taken(name: str, value: str | None) -> None:
    assert deepcopy(interval.PARAMS[name]).resolve(value) == value


@pytest.mark.parametrize(
    "value", ["yesterday", "2024-13-01", "2023-02-29", "20240101", "2024-01-01T00:00:00", 20240101]
)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_what_is_no_day_is_refused_before_there_is_a_run(name: str, value: Any) -> None:
    with pytest.raises(ParamValidationError):
        deepcopy(interval.PARAMS[name]).resolve(value)


def test_a_misspelt_name_fails_at_once_rather_than_to_mean_everything() -> None:
    known = {"start_date": None, "end_date": None}
    interval.refuse_unknown({"params": known})
    with pytest.raises(AirflowFailException, match=r"There is no parameter start. Known: start_date, end_date."):
        interval.refuse_unknown({"params": known | {"start": "2024-01-01"}})


@pytest.mark.parametrize("dag", [spacex.dag, sensors.dag], ids=lambda dag: dag.dag_id)
def test_the_first_task_asks_before_it_makes_a_pod(dag: DAG) -> None:
    begin = dag.get_task("check")._pre_execute_hook
    with pytest.raises(AirflowFailException, match="There is no parameter start"):
        begin(context(dag, conf={"start": "2024-01-01"}))
