"""Months of gold that follow each other are made together, as long as their rows are few."""

from datetime import date

import pytest

from etl.destinations.postgres.gold import AT_ONCE, _first_stretch

YEAR = [date(2026, month, 1) for month in range(1, 13)]


@pytest.mark.parametrize(
    ("due", "rows", "together"),
    [
        (YEAR, 1, 12),
        (YEAR, AT_ONCE // 3, 3),
        (YEAR, AT_ONCE // 2 + 1, 1),
        (YEAR, 10 * AT_ONCE, 1),  # a month is never divided
        (YEAR[::-1], 1, 12),
        ([YEAR[0], YEAR[1], YEAR[3]], 1, 2),  # the month between is not to be made
        (YEAR[5:6], 1, 1),
        ([date(2025, 12, 1), YEAR[0]], 1, 2),
    ],
)
def test_a_stretch_ends_at_a_gap_or_with_many_rows(due: list[date], rows: int, together: int) -> None:
    assert _first_stretch(due, dict.fromkeys(due, rows)) == sorted(due)[:together]
