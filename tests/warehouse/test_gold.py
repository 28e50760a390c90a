"""Gold and the questions: a few rows in, the expected rows out, the same from Postgres and from DuckDB."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from psycopg2.extras import RealDictCursor, execute_values

from etl.core.tables import Dataset
from etl.engines import local as local_engine
from etl.lake.store import Lake
from etl.postgres.connection import Warehouse
from etl.sql.questions import ask, texts
from etl.sql.statements import statement
from tests.conftest import MakeDatabase
from tests.lakes import create_gold, derived
from tests.warehouse.states import SOURCE, Snapshot, at, day, run

Row = dict[str, Any]
Gold = Callable[..., dict[str, list[Row]]]
DATASETS = {dataset.name: dataset for dataset in SOURCE.datasets}
EMPTY: dict[pa.DataType, Any] = {
    pa.string(): "",
    pa.bool_(): False,
    pa.int32(): 0,
    pa.int64(): 0,
    pa.float64(): 0.0,
    pa.date32(): date(2000, 1, 1),
    pa.list_(pa.string()): [],
}


@pytest.fixture(scope="module")
def anywhere(make_database: MakeDatabase) -> Iterator[str]:
    with make_database() as dsn:
        yield dsn


@pytest.fixture
def gold(anywhere: str) -> Gold:
    """`gold(spacex_launches=[...], ...)`: by table of gold and by question, the rows that both engines agree on."""

    def make(**silver: list[Row]) -> dict[str, list[Row]]:
        full = {name: [_full(dataset, row) for row in silver.get(name, [])] for name, dataset in DATASETS.items()}
        warehouse, lake = _in_postgres(anywhere, full), _in_duckdb(full)
        assert warehouse == lake
        return warehouse

    return make


def a_launch(launch_id: str, launched_at: str | None, *cores: str | None, **fields: Any) -> tuple[Row, list[Row]]:
    """A launch on Falcon `rocket`, and its core slots."""
    instant = at(launched_at) if launched_at else None
    launched = {"launched_at": instant, "launched_date": instant.date() if instant else None}
    names = {"name": f"Mission {launch_id}", "rocket_id": "falcon"}
    slots = [
        {"launch_id": launch_id, "position": position, "core_id": core} for position, core in enumerate(cores, start=1)
    ]
    return {"launch_id": launch_id, **names, **launched, **fields}, slots


def of(*launches: tuple[Row, list[Row]], **others: list[Row]) -> dict[str, list[Row]]:
    slots = [slot for _, slots in launches for slot in slots]
    return {"spacex_launches": [row for row, _ in launches], "spacex_launch_cores": slots, **others}


def test_with_no_rows_there_is_no_gold_and_no_answer(gold: Gold) -> None:
    assert all(rows == [] for rows in gold().values())


def test_a_core_that_flew_once_is_used_but_not_reused(gold: Gold) -> None:
    found = gold(**of(a_launch("a", "2020-01-01T12:00", "core"), spacex_cores=[{"core_id": "core", "serial": "B1"}]))
    assert found["core_usage"] == [
        {
            "core_id": "core",
            "serial": "B1",
            "launches": 1,
            "reuses": 0,
            "first_launch_date": day("2020-01-01"),
            "last_launch_date": day("2020-01-01"),
            "shortest_gap_days": None,
        }
    ]
    assert found["core_reuses"] == []


def test_each_reuse_names_its_previous_launch_and_counts_from_one(gold: Gold) -> None:
    found = gold(
        **of(
            a_launch("third", "2020-03-01T00:00", "core"),
            a_launch("first", "2020-01-01T12:00", "core"),
            a_launch("second", "2020-01-31T18:00", "core"),
        )
    )
    assert [(r["reuse_number"], r["launch_id"], r["previous_launch_id"]) for r in found["core_reuses"]] == [
        (1, "second", "first"),
        (2, "third", "second"),
    ]
    assert [r["days_since_previous"] for r in found["core_reuses"]] == [30.25, 29.25]
    assert found["core_reuses"][0]["launched_at"] == at("2020-01-31T18:00")
    assert found["core_reuses"][0]["previous_launch_name"] == "Mission first"
    [usage] = found["core_usage"]
    assert (usage["launches"], usage["reuses"], usage["shortest_gap_days"]) == (3, 2, 29.25)
    assert (usage["first_launch_date"], usage["last_launch_date"]) == (day("2020-01-01"), day("2020-03-01"))
    assert usage["serial"] is None  # a core that the list of cores does not know keeps its use


def test_upcoming_launches_never_count_as_use(gold: Gold) -> None:
    found = gold(
        **of(
            a_launch("flown", "2020-01-01T12:00", "core"),
            a_launch("planned", "2020-01-10T12:00", "core", is_upcoming=True),
            a_launch("only planned", "2020-01-10T12:00", "new", is_upcoming=True),
            spacex_rockets=[{"rocket_id": "falcon", "name": "Falcon"}],
        )
    )
    assert [(r["core_id"], r["launches"]) for r in found["core_usage"]] == [("core", 1)]
    assert found["core_reuses"] == []
    assert [(r["launch_year"], r["launches"]) for r in found["launch_statistics"]] == [(2020, 1)]


def test_slots_with_no_core_are_not_one_core(gold: Gold) -> None:
    found = gold(**of(a_launch("a", "2020-01-01T12:00", None, None), a_launch("b", "2020-01-02T12:00", None)))
    assert found["core_usage"] == []
    assert found["core_reuses"] == []


def test_the_apis_own_numbers_decide_nothing(gold: Gold) -> None:
    launches = [
        a_launch("a", "2020-01-01T12:00", "core", flight_number=188),
        a_launch("b", "2020-02-01T12:00", "core", flight_number=188),
        a_launch("c", "2020-03-01T12:00", "core", flight_number=3),
    ]
    for _, slots in launches:
        slots[0] |= {"flight_number": 2, "is_reused": False}
    found = gold(**of(*launches))
    assert [(r["launches"], r["reuses"]) for r in found["core_usage"]] == [(3, 2)]
    assert [r["launch_id"] for r in found["core_reuses"]] == ["b", "c"]


def test_two_launches_at_the_same_instant_have_an_order_and_no_gap(gold: Gold) -> None:
    found = gold(**of(a_launch("b", "2020-01-01T12:00", "core"), a_launch("a", "2020-01-01T12:00", "core")))
    assert [(r["launch_id"], r["previous_launch_id"], r["days_since_previous"]) for r in found["core_reuses"]] == [
        ("b", "a", 0.0)
    ]


@pytest.mark.parametrize(
    ("second", "is_within"),
    [("2020-02-20T11:59:59", True), ("2020-02-20T12:00:00", False), ("2020-02-20T12:00:01", False)],
)
def test_a_gap_of_exactly_50_days_is_not_less_than_50(gold: Gold, second: str, is_within: bool) -> None:
    found = gold(**of(a_launch("a", "2020-01-01T12:00:00", "core"), a_launch("b", second, "core")))
    assert [r["launch_name"] for r in found["cores_reused_within_50_days"]] == ["Mission b"] * is_within


def test_two_cores_with_the_most_reuses_are_both_the_answer(gold: Gold) -> None:
    found = gold(
        **of(
            a_launch("a", "2020-01-01T12:00", "x", "y", "z"),
            a_launch("b", "2020-02-01T12:00", "y", "x"),
        )
    )
    assert [(r["core_id"], r["reuses"], r["first"], r["last"]) for r in found["most_reused_core"]] == [
        ("x", 1, day("2020-01-01"), day("2020-02-01")),
        ("y", 1, day("2020-01-01"), day("2020-02-01")),
    ]


def test_a_year_counts_successes_failures_and_landings_and_unknown_is_neither(gold: Gold) -> None:
    launches = [
        a_launch("won", "2020-01-01T00:00", "a", "b", "c", is_success=True),
        a_launch("lost", "2020-12-31T23:59:59", "d", is_success=False),
        a_launch("not known", "2020-06-01T00:00", "e", is_success=None),
        a_launch("no core", "2020-06-01T00:00", is_success=True),
        a_launch("next year", "2021-01-01T00:00", "f", is_success=True),
        a_launch("other rocket", "2021-01-01T00:00", rocket_id="new", is_success=True),
    ]
    landings = [(True, True), (True, False), (False, None), (True, None), (None, None), (True, True)]
    slots = [slot for _, slots in launches for slot in slots]
    for slot, (attempted, success) in zip(slots, landings, strict=True):
        slot |= {"is_landing_attempted": attempted, "is_landing_success": success}
    found = gold(**of(*launches, spacex_rockets=[{"rocket_id": "falcon", "name": "Falcon 9"}]))
    assert [tuple(row.values()) for row in found["launch_statistics"]] == [
        (2020, "falcon", "Falcon 9", 4, 2, 1, 3, 1),
        (2021, "falcon", "Falcon 9", 1, 1, 0, 1, 1),
        (2021, "new", "new", 1, 1, 0, 0, 0),
    ]


def test_ids_sort_alike_in_both_engines(gold: Gold) -> None:
    found = gold(**of(*(a_launch(f"l{core}", "2020-01-01T12:00", core) for core in ("b", "B", "é", "a-b", "ab", "Z"))))
    assert [row["core_id"] for row in found["most_reused_core"]] == ["B", "Z", "a-b", "ab", "b", "é"]


@pytest.fixture(scope="module")
def real_facts(shared: Path) -> Snapshot:
    """The API's own answers; cores are not among them, those of the snapshot stand in."""
    place = shared / "data" / "spacex"
    return {
        "launches": json.loads((place / "launches_v5.json").read_text()),
        **{name: json.loads((place / f"{name}.json").read_text()) for name in ("rockets", "landpads", "launchpads")},
        "payloads": json.loads((place / "payloads.json").read_text()),
    }


