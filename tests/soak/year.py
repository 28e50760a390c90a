"""A year of the DAGs' schedule: every day a run of each source, with what reality throws at it."""

from __future__ import annotations

import statistics
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.soak.apis import SOURCES, Apis
from tests.soak.site import IN_THE_LAKE, Ended, Site
from tests.soak.troubles import Outcome, Troubles

DAY = timedelta(days=1)
EVERY = 30  # days between two looks at sizes
CALM = 8  # days at the end without trouble, longer than the shortest look-back
SUNDAY = 6
MAY_END = {0, 65, 69, 75, 76, -9}  # published; refused; gone; later; contract broken; killed
WAITING_HELPS = (75, -9)


@dataclass
class Year:
    """What happened."""

    start: date
    days: int
    seed: int
    runs: int = 0
    away: int = 0
    troubles: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    wrong: list[str] = field(default_factory=list)
    usual_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    looks: list[dict[str, int]] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many commands were killed, or lost their Postgres."""
        return sum(sum(self.troubles[kind].values()) for kind in ("killed", "postgres killed"))


def live(site: Site, apis: Apis, troubles: Troubles, start: date, days: int, seed: int) -> Year:
    """Let the days pass."""
    year = Year(start, days, seed)
    for number in range(days):
        apis.today = start + number * DAY
        is_calm = number >= days - CALM
        if not is_calm and number and troubles.is_away():
            year.away += 1
            continue
        if apis.today.weekday() == SUNDAY:  # nothing is old enough to be deleted: the lake's clock is the machine's
            _merge_files(year, site, apis)
        for name in SOURCES:
            if name != "spacex" or apis.today.weekday() == 0 or not number:
                _run(year, site, apis, troubles, name, is_calm=is_calm or not number)
        if number % EVERY == EVERY - 1 or number == days - 1:
            year.looks.append({"day": number + 1, **site.sizes()})
            print(f"{apis.today}: {year.runs} runs, {len(year.wrong)} wrong", file=sys.stderr, flush=True)
    return year


def _run(year: Year, site: Site, apis: Apis, troubles: Troubles, name: str, *, is_calm: bool) -> None:
    days = () if name == "spacex" else ("--to", apis.today.isoformat())
    command = ("run", name, *days, *(("--destination", "both") if name == IN_THE_LAKE else ()))
    usual_s = statistics.median(year.usual_s[name][-30:] or [2.0])
    outcome = (
        Outcome("none", site.etl(*command)) if is_calm else troubles.meet(site, apis.faults[name], command, usual_s)
    )
    year.runs += 1
    year.troubles[outcome.kind][outcome.ended.code] += 1
    if outcome.kind == "none":
        year.usual_s[name].append(outcome.ended.seconds)
        year.cpu_s[name].append(outcome.ended.cpu_s)
    _judge(year, apis.today, name, outcome)
    if outcome.kind != "lasting" and outcome.ended.code in WAITING_HELPS:  # as Airflow does
        again = site.etl(*command)
        year.runs += 1
        if again.code:
            _note(year, apis.today, name, f"again after {outcome.kind}", again)


def _merge_files(year: Year, site: Site, apis: Apis) -> None:
    ended = site.etl("lake", "compact")
    if ended.code:
        _note(year, apis.today, "lake compact", "no trouble", ended)


def _judge(year: Year, today: date, name: str, outcome: Outcome) -> None:
    allowed = {0} if outcome.kind in ("none", "passing") else MAY_END
    if outcome.ended.code not in allowed or "Traceback" in outcome.ended.said:
        _note(year, today, name, f"{outcome.kind} {outcome.fault}".strip(), outcome.ended)


def _note(year: Year, today: date, name: str, trouble: str, ended: Ended) -> None:
    last = " / ".join(ended.said.strip().splitlines()[-2:])
    year.wrong.append(f"{today} {name}, {trouble}: exit code {ended.code}: {last}")
    print(year.wrong[-1], file=sys.stderr, flush=True)
