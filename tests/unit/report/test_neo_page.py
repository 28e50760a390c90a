"""The page of near-Earth objects as text: its numbers, its escapes, what it says when there is nothing."""

from __future__ import annotations

import pytest

from etl.report import render
from etl.sources.neo.report import REPORT
from tests.unit.report import neo_rows
from tests.unit.report.reader import HOSTILE, Reader


@pytest.fixture(scope="module")
def read() -> Reader:
    return Reader(neo_rows.page())


@pytest.mark.parametrize(
    "sentence",
    [
        "1,800 passes · read on 28 Nov 2026",
        "Closest of the next 30 days 10.2 LD 900020 (2007 XA20) 28 Nov 2026, 12:00 210 to 470 m across, at 12.5 km/s",
        "Closer than the Moon 2 passes from 8 Nov 2026 to 17 Dec 2026",
        "Highest on the Palermo scale −2.97 2010 RF12 1 in 10, 2095 to 2122",
        "Its rank by a simple score 500 of 500 objects that pass, with a score of 0.026",
        "Of 40 passes within 20 lunar distances from 8 Nov 2026 to 17 Dec 2026, 2 came or will come closer than the "
        "Moon. An impact is possible for none of them.",
        "2010 RF12, first by Palermo with a chance of 1 in 10, ranks 500 of 500 by the simple score, in which "
        "size and speed outweigh whether anything will happen.",
        "33% of 1,800 passes are routine and not shown; 120 are of objects on the risk list, 240 of hazardous ones "
        "within 0.05 au.",
        "−3.75 2000 SB45 1 in 10, 2095 to 2122 simple score 0.183, rank 40 of 500 23 Sep 2026",
    ],
)
def test_sentences_are_computed_from_the_rows(read: Reader, sentence: str) -> None:
    assert sentence in read.words


def test_every_chart_has_a_message_and_its_numbers_as_a_table(read: Reader) -> None:
    assert set(read.figures) == {"passes", "scores", "attention"}
    assert [read.count(tag) for tag in ("figure", "figcaption", "details", "table")] == [3, 3, 3, 4]
    ids = set(read.attributes("id"))
    assert {name for value in read.attributes("aria-labelledby") for name in str(value).split()} <= ids


def test_figures_hold_every_row(read: Reader) -> None:
    assert sum(len(trace["x"]) for trace in read.figures["passes"]["data"]) == 40
    assert sum(len(trace["x"]) for trace in read.figures["scores"]["data"]) == 3
    assert [len(trace["x"]) for trace in read.figures["attention"]["data"]] == [12] * 4


def test_a_pass_that_may_hit_is_named() -> None:
    hit = neo_rows.one_pass(0, is_impact_possible=True, miss_distance_ld=0.0, miss_distance_min_ld=0.0)
    read = Reader(neo_rows.page(passes=[hit]))
    assert "An impact is possible for 900000 (2007 XA0)." in read.words
    assert read.figures["passes"]["data"][2]["y"] == [0.005]  # a logarithm has no zero


def test_what_is_unknown_is_said_to_be() -> None:
    nothing = dict.fromkeys(("diameter_min_km", "diameter_max_km", "miss_distance_min_ld", "is_impact_possible"))
    assert "of unknown size" in Reader(neo_rows.page(passes=[neo_rows.one_pass(30, **nothing)])).words
    past = Reader(neo_rows.page(passes=[neo_rows.one_pass(0)]))
    assert "No pass within 20 lunar distances is known." in past.words
    single = neo_rows.risk("(2010 RF12)", -2.97, 0.9, 1, last_year=2095)
    assert "1 in 10, in 2095" in Reader(neo_rows.page(risks=[single])).words


def test_many_years_are_named_as_years() -> None:
    read = Reader(neo_rows.page(periods=neo_rows.periods(70, "year")))
    assert "<b>1960</b>" in read.figures["attention"]["data"][3]["hovertext"][0]


def test_large_sizes_are_in_km() -> None:
    large = neo_rows.one_pass(20, diameter_min_km=1.2, diameter_max_km=2.7)
    assert "1.2 to 2.7 km across" in Reader(neo_rows.page(passes=[large])).words


def test_without_rows_every_block_says_so_and_names_the_command() -> None:
    read = Reader(render(REPORT, neo_rows.RUN, dict.fromkeys(REPORT.queries, ())))
    assert read.figures == {}
    assert "etl run neo" in read.words


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_becomes_markup(name: str) -> None:
    read = Reader(
        neo_rows.page(
            passes=[neo_rows.one_pass(20, full_name=name, attention_rank=1)],
            risks=[neo_rows.risk(name, -2.0, 0.1, 1)],
        )
    )
    usual = Reader(neo_rows.page())
    assert [read.count(tag) for tag in ("img", "script", "a")] == [usual.count(tag) for tag in ("img", "script", "a")]