def test_the_complete_list_gives_the_known_answers(database: str, lake: Lake) -> None:
    _assert_known_answers(database, lake, None)


def test_the_real_responses_give_the_known_answers(database: str, lake: Lake, real_facts: Snapshot) -> None:
    _assert_known_answers(database, lake, real_facts)


def _assert_known_answers(dsn: str, lake: Lake, facts: Snapshot | None) -> None:
    assert run(dsn, lake, facts).transformed.refused == 0
    with Warehouse(dsn, role="analyst") as warehouse, derived(lake, SOURCE) as engine:
        answers = {a.name: a.rows for a in ask(texts("spacex"), warehouse.execute)}
        assert answers == {a.name: a.rows for a in ask(texts("spacex"), lambda text: local_engine.rows(engine, text))}
        for dataset in SOURCE.gold:
            everything = f"select * from gold.{dataset.name} order by {', '.join(dataset.key)}"
            assert warehouse.execute(everything) == local_engine.rows(engine, everything), dataset.name
        [most] = answers["most_reused_core"]
        assert (most["core_id"], most["reuses"], most["launches"]) == ("5e9e28a7f3591817f23b2663", 13, 14)
        soon = answers["cores_reused_within_50_days"]
        assert len(soon) == 25
        assert len({row["core_id"] for row in soon}) == 9
        assert all(row["days"] < 50 for row in soon)
        [count] = warehouse.execute("select count(*) as n, sum(reuses) as reuses from gold.core_usage")
        assert warehouse.execute("select count(*) as n from gold.core_reuses") == [{"n": 118}]
        assert count["reuses"] == 118
        [slots] = warehouse.execute(
            "select count(*) as slots, count(core_id) as cores, count(*) filter (where core_id is null "
            "and launch_id in (select launch_id from silver.spacex_launches where is_upcoming)) as open "
            "from silver.spacex_launch_cores"
        )
        assert slots == {"slots": 215, "cores": 196, "open": 19}
        [launches] = warehouse.execute(
            "select count(*) as n, count(*) filter (where is_upcoming) as upcoming from silver.spacex_launches"
        )
        assert launches == {"n": 205, "upcoming": 18}
        [statistics] = warehouse.execute("select sum(launches) as launches from gold.launch_statistics")
        assert statistics == {"launches": 187}


