"""What may be asked of a run."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import factory
import interval
import pytest
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from tests.dags.parsed import BACKFILL, OF_SOURCES
from tests.dags.runs import begun


@pytest.mark.parametrize("value", [None, "2006-03-01", "2024-02-29"])
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_a_date_or_nothing_is_accepted(name: str, value: str | None) -> None:
    assert deepcopy(interval.PARAMS[name]).resolve(value) == value


@pytest.mark.parametrize(
    "value", ["yesterday", "2024-13-01", "2023-02-29", "20240101", "2024-01-01T00:00:00", 20240101]
)
@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_an_invalid_date_is_refused_before_there_is_a_run(name: str, value: Any) -> None:
    with pytest.raises(ParamValidationError):
        deepcopy(interval.PARAMS[name]).resolve(value)


def test_a_misspelt_name_fails_immediately_instead_of_meaning_everything() -> None:
    known = {"start_date": None, "end_date": None, "accept_loss": False}
    dag = SimpleNamespace(params=known)
    factory.refuse_unknown({"dag": dag, "params": known})
    with pytest.raises(
        AirflowFailException, match=r"Unknown parameter: start. Known are start_date, end_date, accept_loss."
    ):
        factory.refuse_unknown({"dag": dag, "params": known | {"start": "2024-01-01"}})


@pytest.mark.parametrize("dag", [*OF_SOURCES, BACKFILL])
def test_the_first_task_looks_at_the_names_before_it_creates_a_pod(dag: str) -> None:
    with pytest.raises(AirflowFailException, match="Unknown parameter: start"):
        begun(dag, conf={"start": "2024-01-01"})
