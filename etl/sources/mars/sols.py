"""From days on Earth to sols, the days on Mars: the feeds know no others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from etl.core.intervals import DataInterval

SOL_S = 88_775.244
AROUND = 1  # sols asked for beyond those computed: a sol begins at midnight, and no rover landed then


@dataclass(frozen=True)
class Rover:
    """A rover that still works; `mission` is its feed's name for it, with which its photos' ids begin."""

    name: str
    mission: str
    landed_at: datetime

    def sol(self, at: datetime) -> int:
        """How many whole sols lie between the landing and an instant: the sol's number, or one less."""
        return math.floor((at - self.landed_at).total_seconds() / SOL_S)

    def sols(self, days: DataInterval, now: datetime) -> range:
        """The sols that may have a photo of these days; none before the landing, and none in the future."""
        first = self.sol(_midnight(days.start)) - AROUND
        last = self.sol(min(_midnight(days.end), now)) + AROUND
        return range(max(first, 0), last + 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


CURIOSITY = Rover("curiosity", "msl", datetime(2012, 8, 6, 5, 17, 57, tzinfo=UTC))
PERSEVERANCE = Rover("perseverance", "mars2020", datetime(2021, 2, 18, 20, 55, tzinfo=UTC))
ROVERS = (CURIOSITY, PERSEVERANCE)
FIRST_DAY = CURIOSITY.landed_at.date()
