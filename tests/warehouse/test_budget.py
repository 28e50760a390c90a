"""The budget of an API: exact to its limits, however many spend from it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import structlog
from psycopg2 import errors as pg

from etl.core.api import Limit
from etl.core.errors import AccessError, SourceUnavailableError, WarehouseUnavailableError
from etl.postgres.connection import Warehouse
from etl.runtime import OBSERVED
from etl.state import budget as budgets
from etl.state.budget import Budget
from tests.collector import Collector
from tests.waiting import eventually
from tests.warehouse.states import owner, rows, value

A_MINUTE = Limit(600, 60, "minute")
AN_HOUR = Limit(5_000, 3_600, "hour")
A_DAY = Limit(10_000, 86_400, "day")
SPREAD = Limit(3_600, 3_600, "hour", is_spread=True)  # 1 a second

WAITING = """
select pid from pg_locks
where not granted and classid = 50 and database = (select oid from pg_database where datname = current_database())
"""

Spent = Callable[..., None]


@pytest.fixture
def spent(database: str) -> Spent:
    """Enters requests of the past: `spent(*(seconds ago, weight))`."""

    def enter(*requests: tuple[float, float], source: str = "sensors") -> None:
        with owner(database) as cursor:
            cursor.executemany(
                "insert into ops.spending values (%s, clock_timestamp() - make_interval(secs => %s), %s)",
                [(source, ago, weight) for ago, weight in requests],
            )

    return enter


@pytest.fixture
def slept(database: str, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that spenders would have slept; instead of sleeping, they age what is spent."""
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        with owner(database) as cursor:
            cursor.execute("update ops.spending set spent_at = spent_at - make_interval(secs => %s)", [seconds])

    monkeypatch.setattr(budgets, "sleep", sleep)
    return naps


def impatient(warehouse: Warehouse, *limits: Limit) -> Budget:
    """One that says immediately how long it would wait."""
    return Budget(warehouse, "sensors", limits, patience_s=0, emit=OBSERVED)


def refused_for(budget: Budget, weight: float = 1) -> float:
    """For how many seconds no request is admitted; nothing is entered."""
    with pytest.raises(SourceUnavailableError) as told:
        budget.spend(weight)
    assert told.value.retry_after_s is not None
    return told.value.retry_after_s


# Limits


def test_what_is_spent_is_entered_at_the_time_of_the_database(database: str, warehouse: Warehouse) -> None:
    budget = impatient(warehouse, A_MINUTE)
    budget.spend(391.07)
    budget.spend(1)
    assert rows(database, "select source, weight from ops.spending order by spent_at") == [
        ("sensors", 391.07),
        ("sensors", 1),
    ]
    assert value(database, "select max(abs(extract(epoch from clock_timestamp() - spent_at))) < 60 from ops.spending")


def test_a_request_is_admitted_while_less_than_the_limit_is_spent(warehouse: Warehouse, spent: Spent) -> None:
    spent((30, 599.999))
    budget = impatient(warehouse, A_MINUTE)
    budget.spend(500)  # its own weight may go beyond, as the API has it
    assert refused_for(budget) == pytest.approx(30, abs=10)


def test_a_request_is_refused_when_just_the_limit_is_spent(warehouse: Warehouse, spent: Spent) -> None:
    spent((30, 600))
    assert refused_for(impatient(warehouse, A_MINUTE)) == pytest.approx(30, abs=10)


def test_many_small_weights_add_up_without_an_error_of_rounding(warehouse: Warehouse, spent: Spent) -> None:
    spent(*[(30, 0.1)] * 10)  # 0.9999999999999999 as doubles
    assert impatient(warehouse, Limit(1, 60, "minute")).left()[0][1] == 0
    refused_for(impatient(warehouse, Limit(1, 60, "minute")))


@pytest.mark.parametrize("limit", [A_MINUTE, AN_HOUR, A_DAY], ids=["minute", "hour", "day"])
def test_what_is_older_than_the_limit_does_not_count(warehouse: Warehouse, spent: Spent, limit: Limit) -> None:
    spent((limit.seconds, limit.calls * 2))
    impatient(warehouse, limit).spend(1)


@pytest.mark.parametrize("limit", [A_MINUTE, AN_HOUR, A_DAY], ids=["minute", "hour", "day"])
def test_what_is_younger_than_the_limit_counts(warehouse: Warehouse, spent: Spent, limit: Limit) -> None:
    spent((limit.seconds - 20, limit.calls))
    assert refused_for(impatient(warehouse, limit)) <= 20