def _full(dataset: Dataset, row: Row) -> Row:
    """The row with its missing columns: null, or empty where null may not be."""
    assert set(row) <= {column.name for column in dataset.columns}, row
    empty = {column.name: None if column.nullable else EMPTY[column.type] for column in dataset.columns}
    return empty | row


def _in_postgres(dsn: str, silver: dict[str, list[Row]]) -> dict[str, list[Row]]:
    connection = psycopg2.connect(dsn, options="-c timezone=UTC")
    try:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            for name, rows in silver.items():
                if rows:
                    execute_values(cursor, f"insert into silver.{name} values %s", [tuple(r.values()) for r in rows])
            found = {}
            for dataset in SOURCE.gold:
                cursor.execute(f"insert into gold.{dataset.name}\n{statement(f'gold/{dataset.name}')}")
                cursor.execute(f"select * from gold.{dataset.name} order by {', '.join(dataset.key)}")
                found[dataset.name] = [dict(row) for row in cursor]
            for name, text in texts("spacex").items():
                cursor.execute(text)
                found[name] = [dict(row) for row in cursor]
            return found
    finally:
        connection.close()  # nothing was committed


def _in_duckdb(silver: dict[str, list[Row]]) -> dict[str, list[Row]]:
    given = {
        f"silver.{name}": pa.Table.from_pylist(silver[name], schema=dataset.schema)
        for name, dataset in DATASETS.items()
    }
    with local_engine.session() as connection:
        local_engine.register(connection, Lake("/tmp"), given)
        create_gold(connection, SOURCE.gold)
        found = {}
        for dataset in SOURCE.gold:
            everything = f"select * from gold.{dataset.name} order by {', '.join(dataset.key)}"
            found[dataset.name] = local_engine.rows(connection, everything)
        return found | {name: local_engine.rows(connection, text) for name, text in texts("spacex").items()}
