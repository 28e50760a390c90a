"""What a run without dates reads from any API that is read by days."""

from datetime import date, timedelta

import pytest

from etl.core.errors import ConfigError, UsageError
from etl.core.intervals import DataInterval, today
from etl.sources.days import ReadByDays, require_days, require_past_days

TODAY = date(2026, 6, 21)


def interval(next_start: date | None, *, start: date | None = None, days: int = 20) -> DataInterval:
    return ReadByDays("TIDES", date(2026, 1, 1), start, days, lookback_days=7).interval(next_start, TODAY)


@pytest.mark.parametrize(
    ("next_start", "first"),
    [
        (None, date(2026, 6, 1)),
        (date(2026, 6, 21), date(2026, 6, 14)),  # the look-back
        (date(2026, 6, 10), date(2026, 6, 3)),  # days that were never read as well
        (date(2026, 8, 1), date(2026, 6, 20)),  # published beyond today: yesterday in any case
        (date(2026, 1, 3), date(2026, 1, 1)),  # nothing lies before the first day
    ],
)
def test_a_run_reads_what_is_new_and_the_last_days_again(next_start: date | None, first: date) -> None:
    assert interval(next_start) == DataInterval(first, TODAY)


def test_the_first_run_may_begin_on_a_certain_day() -> None:
    assert interval(None, start=date(2026, 3, 1)) == DataInterval(date(2026, 3, 1), TODAY)


def test_a_first_run_of_days_that_the_api_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match="begins on 2026-01-01, not on 2025-12-31") as told:
        interval(None, start=date(2025, 12, 31))
    assert told.value.hint == "Set a later ETL_TIDES__START, or fewer ETL_TIDES__DAYS."
    with pytest.raises(ConfigError, match="ETL_TIDES__START is 2026-06-21, which is not over yet"):
        interval(None, start=TODAY)


# What may be asked for at all


def test_days_must_be_named_and_lie_in_the_archive() -> None:
    june = DataInterval(date(2026, 6, 1), date(2026, 7, 1))
    assert require_days(june, ("tide", "tides"), date(2026, 6, 1)) == june
    with pytest.raises(UsageError, match=r"^Tides are read by days\.$"):
        require_days(None, ("tide", "tides"), date(2026, 1, 1))
    with pytest.raises(UsageError, match="There is no tide before 2026-06-02, so none of 2026-06-01") as told:
        require_days(june, ("tide", "tides"), date(2026, 6, 2))
    assert told.value.hint == "Use --from 2026-06-02."


def test_todays_may_be_asked_for_and_no_later_ones() -> None:
    day, tides, earliest = timedelta(days=1), ("tide", "tides"), date(2026, 1, 1)
    until_today = DataInterval(today(), today() + day)
    assert require_past_days(until_today, tides, earliest) == until_today
    with pytest.raises(UsageError, match=f"Not all days before {today() + 2 * day} are over yet, and tides change"):
        require_past_days(DataInterval(today(), today() + 2 * day), tides, earliest, ", and tides change")
    with pytest.raises(UsageError, match=r"^Tides are read by days\.$"):
        require_past_days(None, tides, earliest)