def test_it_waits_for_no_more_to_leave_than_must(warehouse: Warehouse, spent: Spent) -> None:
    spent((50, 300), (40, 200), (30, 50), (20, 200))  # 750: below 600 without the oldest
    assert refused_for(impatient(warehouse, A_MINUTE)) == pytest.approx(10, abs=5)
    spent((20, 149))  # 599 from the second on
    assert refused_for(impatient(warehouse, A_MINUTE)) == pytest.approx(10, abs=5)
    spent((20, 1))
    assert refused_for(impatient(warehouse, A_MINUTE)) == pytest.approx(20, abs=5)


def test_the_limit_that_refuses_for_longest_is_the_one_named(warehouse: Warehouse, spent: Spent) -> None:
    spent((10, 20_000))
    with pytest.raises(SourceUnavailableError) as told:
        impatient(warehouse, A_MINUTE, A_DAY, AN_HOUR).spend(1)
    assert told.value.exit_code == 75
    assert told.value.message.startswith("sensors may be asked again at ")
    assert told.value.message.endswith(" UTC: its limit is 10,000 per day.")
    assert told.value.retry_after_s == pytest.approx(86_390, abs=10)
    assert told.value.hint == "Run the same command again then: what was received is kept."


def test_each_source_has_a_budget_of_its_own(database: str, warehouse: Warehouse, spent: Spent) -> None:
    spent((10, 5_000), (90_000, 1), source="nasa")
    impatient(warehouse, A_MINUTE).spend(1)
    assert value(database, "select count(*) from ops.spending where source = 'nasa'") == 2


def test_an_api_without_limits_is_asked_at_will(database: str, warehouse: Warehouse) -> None:
    budget = impatient(warehouse)
    budget.spend(1_000_000)
    assert budget.left() == []
    assert value(database, "select count(*) from ops.spending") == 0


def test_what_is_older_than_a_day_is_forgotten_by_the_next_who_spends(
    database: str, warehouse: Warehouse, spent: Spent
) -> None:
    spent((86_400, 3), (86_300, 2))
    impatient(warehouse, A_DAY).spend(1)
    assert rows(database, "select weight from ops.spending order by spent_at") == [(2,), (1,)]


def test_a_limit_over_more_than_a_day_is_a_mistake(warehouse: Warehouse) -> None:
    with pytest.raises(ValueError, match="at most 86400 s"):
        Budget(warehouse, "sensors", [Limit(300_000, 2_592_000, "month")])


# Evenly


def test_the_first_half_of_a_limit_is_spent_at_will(warehouse: Warehouse, spent: Spent) -> None:
    spent((10, 1_799.9))
    impatient(warehouse, SPREAD).spend(100)


def test_in_the_second_half_a_request_waits_as_long_as_the_weight_of_the_one_before_it_demands(
    warehouse: Warehouse, spent: Spent
) -> None:
    spent((600, 1_700), (10, 100))
    assert refused_for(impatient(warehouse, SPREAD)) == pytest.approx(190, abs=5)


def test_a_request_that_comes_evenly_is_admitted(warehouse: Warehouse, spent: Spent) -> None:
    spent((600, 1_700), (200, 100))
    impatient(warehouse, SPREAD).spend(100)


def test_nobody_waits_evenly_for_longer_than_until_the_first_half_is_free(warehouse: Warehouse, spent: Spent) -> None:
    spent((3_580, 100), (10, 1_790))
    assert refused_for(impatient(warehouse, SPREAD)) == pytest.approx(20, abs=5)


def test_even_spending_ends_with_the_limit(warehouse: Warehouse, spent: Spent) -> None:
    spent((3_000, 3_599), (100, 1))
    assert refused_for(impatient(warehouse, SPREAD)) == pytest.approx(600, abs=5)


def test_requests_of_one_instant_count_as_one_for_the_wait_of_the_next(warehouse: Warehouse, database: str) -> None:
    with owner(database) as cursor:
        cursor.execute("insert into ops.spending select 'sensors', now(), 900 from generate_series(1, 2)")
    assert refused_for(impatient(warehouse, SPREAD)) == pytest.approx(3_600, abs=5)


# Waiting


def test_a_request_waits_until_it_is_admitted(
    database: str, warehouse: Warehouse, spent: Spent, slept: list[float]
) -> None:
    spent((58, 300), (30, 300))
    with structlog.testing.capture_logs() as logged:
        Budget(warehouse, "sensors", [A_MINUTE], emit=OBSERVED).spend(7)
    assert 0 < sum(slept) <= 2
    assert value(database, "select count(*) from ops.spending where weight = 7") == 1
    assert logged == []


