"""Gold rows computed in Python from the simulator's complete list of launches: a second opinion on the SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from etl.report import Row, Run, render
from etl.sources.spacex import snapshot
from etl.sources.spacex.report import REPORT

Record = dict[str, Any]
SERIALS = {"5e9e28a7f3591817f23b2663": "B1058"}  # the others are shown by their ids


RUN = Run("20240517T120000Z-1a2b3c", "spacex", "the live API", datetime(2024, 5, 17, 12, 0, 5, tzinfo=UTC))
Tables = dict[str, Sequence[Row]]


def page(run: Run = RUN, **changes: Sequence[Row]) -> str:
    """The page of a run that published everything; `changes` replace tables."""
    return render(REPORT, run, tables() | changes)


def empty_page() -> str:
    """The page of a warehouse without rows."""
    return render(REPORT, RUN, dict.fromkeys(REPORT.queries, ()))


def tables() -> Tables:
    """The rows of each query of the page."""
    launches = [launch for launch in _stored("launches") if not launch["upcoming"]]
    flights = _flights(launches)
    return {
        "launch_statistics": launch_statistics(launches),
        "core_usage": [_usage(core_id, flown) for core_id, flown in flights.items()],
        "core_reuses": [row for core_id, flown in flights.items() for row in _reuses(core_id, flown)],
    }


def launch_statistics(launches: list[Record]) -> list[Record]:
    rockets = {rocket["id"]: rocket["name"] for rocket in _stored("rockets")}
    groups: defaultdict[tuple[int, str], list[Record]] = defaultdict(list)
    for launch in launches:
        groups[_launched_at(launch).year, launch["rocket"]].append(launch)
    return [_statistics(year, rocket, rockets[rocket], group) for (year, rocket), group in groups.items()]


def _statistics(year: int, rocket_id: str, rocket_name: str, launches: list[Record]) -> Record:
    slots = [slot for launch in launches for slot in launch["cores"]]
    return {
        "launch_year": year,
        "rocket_id": rocket_id,
        "rocket_name": rocket_name,
        "launches": len(launches),
        "successes": sum(launch["success"] is True for launch in launches),
        "failures": sum(launch["success"] is False for launch in launches),
        "landings_tried": sum(bool(slot["landing_attempt"]) for slot in slots),
        "landings_made": sum(bool(slot["landing_attempt"] and slot["landing_success"]) for slot in slots),
    }


def _stored(resource: str) -> list[Record]:
    return snapshot.load()[resource]


def _launched_at(launch: Record) -> datetime:
    return datetime.fromisoformat(launch["date_utc"])


def _flights(launches: list[Record]) -> dict[str, list[Record]]:
    flights: defaultdict[str, list[Record]] = defaultdict(list)
    for launch in sorted(launches, key=_launched_at):
        for slot in launch["cores"]:
            if slot["core"] is not None:
                flights[slot["core"]].append(launch)
    return dict(flights)


def _usage(core_id: str, flown: list[Record]) -> Record:
    gaps = [row["days_since_previous"] for row in _reuses(core_id, flown)]
    return {
        "core_id": core_id,
        "serial": SERIALS.get(core_id),
        "launches": len(flown),
        "reuses": len(flown) - 1,
        "first_launch_date": _launched_at(flown[0]).date(),
        "last_launch_date": _launched_at(flown[-1]).date(),
        "shortest_gap_days": min(gaps, default=None),
    }


def _reuses(core_id: str, flown: list[Record]) -> list[Record]:
    return [_reuse(core_id, number, before, launch) for number, (before, launch) in enumerate(pairwise(flown), start=1)]


def _reuse(core_id: str, number: int, before: Record, launch: Record) -> Record:
    return {
        "core_id": core_id,
        "serial": SERIALS.get(core_id),
        "reuse_number": number,
        "launch_id": launch["id"],
        "launch_name": launch["name"],
        "launched_at": _launched_at(launch),
        "previous_launch_id": before["id"],
        "previous_launch_name": before["name"],
        "previous_launched_at": _launched_at(before),
        "days_since_previous": (_launched_at(launch) - _launched_at(before)).total_seconds() / 86400,
    }
