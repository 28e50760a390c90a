"""Numbers as a reader meets them."""

from __future__ import annotations

import pytest

from etl.report import words
from etl.sources.spacex.report.facts import days


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (21.2569, "21.3"),
        (49.94, "49.9"),
        (49.97, "49.9"),
        (49.9999, "49.9"),
        (50.0, "50.0"),
        (50.04, "50.0"),
        (0, "0.0"),
    ],
)
def test_less_than_fifty_days_never_reads_as_fifty(value: float, shown: str) -> None:
    assert days(value) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 7, "0%"), (1, 1000, "1%"), (1, 2, "50%"), (999, 1000, "99%"), (7, 7, "100%")],
)
def test_all_and_nothing_are_said_only_when_true(part: int, whole: int, shown: str) -> None:
    assert words.percent(part, whole) == shown


def test_lists_read_like_a_sentence() -> None:
    assert [words.listing(list(letters)) for letters in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]


def test_one_is_singular() -> None:
    assert words.plural(1, "launch", "launches") == "1 launch"
    assert words.plural(1234, "core") == "1,234 cores"
