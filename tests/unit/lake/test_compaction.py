"""Compaction: fewer runs, the same rows."""

import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.engines.local import LocalEngine
from etl.lake import compaction, expiry, inventory, layout, parquet, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.pipeline.publishing import known_until
from tests.conftest import IS_THOROUGH, spacex_at
from tests.unit.lake.days import NOW, SOURCE, content, days, id_of, newest, read_by, transformed


def compact(lake: Lake, smaller_than: int = compaction.SMALL) -> list[Transformed]:
    """What compaction made."""
    made: list[Transformed] = []
    compaction.apply(compaction.make_plan(lake, SOURCE, smaller_than), lake, lambda _, run: made.append(run))
    return made


def expire(lake: Lake, age: timedelta = timedelta(90)) -> None:
    plan = expiry.make_plan(inventory.list_extractions(lake, [SOURCE]), age, NOW)
    expiry.apply(plan, lake, lambda _: None)


def test_daily_runs_that_look_back_become_one_with_the_newest_rows(any_lake: Lake) -> None:
    ids = [id_of(200 - n) for n in range(5)]
    for n, extraction_id in enumerate(ids):
        transformed(any_lake, extraction_id, days(n, n + 4))
    before = content(any_lake)
    assert before == read_by((0, 1, ids[0]), (1, 2, ids[1]), (2, 3, ids[2]), (3, 4, ids[3]), (4, 8, ids[4]))

    [made] = compact(any_lake)
    assert (made.interval, made.rows) == (("2024-01-01", "2024-01-09"), {"readings": 8})
    assert content(any_lake) == before
    assert [stored.files for stored in silver.state(any_lake, SOURCE)["silver.readings"]] == [
        tuple(made.files["readings"])
    ]

    expire(any_lake)
    assert content(any_lake) == before
    assert any_lake.list("") == [f"silver/_runs/days/{made.extraction_id}.json", *made.files["readings"]]


def test_rows_that_failed_an_audit_do_not_come_in_by_compaction(any_lake: Lake) -> None:
    ids = [id_of(200 - n) for n in range(3)]
    for n, extraction_id in enumerate(ids):
        transformed(any_lake, extraction_id, days(n, n + 2))
    failed = transformed(any_lake, id_of(150), days(0, 4))
    silver.write(any_lake, replace(failed, failed_audit="no_row_lost"))
    before = content(any_lake)
    assert before == read_by((0, 1, ids[0]), (1, 2, ids[1]), (2, 4, ids[2]))
    assert compact(any_lake)
    assert content(any_lake) == before


def test_gold_made_of_the_lake_is_the_same_before_and_after(any_lake: Lake) -> None:
    for n in range(4):
        transformed(any_lake, id_of(9 - n), days(n, n + 3))
    text = "select min(day) as day, value, max(read_at) as read_at from silver.readings group by value order by value"

    def made(extraction_id: str) -> pa.Table:
        path = partial(layout.part, "gold", "sums", extraction_id)
        sums = LocalEngine().select(any_lake, text, silver.state(any_lake, SOURCE), SOURCE.gold[0], path)
        return pa.Table.from_batches(parquet.batches(any_lake, sums.files))

    before = made(id_of(1))
    assert compact(any_lake)
    assert before.num_rows == 4
    assert made(id_of(0)) == before


def test_days_that_nobody_read_stay_missing(lake: Lake) -> None:
    early = [transformed(lake, id_of(9 - n), days(n, n + 1)).extraction_id for n in range(3)]
    late = [transformed(lake, id_of(5 - n), days(n, n + 1)).extraction_id for n in range(4, 6)]
    before = content(lake)
    made = compact(lake)
    assert [run.interval for run in made] == [("2024-01-01", "2024-01-04"), ("2024-01-05", "2024-01-07")]
    assert [run.extraction_id > newest for run, newest in zip(made, (early[-1], late[-1]), strict=True)] == [True, True]
    assert content(lake) == before


def test_there_is_nothing_left_to_compact_afterwards(lake: Lake) -> None:
    for n in range(3):
        transformed(lake, id_of(9 - n), days(n, n + 3))
    assert len(compact(lake)) == 1
    plan = compaction.make_plan(lake, SOURCE)
    assert (plan.compactions, plan.untouched) == ((), 1)


def test_a_compacted_run_is_joined_with_the_runs_after_it(lake: Lake) -> None:
    for n in range(3):
        transformed(lake, id_of(9 - n), days(n, n + 3))
    compact(lake)
    transformed(lake, id_of(5), days(4, 7))
    before = content(lake)
    [made] = compact(lake)
    assert made.interval == ("2024-01-01", "2024-01-08")
    assert content(lake) == before
    expire(lake, timedelta(0))
    assert (content(lake), len(lake.list("silver/_runs"))) == (before, 1)


