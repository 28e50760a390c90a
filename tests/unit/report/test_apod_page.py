"""The page of pictures as text: its numbers, its links, its escapes."""

from __future__ import annotations

import pytest

from tests.unit.report import apod_rows
from tests.unit.report.reader import HOSTILE, Reader


@pytest.fixture(scope="module")
def read() -> Reader:
    return Reader(apod_rows.page())


@pytest.mark.parametrize(
    "sentence",
    [
        "420 pictures · 1 Jan 2023 to 28 Feb 2024",
        "10% of 420 pictures are videos. 14 days have none.",
        "Jan 2023 26 3 1 12 1",
        "28 Feb 2024 Picture 0 A. Example image",
    ],
)
def test_sentences_are_computed_from_the_rows(read: Reader, sentence: str) -> None:
    assert sentence in read.words


def test_every_day_may_have_one() -> None:
    page = apod_rows.page(periods=apod_rows.periods(1, missing_days=0))
    assert "10% of 30 pictures are videos. No day is missing." in Reader(page).words


def test_a_chart_holds_every_period(read: Reader) -> None:
    (chart,) = read.figures.values()
    assert [len(bars["x"]) for bars in chart["data"]] == [14, 14, 14]
    assert chart["data"][2]["hovertext"][0].endswith("26 images<br>3 videos<br>1 other<br>1 without a picture")


def test_years_are_named_as_years() -> None:
    read = Reader(apod_rows.page(periods=apod_rows.periods(31, "year")))
    assert "2025 26 3 1 12 1" in read.words
    assert read.figures["media"]["data"][0]["xperiod"] == "M12"


def test_each_picture_links_to_its_page(read: Reader) -> None:
    links = [attrs for tag, attrs in read.elements if tag == "a"]
    assert [link["href"] for link in links] == [row["page_url"] for row in apod_rows.latest()]
    assert {link["rel"] for link in links} == {"noreferrer"}


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//example.org", ""])
def test_an_address_that_is_not_a_web_url_is_not_linked(address: str) -> None:
    assert Reader(apod_rows.page(latest=apod_rows.latest(page_url=address))).count("a") == 0


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 300])
def test_what_nasa_writes_stays_text(read: Reader, name: str) -> None:
    hostile = apod_rows.latest(title=name, credit=name, media_type=name, page_url=f'https://x/"{name}')
    shown = Reader(apod_rows.page(latest=hostile))
    assert " ".join(name.split()) in shown.words
    assert [tag for tag, _ in shown.elements] == [tag for tag, _ in read.elements]


def test_without_rows_the_page_says_what_to_run() -> None:
    read = Reader(apod_rows.empty_page())
    assert "etl run apod extracts and publishes them." in read.words
    assert read.count("figure") == 2
