"""The time that a backfill still takes follows from what its steps took, and from nothing that was done before it."""

from collections import Counter
from datetime import date, timedelta
from heapq import heappop, heappush

import pytest

from etl.cli.console.progress import Countdown, duration
from etl.core.intervals import DataInterval
from etl.pipeline.backfill import Plan, PlannedInterval
from etl.pipeline.pace import Pace
from etl.pipeline.steps import Extract, Publish, Step, Transform

DAYS = 10
LAKE, WAREHOUSE = Publish("lake"), Publish("warehouse")
ALL: tuple[Step, ...] = (Extract(), Transform(), WAREHOUSE, LAKE)
SECONDS = {"extract": 4.0, "transform": 2.0, "warehouse": 3.0, "lake": 1.0}  # of an interval of that length


def planned(*steps: tuple[Step, ...], days: int = DAYS) -> Plan:
    """Intervals that follow each other, each with its steps."""
    start = date(2020, 1, 1)
    bounds = [start + timedelta(days=days * number) for number in range(len(steps) + 1)]
    intervals = map(DataInterval, bounds, bounds[1:])
    return Plan("any", tuple(PlannedInterval(each, "", some) for each, some in zip(intervals, steps, strict=True)))


def seconds(step: Step) -> float:
    return SECONDS[step.into if isinstance(step, Publish) else step.names[0]]


def played(plan: Plan, parallel: int) -> list[tuple[float, float | None]]:
    """The plan executed by a clock of its own: whenever a step ends, the time and what is estimated then."""
    pace, ends, readers, published = Pace(plan, parallel), list[tuple[float, int]](), [0.0] * parallel, Counter[str]()
    told: list[tuple[PlannedInterval, Step, float]] = []
    for each in plan.pending:
        now = heappop(readers)
        for step in each.reading:
            now += seconds(step)
            heappush(ends, (now, len(told)))
            told.append((each, step, seconds(step)))
        heappush(readers, now)
        for step in each.publishing:
            published[step.into] = max(published[step.into], now) + seconds(step)
            heappush(ends, (published[step.into], len(told)))
            told.append((each, step, seconds(step)))
    found = []
    while ends:
        now, number = heappop(ends)
        pace.took(*told[number])
        found.append((now, pace.seconds_left()))
    return found


@pytest.mark.parametrize("parallel", [1, 2, 5])
def test_an_estimate_holds_from_the_first_interval_on(parallel: int) -> None:
    found = played(planned(*[ALL] * 40), parallel)
    total = found[-1][0]
    known = [(now, left) for now, left in found if left is not None]
    assert known[0][0] <= sum(SECONDS.values())
    for now, left in known:
        assert now + left == pytest.approx(total, abs=sum(SECONDS.values()))  # as a step under way counts as a whole
    assert known[-1][1] == 0


def test_what_was_published_before_makes_nothing_seem_faster() -> None:
    done = [()] * 60
    assert played(planned(*done, *[ALL] * 10), 1) == played(planned(*[ALL] * 10), 1)


def test_what_is_only_published_says_nothing_about_what_is_still_to_be_read() -> None:
    plan = planned((LAKE,), (LAKE,), ALL, ALL)
    pace = Pace(plan, 1)
    pace.took(plan.intervals[0], LAKE, 1)
    assert pace.seconds_left() is None
    for step in ALL[:-1]:
        pace.took(plan.intervals[2], step, seconds(step))
    assert pace.seconds_left() == 6 + 3  # the last interval: into the lake meanwhile, as what was read before it


def test_a_shorter_interval_takes_less() -> None:
    start = date(2020, 1, 1)
    month, day = (DataInterval(start, start + timedelta(days=days)) for days in (30, 1))
    plan = Plan("any", (PlannedInterval(month, "", (LAKE,)), PlannedInterval(day, "", (LAKE,))))
    pace = Pace(plan, 1)
    pace.took(plan.intervals[0], LAKE, 60)
    assert pace.seconds_left() == 2


def test_what_gets_slower_is_estimated_by_how_it_is_now() -> None:
    plan = planned(*[(LAKE,)] * 100)
    pace = Pace(plan, 1)
    for number, each in enumerate(plan.intervals[:50]):
        pace.took(each, LAKE, 1 if number < 30 else 3)
    assert pace.seconds_left() == pytest.approx(150)


def test_the_same_steps_of_other_extractions_are_of_one_kind() -> None:
    plan = planned((Publish("lake", "a"),), (Publish("lake", "b"),))
    pace = Pace(plan, 1)
    pace.took(plan.intervals[0], plan.intervals[0].steps[0], 7)
    assert pace.seconds_left() == 7


def test_the_time_left_is_counted_down_between_two_steps() -> None:
    now = 100.0
    left = Countdown(lambda: now)
    assert str(left) == ""
    left.set(80)
    now += 30
    assert str(left) == "about 50 s left"
    now += 300
    assert str(left) == "about 0 s left"


@pytest.mark.parametrize(
    ("taken", "said"), [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (5300, "88 min"), (12_000, "3 h 20 min")]
)
def test_a_duration_is_said_as_people_do(taken: float, said: str) -> None:
    assert duration(taken) == said