def test_large_runs_are_not_written_again(lake: Lake) -> None:
    large = transformed(lake, id_of(20), days(0, 5000))
    for n in range(3):
        transformed(lake, id_of(9 - n), days(4990 + n, 5001 + n))
    before = content(lake)
    size = next(file.bytes for file in lake.list_files("silver") if file.path == large.files["readings"][0])
    plan = compaction.make_plan(lake, SOURCE, smaller_than=size)
    assert plan.untouched == 1
    [made] = compact(lake, smaller_than=size)
    assert made.interval == (str(days(4990, 5003).start), str(days(4990, 5003).end))
    assert content(lake) == before


def test_rows_from_two_origins_are_not_mixed(lake: Lake) -> None:
    for n in range(4):
        transformed(lake, id_of(9 - n), days(n, n + 1), origin="the simulator" if n < 2 else SOURCE.origin)
    assert [(run.origin, run.interval) for run in compact(lake)] == [
        ("the simulator", ("2024-01-01", "2024-01-03")),
        (SOURCE.origin, ("2024-01-03", "2024-01-05")),
    ]


def test_a_compacted_run_is_not_new_but_may_be_published_by_its_name(lake: Lake) -> None:
    runs = [transformed(lake, id_of(9 - n), days(n, n + 3)) for n in range(3)]
    [made] = compact(lake)
    assert silver.latest(lake, SOURCE, None) == runs[-1]
    assert silver.latest(lake, SOURCE, days(0, 5)) is None
    assert silver.read(lake, SOURCE, made.extraction_id) == made
    assert sum(batch.num_rows for batch in silver.batches(lake, made, SOURCE.datasets[0])) == 5
    assert list(silver.quarantined(lake, made)) == []
    assert known_until(made) == known_until(runs[-1])  # it knows no later day than the runs that it has its rows from


def test_a_run_that_began_before_the_newest_but_ends_after_compaction_has_its_place(lake: Lake) -> None:
    first, slow, last = id_of(9), id_of(8), id_of(7)
    transformed(lake, first, days(0, 4))
    transformed(lake, last, days(3, 6))
    compact(lake)
    transformed(lake, slow, days(0, 6))
    expected = read_by((0, 3, slow), (3, 6, last))
    assert content(lake) == expected
    assert len(compact(lake)) == 1
    assert content(lake) == expected


def test_a_compaction_that_is_killed_changes_nothing_and_writes_the_same_again(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        transformed(lake, id_of(9 - n), days(n, n + 3))
    before = content(lake)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(silver, "write", killed)
        compact(lake)
    files = lake.list("silver/readings")
    assert (content(lake), len(lake.list("silver/_runs")), len(files)) == (before, 3, 4)
    compact(lake)
    assert (content(lake), len(lake.list("silver/_runs")), lake.list("silver/readings")) == (before, 4, files)


def test_a_source_with_a_whole_state_has_nothing_to_compact(lake: Lake) -> None:
    with pytest.raises(UsageError, match=r"newest extraction of spacex holds everything") as told:
        compaction.make_plan(lake, spacex_at("http://nowhere"))
    assert "etl lake expire" in told.value.hint


def test_a_year_of_daily_runs_is_read_in_one_statement(lake: Lake) -> None:
    runs = {id_of(400 - n): days(n, n + 2) for n in range(100)}
    for extraction_id, interval in runs.items():
        transformed(lake, extraction_id, interval)
    assert content(lake) == newest(runs)


intervals = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda it: days(it[0], it[0] + it[1]))
steps = st.one_of(st.tuples(st.integers(0, 60), intervals), st.sampled_from(["compact", "expire"]))


@settings(max_examples=100 if IS_THOROUGH else 8)
@given(st.lists(steps, max_size=12))
def test_whatever_is_read_compacted_and_expired_each_day_has_its_newest_row(
    told: list[tuple[int, DataInterval] | str],
) -> None:
    runs: dict[str, DataInterval] = {}
    with tempfile.TemporaryDirectory() as place:
        lake = Lake(f"{place}/lake")
        for step in told:
            if isinstance(step, tuple):
                extraction_id = id_of(100 + step[0] + len(runs) / 1000)
                transformed(lake, extraction_id, step[1])
                runs[extraction_id] = step[1]
            elif step == "compact":
                compact(lake)
            else:
                expire(lake)
            if runs:
                assert content(lake) == newest(runs)
