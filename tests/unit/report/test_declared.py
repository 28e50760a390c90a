"""Every source's report as it is declared: complete, named consistently, and truthful about the files it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.core.errors import UsageError
from etl.report import Report
from etl.report.write import default_file
from etl.sources import reports
from etl.sql.statements import names
from tests.conftest import ROOT
from tests.unit.report import apod_rows, gold_rows, mars_rows, sensor_rows
from tests.unit.report.reader import Reader

REPORTS = {name: reports.load(name) for name in reports.declared()}


def test_spacex_and_the_sensors_have_a_report() -> None:
    assert {"spacex", "sensors"} <= set(REPORTS)


@pytest.mark.parametrize("name", REPORTS)
def test_each_query_is_a_file_and_each_file_is_a_query(name: str) -> None:
    assert {f"report/{name}/{query}" for query in REPORTS[name].queries} == set(names(f"report/{name}"))


@pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
def test_sections_have_names_of_their_own_which_are_ids(report: Report) -> None:
    ids = [section.name for section in report.all_sections]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z]+", name) for name in ids)


def test_no_two_reports_are_the_same_file() -> None:
    files = {default_file(report, name) for name, report in REPORTS.items()}
    assert len(files) == len(REPORTS)
    assert default_file(REPORTS["spacex"], "spacex") == Path(".data/report.html")


def test_a_source_without_a_report_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(UsageError, match="tides has no report") as caught:
        reports.load("tides")
    assert "spacex, sensors" in str(caught.value.hint)


@pytest.mark.parametrize(
    "page",
    [gold_rows.page(), sensor_rows.page(), apod_rows.page(), mars_rows.page()],
    ids=["spacex", "sensors", "apod", "mars"],
)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"sql/[\w/]+\.sql", Reader(page).words)
    assert len(named) >= 5
    assert [file for file in named if not (ROOT / file).is_file()] == []