def test_a_long_wait_is_logged_once(warehouse: Warehouse, spent: Spent, slept: list[float]) -> None:
    spent((10, 600))
    with structlog.testing.capture_logs() as logged:
        Budget(warehouse, "sensors", [A_MINUTE], emit=OBSERVED).spend(1)
    assert sum(slept) == pytest.approx(50, abs=5)
    assert [(line["event"], line["source"], line["limit"]) for line in logged] == [
        ("waiting for the budget", "sensors", "minute")
    ]


def test_a_waiter_that_finds_it_spent_by_another_waits_again(
    warehouse: Warehouse, spent: Spent, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    spent((10, 600))
    sleep_on, others = budgets.sleep, iter([600])

    def sleep(seconds: float) -> None:
        sleep_on(seconds)
        for weight in others:
            spent((0, weight))
            break

    monkeypatch.setattr(budgets, "sleep", sleep)
    Budget(warehouse, "sensors", [A_MINUTE]).spend(1)
    assert sum(slept) == pytest.approx(110, abs=5)


def test_all_waits_of_one_request_together_have_an_end(
    database: str, warehouse: Warehouse, spent: Spent, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    spent((0, 600))
    sleep_on = budgets.sleep

    def sleep(seconds: float) -> None:
        sleep_on(seconds)
        spent((0, 600))

    monkeypatch.setattr(budgets, "sleep", sleep)
    with pytest.raises(SourceUnavailableError):
        Budget(warehouse, "sensors", [A_MINUTE], patience_s=200).spend(1)
    assert 100 < sum(slept) <= 200
    assert value(database, "select count(*) from ops.spending where weight = 1") == 0


def test_nobody_who_would_give_up_anyway_sleeps_first(warehouse: Warehouse, spent: Spent, slept: list[float]) -> None:
    spent((10, 5_000))
    with pytest.raises(SourceUnavailableError):
        Budget(warehouse, "sensors", [AN_HOUR]).spend(1)
    assert slept == []


# At the same time


def test_two_who_spend_at_once_never_both_take_the_last_of_it(database: str, spent: Spent) -> None:
    spent((10, 599))
    limits = [A_MINUTE]
    with (
        Warehouse(database, role="etl_loader") as one,
        Warehouse(database, role="etl_loader") as other,
        Warehouse(database) as watching,
        ThreadPoolExecutor(1) as elsewhere,
    ):
        with one.transaction():
            one.run("budget/take_turns", {"source": "sensors"})
            one.run("budget/spend", {"source": "sensors", "weight": 1})
            late = elsewhere.submit(Budget(other, "sensors", limits, patience_s=0).spend, 1)
            eventually(lambda: watching.execute(WAITING))
        with pytest.raises(SourceUnavailableError):
            late.result(timeout=60)
    assert value(database, "select sum(weight) from ops.spending") == 600


@pytest.mark.parametrize("pods", [1, 4])
def test_however_many_spend_the_limit_holds(database: str, pods: int) -> None:
    threads = 8
    everyone_is_there = threading.Barrier(threads)
    with ThreadPoolExecutor(threads) as executor:
        sessions = [Warehouse(database, role="etl_loader") for _ in range(pods)]
        shared = [Budget(each, "sensors", [Limit(10, 3_600, "hour")], patience_s=0) for each in sessions]

        def spend(number: int) -> int:
            everyone_is_there.wait(10)
            admitted = 0
            for _ in range(5):
                try:
                    shared[number % pods].spend(1)
                    admitted += 1
                except SourceUnavailableError:
                    pass
            return admitted

        admitted = sum(executor.map(spend, range(threads)))
        for session in sessions:
            session.__exit__()
    assert admitted == 10
    assert value(database, "select sum(weight) from ops.spending") == 10


def test_what_a_thread_spends_stays_spent_even_if_a_publication_is_rolled_back(
    database: str, warehouse: Warehouse
) -> None:
    with Warehouse(database, role="etl_loader") as own, ThreadPoolExecutor(1) as reading:
        budget = impatient(own, A_MINUTE)
        with suppress(KeyError), warehouse.transaction():
            warehouse.run("publish/lock_source", {"source": "sensors"})
            warehouse.run("publish/open_stage", {"schema": "silver", "table": "spacex_cores"})
            reading.submit(budget.spend, 1).result(timeout=60)
            raise KeyError
    assert value(database, "select sum(weight) from ops.spending") == 1
    assert value(database, "select to_regclass('stage.spacex_cores')") is None


def test_a_lost_session_is_reported_as_an_unreachable_warehouse(database: str, warehouse: Warehouse) -> None:
    budget = impatient(warehouse, A_MINUTE)
    [me] = warehouse.execute("select pg_backend_pid() as pid")
    with owner(database) as cursor:
        cursor.execute("select pg_terminate_backend(%s, 10000)", [me["pid"]])
    with pytest.raises(WarehouseUnavailableError):
        budget.spend(1)


# What is left


def test_what_is_left_is_given_for_each_limit_and_never_below_zero(warehouse: Warehouse, spent: Spent) -> None:
    spent((40_000, 4_000), (1_000, 1_500), (10, 700.5))
    assert impatient(warehouse, A_MINUTE, AN_HOUR, A_DAY).left() == [
        (A_MINUTE, 0),
        (AN_HOUR, 2_799.5),
        (A_DAY, 3_799.5),
    ]


def test_asking_what_is_left_spends_nothing(database: str, warehouse: Warehouse) -> None:
    assert impatient(warehouse, A_MINUTE).left() == [(A_MINUTE, 600)]
    assert value(database, "select count(*) from ops.spending") == 0


def test_the_least_share_of_the_limits_over_a_minute_is_sent(
    warehouse: Warehouse, spent: Spent, metrics: Callable[[], Collector]
) -> None:
    spent((1_000, 1_000), (10, 590))
    impatient(warehouse, A_MINUTE, AN_HOUR, A_DAY).spend(160)
    assert metrics().of("etl_source_quota_remaining_ratio") == {("sensors",): 0.65}


def test_a_refusal_reports_what_is_left_too(
    warehouse: Warehouse, spent: Spent, metrics: Callable[[], Collector]
) -> None:
    spent((1_000, 5_500))
    refused_for(impatient(warehouse, A_MINUTE, AN_HOUR, A_DAY))
    assert metrics().of("etl_source_quota_remaining_ratio") == {("sensors",): 0}


def test_limits_of_a_minute_alone_are_not_a_quota_to_watch(
    warehouse: Warehouse, metrics: Callable[[], Collector]
) -> None:
    impatient(warehouse, A_MINUTE).spend(1)
    assert metrics().values == []


def test_two_sources_of_one_api_share_its_budget_and_each_tells_of_it_by_its_own_name(
    warehouse: Warehouse, metrics: Callable[[], Collector]
) -> None:
    first, second = (
        Budget(warehouse, "nasa", [AN_HOUR], patience_s=0, source=source, emit=OBSERVED)
        for source in ("pictures", "asteroids")
    )
    first.spend(1_000)
    second.spend(2_000)
    assert first.left() == second.left() == [(AN_HOUR, 2_000)]
    assert metrics().of("etl_source_quota_remaining_ratio") == {("pictures",): 0.8, ("asteroids",): 0.4}


# Who may


@pytest.mark.parametrize(
    ("role", "may_read"), [("etl_loader", True), ("engineer", True), ("metrics", True), ("analyst", False)]
)
def test_who_may_read_the_budget(database: str, spent: Spent, role: str, may_read: bool) -> None:
    spent((1, 1))
    with Warehouse(database, role=role) as session:
        if may_read:
            assert len(session.execute("select * from ops.spending")) == 1
        else:
            with pytest.raises(AccessError):
                session.execute("select * from ops.spending")


@pytest.mark.parametrize("role", ["engineer", "metrics", "analyst"])
def test_nobody_but_the_loader_spends(database: str, role: str) -> None:
    with Warehouse(database, role=role) as session:
        for attempt in (
            "insert into ops.spending (source, weight) values ('sensors', 1)",
            "delete from ops.spending",
            "select ops.forget_spending('sensors')",
        ):
            with pytest.raises(AccessError):
                session.execute(attempt)


@pytest.mark.parametrize(
    "attempt",
    [
        "delete from ops.spending",
        "truncate ops.spending",
        "update ops.spending set weight = 0.1",
        "insert into ops.spending values ('sensors', now() - interval '1 day', 1)",
    ],
)
def test_the_loader_can_take_nothing_back(warehouse: Warehouse, attempt: str) -> None:
    with pytest.raises(AccessError):
        warehouse.execute(attempt)


@pytest.mark.parametrize("weight", ["0", "-1", "'NaN'", "'Infinity'"])
def test_an_invalid_weight_is_not_entered(warehouse: Warehouse, weight: str) -> None:
    with pytest.raises(pg.CheckViolation):
        warehouse.execute(f"insert into ops.spending (source, weight) values ('sensors', {weight})")
