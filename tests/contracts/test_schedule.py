"""What the ledger knows of schedules, against which a source is called stale, is what the DAGs say."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from etl import sources
from tests.conftest import ROOT
from tests.warehouse.states import rows

# How often a cron expression comes, by which of its fields (minute, hour, day, month, weekday) are plain numbers.
EVERY = {
    (True, False, False, False, False): timedelta(hours=1),
    (True, True, False, False, False): timedelta(days=1),
    (True, True, False, False, True): timedelta(weeks=1),
}


def _every(cron: str) -> timedelta:
    fields = cron.split()
    assert all(field == "*" or field.isdecimal() for field in fields), f"teach this test to read {cron}"
    return EVERY[tuple(field != "*" for field in fields)]  # type: ignore[index]


@pytest.mark.parametrize("source", sources.NAMES)
def test_a_dag_runs_as_often_as_monitoring_expects(source: str, database: str) -> None:
    text = (ROOT / "dags" / f"{source}.py").read_text()
    [cron] = re.findall(r'^    schedule="([^"]+)"', text, re.MULTILINE)
    assert rows(database, "select every from ops.schedule where source = %s", [source]) == [(_every(cron),)]


def test_monitoring_expects_nothing_of_sources_that_are_not_there(database: str) -> None:
    assert {name for (name,) in rows(database, "select source from ops.schedule")} == set(sources.NAMES)
