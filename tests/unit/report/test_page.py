"""The page as text: whole, honest about its numbers, deaf to hostile names, and loading nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from etl.report import Run, render
from etl.sources.spacex.report import REPORT
from tests.unit.report import gold_rows
from tests.unit.report.reader import HOSTILE, Reader


@pytest.fixture(scope="module")
def page() -> str:
    return gold_rows.page()


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    return Reader(page)


def hostile_page() -> str:
    """Every text that the database may hold is hostile, ids and serials too."""
    start = datetime(2021, 1, 1, tzinfo=UTC)
    days = [40.0 + 5 * number for number in range(len(HOSTILE))]
    reuses = [
        {
            "core_id": name,
            "serial": None if number % 2 else name,
            "reuse_number": 1,
            "launch_id": name,
            "launch_name": name,
            "launched_at": start + timedelta(days=day),
            "previous_launch_id": name,
            "previous_launch_name": name,
            "previous_launched_at": start,
            "days_since_previous": day,
        }
        for number, (name, day) in enumerate(zip(HOSTILE, days, strict=True))
    ]
    usage = [
        {
            "core_id": row["core_id"],
            "serial": row["serial"],
            "launches": 2,
            "reuses": 1,
            "first_launch_date": start.date(),
            "last_launch_date": start.date(),
            "shortest_gap_days": row["days_since_previous"],
        }
        for row in reuses
    ]
    year = {"launch_year": 2021, "rocket_id": HOSTILE[0], "rocket_name": HOSTILE[0], "launches": 12, "successes": 12}
    year |= {"failures": 0, "landings_tried": 0, "landings_made": 0}
    run = Run(HOSTILE[0], HOSTILE[2], HOSTILE[4], start)
    return render(REPORT, run, {"launch_statistics": [year], "core_usage": usage, "core_reuses": reuses})


def test_both_answers_are_above_the_charts(read: Reader) -> None:
    assert "The maximum number of times a core has been reused 13 B1058 5e9e28a7f3591817f23b2663" in read.words
    assert "The cores reused in less than 50 days after their previous launch 25 reuses on 9 cores:" in read.words


def test_table_of_quick_reuses_has_a_row_each_quickest_first(page: str) -> None:
    (table,) = re.findall(r'<table class="ranking".*?</table>', page, re.DOTALL)
    days = [float(value) for value in re.findall(r'<td class="figure">([\d.]+)</td>', table)]
    assert len(days) == 25
    assert days == sorted(days)
    assert (days[0], days[-1]) == (21.3, 49.0)


@pytest.mark.parametrize(
    "sentence",
    [
        "Of 187 launches since 2006, 181 succeeded, 5 failed and the outcome of 1 is not known. "
        "The busiest year was 2022 with 44 launches.",
        "32 of 75 boosters flew more than once. These 12 account for 92 of all 118 reuses.",
        "25 of 118 reuses came less than 50 days after the previous launch of the booster. "
        "The quickest: …7900a0 flew Starlink 4-16 (v1.5) 21.3 days after Ax-1.",
        "Boosters made 149 of 164 landings they tried (91%); in 2022 it was 44 of 44 (100%).",
        "It flew 14 times between 30 May 2020 and 11 Sep 2022.",
        "187 launches · 75 boosters · 118 reuses · 164 landings tried",
    ],
)
def test_sentences_are_computed_from_the_rows(read: Reader, sentence: str) -> None:
    assert sentence in read.words


def test_every_chart_has_a_message_and_its_numbers_as_a_table(read: Reader) -> None:
    assert set(read.figures) == {"gaps", "boosters", "launches", "landings"}
    assert [read.count(tag) for tag in ("figure", "figcaption", "details")] == [4, 4, 4]
    assert read.count("table") == 5
    ids = set(read.attributes("id"))
    assert {name for value in read.attributes("aria-labelledby") for name in str(value).split()} <= ids
    assert set(read.attributes("aria-describedby")) <= ids


def test_figures_hold_every_row(read: Reader) -> None:
    figures = read.figures
    assert [len(trace["x"]) for trace in figures["gaps"]["data"]] == [93, 25]
    assert figures["boosters"]["data"][0]["x"] == [13, 12, 12, 9, 9, 8, 6, 6, 5, 5, 4, 3]
    assert [sum(trace["y"]) for trace in figures["launches"]["data"]] == [5, 1, 181, 187]
    assert [sum(trace["y"]) for trace in figures["landings"]["data"][:2]] == [164, 149]


def test_header_says_where_the_data_came_from_and_when() -> None:
    summer = datetime(2024, 5, 17, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    words = Reader(gold_rows.page(Run("run-7", "spacex", "the simulator", summer))).words
    assert "spacex, from the simulator" in words
    assert "17 May 2024, 12:30 UTC" in words
    assert "run-7" in words


def test_nothing_on_the_page_refers_to_the_outside(read: Reader) -> None:
    assert read.attributes("src") == []
    assert read.attributes("href") == ["data:,"]
    assert not {"iframe", "object", "embed", "base", "form", "img", "a"} & {tag for tag, _ in read.elements}


def test_policy_forbids_the_network_and_allows_just_the_two_scripts(read: Reader) -> None:
    (policy,) = [str(attrs["content"]) for tag, attrs in read.elements if attrs.get("http-equiv")]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    code = [text for attrs, text in read.scripts if "type" not in attrs]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in code]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]


def test_hostile_names_stay_text(read: Reader) -> None:
    hostile = Reader(hostile_page())
    assert {tag for tag, _ in hostile.elements} <= {tag for tag, _ in read.elements} | {"br"}
    assert len(hostile.scripts) == 3
    assert not [name for _, attrs in hostile.elements for name in attrs if name.startswith("on")]
    assert HOSTILE[2] in hostile.words
    assert HOSTILE[4] in hostile.words


def test_hostile_names_cannot_leave_the_json() -> None:
    page = hostile_page()
    (text,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    assert text.isascii()
    assert not set("<>&") & set(text)


def test_plotly_is_given_no_markup_but_line_breaks_and_bold() -> None:
    figures = Reader(hostile_page()).figures
    boosters, gaps = figures["boosters"], figures["gaps"]["data"]
    shown = [text for trace in [*boosters["data"], *gaps] for text in [*trace["hovertext"], *trace.get("text", [])]]
    shown += [*boosters["layout"]["yaxis"]["ticktext"], *boosters["data"][0]["y"]]
    assert {tag for text in shown for tag in re.findall(r"<[^>]*>?", text)} <= {"<br>", "<b>", "</b>"}


def test_empty_tables_say_what_to_run() -> None:
    read = Reader(gold_rows.empty_page())
    assert "No rows yet. make run extracts and publishes the launches" in read.words
    assert read.figures == {}
    assert read.count("figure") == 5
    assert read.words.count("No rows yet.") == 6


def test_first_flights_only_is_a_page_too() -> None:
    flown_once = {"reuses": 0, "launches": 1, "shortest_gap_days": None}
    usage = [dict(row) | flown_once for row in gold_rows.tables()["core_usage"]]
    read = Reader(gold_rows.page(core_reuses=[], core_usage=usage))
    assert "75 cores share it, each flown 1 time." in read.words
    assert "No core came back that soon." in read.words
    assert set(read.figures) == {"boosters", "launches", "landings"}


def test_page_is_made_within_150_ms_and_stays_below_6_mb(page: str) -> None:
    tables = gold_rows.tables()
    started = time.process_time()
    render(REPORT, gold_rows.RUN, tables)
    assert time.process_time() - started < 0.15
    assert len(page.encode()) < 6_000_000


def test_plotly_is_never_imported() -> None:
    program = "import sys, etl.report; etl.report.page._plotly(); sys.exit('plotly' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
