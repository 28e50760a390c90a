"""What a run without dates reads from an API that is read by days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from etl.core.errors import ConfigError, UsageError
from etl.core.intervals import DataInterval, today


@dataclass(frozen=True)
class ReadByDays:
    """At first the last `days`, or from `start` on; then what is new, and the last `lookback_days` again.

    `earliest` is the first day that the API has; `group` the source's settings, such as SENSORS.
    """

    group: str
    earliest: date
    start: date | None
    days: int
    lookback_days: int

    def interval(self, next_start: date | None, until: date) -> DataInterval:
        """The days of a run: `next_start` is the first one that is not published, None if none is.

        Raises: ConfigError, for a first run whose days the API does not have.
        """
        return self._first_days(until) if next_start is None else self._later_days(next_start, until)

    def _first_days(self, until: date) -> DataInterval:
        first = self.start or until - timedelta(days=self.days)
        if first < self.earliest:
            raise ConfigError(
                f"The archive begins on {self.earliest}, not on {first}.",
                hint=f"Set a later ETL_{self.group}__START, or fewer ETL_{self.group}__DAYS.",
            )
        if first >= until:
            raise ConfigError(
                f"ETL_{self.group}__START is {first}, which is not over yet.", hint="Set a day in the past."
            )
        return DataInterval(first, until)

    def _later_days(self, next_start: date, until: date) -> DataInterval:
        """Days not yet published, the last ones before them again, and always yesterday."""
        first = min(next_start - timedelta(days=self.lookback_days), until - timedelta(days=1))
        return DataInterval(max(first, self.earliest), until)


def require_days(interval: DataInterval | None, things: tuple[str, str], earliest: date) -> DataInterval:
    """The days to ask an archive for that begins on `earliest`; `things`: what it has, as `("photo", "photos")`.

    Raises: UsageError without days, or for days before the archive.
    """
    one, many = things
    if interval is None:
        raise UsageError(
            f"{many.capitalize()} are read by days.", hint="Say which days: --from 2024-05-01 --to 2024-06-01."
        )
    if interval.start < earliest:
        raise UsageError(
            f"There is no {one} before {earliest}, so none of {interval.start}.", hint=f"Use --from {earliest}."
        )
    return interval


def require_past_days(
    interval: DataInterval | None, things: tuple[str, str], earliest: date, why: str = ""
) -> DataInterval:
    """As `require_days`, and none after today, of which nothing can be known; `why` it matters."""
    interval = require_days(interval, things, earliest)
    tomorrow = today() + timedelta(days=1)
    if interval.end > tomorrow:
        raise UsageError(
            f"Not all days before {interval.end} are over yet{why}.",
            hint=f"Use --to {today()}, or {tomorrow} to include today's.",
        )
    return interval
