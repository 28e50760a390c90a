"""The page of photos as text: its numbers, its links, its escapes."""

from __future__ import annotations

import pytest

from tests.unit.report import mars_rows
from tests.unit.report.reader import HOSTILE, Reader


@pytest.fixture(scope="module")
def read() -> Reader:
    return Reader(mars_rows.page())


@pytest.mark.parametrize(
    "sentence",
    [
        "1,400 photos · 1 May 2024 to 14 May 2024",
        "560 photos on 14 days by Curiosity, 840 photos on 14 days by Perseverance; also 560 thumbnails.",
        "1 May 2024 Curiosity 40 20 1",
        "28 May 2024 Sol 4200: Mast Camera NASA/JPL-Caltech Curiosity, mast",
        "27 May 2024 Sol 4199 NASA/JPL-Caltech",
    ],
)
def test_sentences_are_computed_from_the_rows(read: Reader, sentence: str) -> None:
    assert sentence in read.words


def test_a_rover_without_photos_is_not_mentioned() -> None:
    alone = [row for row in mars_rows.periods(1) if row["rover"] == "curiosity"]
    assert "40 photos on 1 day by Curiosity; also 20 thumbnails." in Reader(mars_rows.page(periods=alone)).words


def test_thumbnails_alone_are_not_photos() -> None:
    only = [row | {"photos": 0} for row in mars_rows.periods(1)]
    assert "No photos; also 40 thumbnails." in Reader(mars_rows.page(periods=only)).words


def test_a_chart_holds_every_period_of_each_rover(read: Reader) -> None:
    (chart,) = read.figures.values()
    assert [len(bars["x"]) for bars in chart["data"]] == [14, 14]
    assert chart["data"][1]["hovertext"][0] == "<b>Perseverance, 1 May 2024</b>: 60 photos<br>20 thumbnails"


@pytest.mark.parametrize(("unit", "named", "period"), [("month", "Feb 2023", "M1"), ("year", "2013", "M12")])
def test_longer_times_are_shown_by_months_and_years(unit: str, named: str, period: str) -> None:
    read = Reader(mars_rows.page(periods=mars_rows.periods(12, unit)))
    assert f"{named} Curiosity 40 20 1" in read.words
    assert read.figures["activity"]["data"][0]["xperiod"] == period


def test_each_photo_links_to_its_page(read: Reader) -> None:
    links = [attrs for tag, attrs in read.elements if tag == "a"]
    assert [link["href"] for link in links] == [row["page_url"] for row in mars_rows.latest()]


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 300])
def test_what_nasa_writes_stays_text(read: Reader, name: str) -> None:
    hostile = mars_rows.latest(title=name, credit=name, rover=name, page_url=f'https://x/"{name}')
    shown = Reader(mars_rows.page(latest=hostile))
    assert " ".join(name.split()) in shown.words
    assert [tag for tag, _ in shown.elements] == [tag for tag, _ in read.elements]


def test_without_rows_the_page_says_what_to_run() -> None:
    read = Reader(mars_rows.empty_page())
    assert "etl run mars extracts and publishes them." in read.words
    assert read.count("figure") == 2
