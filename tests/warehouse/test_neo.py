"""Passes are published by days, risks and objects whole; what JPL finds late, moves or takes back replaces what was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from etl import sources
from etl.core.errors import AuditError
from etl.core.intervals import DataInterval
from etl.core.pages import PageContext
from etl.core.source import Source
from etl.destinations.lake.publication import LakeDestination
from etl.engines import local as local_engine
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline import replay
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.settings import NeoSettings
from etl.simulate import server
from etl.sources.neo import formulas, simulator, sky
from etl.sql.statements import statement
from etl.state import ledger
from tests.conftest import client_of
from tests.lakes import derived, published

TODAY = date(2026, 6, 21)
SPAN = DataInterval(TODAY - timedelta(days=40), TODAY + timedelta(days=20))
DAYS = [TODAY + timedelta(n - 15) for n in range(30)]
Record = dict[str, Any]


def passing(designation: str, day: date, at: float = 0.5, **changes: str | None) -> Record:
    """A pass at that time of the day."""
    julian = day.toordinal() + 1_721_424.5 + at
    time = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=at)
    return sky.APOPHIS_2029 | {
        "des": designation,
        "fullname": designation,
        "jd": f"{julian:.9f}",
        "cd": f"{time:%Y-%b-%d %H:%M}",
        "dist": "0.04",
        "dist_min": "0.03",
        "dist_max": "0.05",
        "h": "20.0",
        **changes,
    }


def one(designation: str, **changes: Any) -> Record:
    return sky.WELL_KNOWN[0] | {"pdes": designation, "full_name": designation} | changes


def risk(designation: str, **changes: Any) -> Record:
    return sky.RISKS_OF_WELL_KNOWN[2] | {"des": designation, "fullname": designation} | changes


@dataclass
class Served:
    """What JPL knows; a test changes it between two runs."""

    passes: list[Record] = field(default_factory=lambda: [passing(str(n), DAYS[n - 10]) for n in range(10, 40)])
    objects: list[Record] = field(default_factory=lambda: [one(f"{n}") for n in range(10, 110)])
    risks: list[Record] = field(default_factory=lambda: [risk(f"{n}") for n in range(20, 30)])

    def on(self, day: date) -> list[Record]:
        first = day.toordinal() + 1_721_424.5
        return [record for record in self.passes if first <= float(record["jd"]) < first + 1]

    def sky(self) -> simulator.Sky:
        return simulator.Sky(self.on, lambda _: self.risks, lambda: self.objects)


def source_at(url: str) -> Source:
    return sources.load("neo", NeoSettings(base_url=url))


def run(
    warehouse: Warehouse,
    lake: Lake,
    served: Served,
    interval: DataInterval = SPAN,
    *,
    into_lake: bool = False,
    accepts_loss: bool = False,
    share: float = 0.05,
) -> Summary:
    with server.serve(simulator.make_app(None, served.sky())) as api, client_of(api.url) as client:
        source = replace(source_at(api.url), origin="the simulator")
        pipeline = Pipeline(source, lake, share, LocalEngine(), accepts_loss=accepts_loss)
        destination = LakeDestination(warehouse, lake, LocalEngine()) if into_lake else None
        return pipeline.run(client, warehouse, interval, destination)


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in warehouse.execute(query)]


def threats(warehouse: Warehouse, columns: str, designation: str = "10") -> list[tuple[Any, ...]]:
    return rows(warehouse, f"select {columns} from gold.neo_threats where designation = '{designation}'")


def months_made(warehouse: Warehouse, lake: Lake, served: Served) -> set[date]:
    """The months of gold that a run counts and hashes again."""
    before = dict(rows(warehouse, "select month, xmin::text from ops.table_part where table_name = 'neo_threats'"))
    run(warehouse, lake, served)
    after = dict(rows(warehouse, "select month, xmin::text from ops.table_part where table_name = 'neo_threats'"))
    return {month for month, written in after.items() if before.get(month) != written}


def test_a_run_publishes_all_and_a_second_one_finds_nothing_new(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    summary = run(warehouse, lake, served)
    published = {table.table: table.rows_published for table in summary.published.tables}
    assert published["neo_close_approaches"] == published["neo_threats"] == len(served.passes)
    assert (published["neo_objects"], published["neo_risks"]) == (len(served.objects), len(served.risks))
    assert run(warehouse, lake, served).published.status == "unchanged"


def test_a_recomputed_pass_replaces_itself(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served)
    served.passes[0] |= {"orbit_id": "207", "dist": "0.041", "jd": f"{float(served.passes[0]['jd']) + 0.1:.9f}"}
    assert run(warehouse, lake, served).published.status == "published"
    assert threats(warehouse, "count(*), min(miss_distance_au), max(miss_distance_au)") == [(1, 0.041, 0.041)]


def test_a_pass_that_moves_to_the_next_day_replaces_itself(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served)
    served.passes[0] = passing("10", TODAY - timedelta(14))
    run(warehouse, lake, served)
    assert threats(warehouse, "approach_date") == [(TODAY - timedelta(14),)]


def test_an_object_that_gets_a_number_takes_its_passes_with_it(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served)
    served.passes[0] |= {"des": "900001", "fullname": "900001 (2007 JZ20)"}
    served.objects[0] |= {"pdes": "900001"}
    run(warehouse, lake, served)
    assert threats(warehouse, "count(*)") == [(0,)]
    assert threats(warehouse, "is_known", "900001") == [(True,)]


def test_many_passes_are_not_lost_without_consent(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served)
    served.passes = served.passes[2:]
    with pytest.raises(AuditError) as caught:
        run(warehouse, lake, served)
    assert (caught.value.audit, caught.value.offending_rows) == ("neo_close_approaches.few_rows_lost", 2)
    assert run(warehouse, lake, served, accepts_loss=True).published.status == "published"


def test_a_few_lost_rows_means_few_of_the_days_that_were_read_not_of_all(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served)
    day = DataInterval(TODAY - timedelta(15), TODAY - timedelta(14))
    served.passes = served.passes[1:]
    with pytest.raises(AuditError, match="few_rows_lost"):
        run(warehouse, lake, served, day)  # the only one of that day


def test_a_torino_scale_may_be_taken_back_and_a_brightness_may_not(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served)
    served.risks[0]["ts_max"] = None
    run(warehouse, lake, served)
    assert rows(warehouse, "select count(*) from silver.neo_risks where torino_max is null") == [(1,)]
    served.passes[0]["h"] = None
    with pytest.raises(AuditError, match=r"neo_close_approaches\.no_known_value_lost"):
        run(warehouse, lake, served)


def test_what_is_read_later_of_other_days_leaves_the_newest_whole_lists_in_place(
    warehouse: Warehouse, lake: Lake
) -> None:
    """An extraction that was killed before it was published must not bring back the risks of its day."""
    served = Served()
    early, late = DataInterval(SPAN.start, TODAY), DataInterval(TODAY, SPAN.end)
    with server.serve(simulator.make_app(None, served.sky())) as api, client_of(api.url) as client:
        pipeline = Pipeline(replace(source_at(api.url), origin="x"), lake, 0.05, LocalEngine())
        older = pipeline.transform(pipeline.extract(client, early))
        served.risks = served.risks[:-1]
        served.objects[0] |= {"moid": "0.123"}
        newer = pipeline.transform(pipeline.extract(client, late))
        pipeline.publish(warehouse, newer)
        assert pipeline.publish(warehouse, older).status == "published"
    assert rows(warehouse, "select count(*) from silver.neo_risks") == [(len(served.risks),)]
    assert rows(warehouse, "select moid_au from silver.neo_objects where designation = '10'") == [(0.123,)]
    assert rows(warehouse, "select count(*) from silver.neo_close_approaches") == [(len(served.passes),)]


def test_days_that_overlap_with_later_ones_are_published_without_them(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    with server.serve(simulator.make_app(None, served.sky())) as api, client_of(api.url) as client:
        pipeline = Pipeline(replace(source_at(api.url), origin="x"), lake, 0.05, LocalEngine())
        older = pipeline.transform(pipeline.extract(client, DataInterval(SPAN.start, TODAY)))
        served.risks = served.risks[:-1]
        newer = pipeline.transform(pipeline.extract(client, DataInterval(TODAY - timedelta(5), SPAN.end)))
        pipeline.publish(warehouse, newer)
        assert pipeline.publish(warehouse, older).status == "published"
    assert rows(warehouse, "select count(*) from silver.neo_risks") == [(len(served.risks),)]
    assert rows(warehouse, "select count(*) from silver.neo_close_approaches") == [(len(served.passes),)]


# Gold


ATTENTION = [  # the pass, the object, whether it is on the risk list, and what follows
    ({"dist": "0.4"}, {"pha": "N"}, True, "sentry"),
    ({"dist": "0.05"}, {"pha": "Y"}, False, "pha_close"),
    ({"dist": "0.0501"}, {"pha": "Y"}, False, "pha"),
    ({"dist": "0.002569"}, {"pha": "N"}, False, "close"),
    ({"dist": "0.002570"}, {"pha": "N"}, False, "routine"),
    ({"dist": "0.0001"}, {"pha": None}, False, "close"),
    ({"dist": "0.04"}, {"pha": None}, False, "routine"),
]


def test_attention_is_the_first_class_that_holds(warehouse: Warehouse, lake: Lake) -> None:
    served = Served(risks=[risk("99")])
    for n, (changes, of_object, is_listed, _) in enumerate(ATTENTION):
        served.passes[n] |= {"dist_min": "0.00001", "dist_max": "0.5"} | changes
        served.objects[n] |= of_object
        served.risks += [risk(f"{n + 10}")] if is_listed else []
    run(warehouse, lake, served)
    found = rows(warehouse, "select attention, attention_rank from gold.neo_threats order by approach_date limit 7")
    classes = ["sentry", "pha_close", "close", "pha", "routine"]
    assert found == [(attention, classes.index(attention) + 1) for *_, attention in ATTENTION]
    counted = rows(warehouse, "select sum(passes), max(objects), min(closest_ld) from gold.neo_attention_months")
    [(passes, objects, closest)] = counted
    assert passes == len(served.passes) >= objects
    assert closest == pytest.approx(0.0001 * 149_597_870.7 / 384_400)


def test_the_seeds_score_is_its_formula_and_null_where_anything_is_unknown(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    served.passes[0] |= {"h": "28.4", "v_rel": "3.3131779", "v_inf": "3.2", "dist": "0.068605", "dist_max": "0.07"}
    served.objects[0] |= {"pha": "N"}
    served.passes[1] |= {"h": "10", "v_rel": "30", "v_inf": "29"}
    served.objects[2] |= {"pha": None}
    served.passes[3] |= {"h": None}
    served.passes[4] |= {"dist": "0.000000001", "dist_min": None, "h": "50", "v_rel": "0", "v_inf": None}
    for n, least in enumerate(("0.0000426", "0.0000427", None), start=5):
        served.passes[n] |= {"dist_min": least}
    run(warehouse, lake, served)
    mean_km = (formulas.diameter_km(28.4, formulas.BRIGHT) + formulas.diameter_km(28.4, formulas.DARK)) / 2
    small = 0.3 * mean_km + 0.2 * 3.3131779 * 3600 / 100_000 + 0.2 / (0.068605 * 149_597_870.7)
    scores = rows(warehouse, "select seed_threat_score from gold.neo_threats order by approach_date limit 5")
    expected = [small, 0.3 + 0.2 + 0.3, None, None, 0.2 + 0.3]
    for (score,), other in zip(scores, expected, strict=True):
        assert score == (other if other is None else pytest.approx(other, abs=1e-6))
    reaching = rows(
        warehouse, "select is_impact_possible from gold.neo_threats order by approach_date limit 3 offset 5"
    )
    assert reaching == [(True,), (False,), (None,)]


def test_gold_follows_a_change_of_an_object_in_every_month_and_nothing_else(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served)
    assert months_made(warehouse, lake, served) == set()
    served.passes[0] |= {"v_rel": "9.9"}
    assert months_made(warehouse, lake, served) == {date(2026, 6, 1)}
    served.objects[29] |= {"pha": "N"}  # it passes in July
    assert months_made(warehouse, lake, served) == {date(2026, 7, 1)}
    assert threats(warehouse, "is_hazardous", "39") == [(False,)]


def test_2010_rf12_is_first_by_palermo_and_last_by_the_simple_score(warehouse: Warehouse, lake: Lake) -> None:
    made = Served(
        [record for day in range(60) for record in sky.passes(date(2026, 9, 1) + timedelta(day))],
        list(sky.objects()),
        sky.risks(2026),
    )
    run(warehouse, lake, made, DataInterval(date(2026, 9, 1), date(2026, 10, 31)))
    answer = warehouse.execute(statement("questions/neo/which_score_disagrees"))
    assert answer[0]["designation"] == "2010 RF12"
    assert (answer[0]["place_by_palermo"], answer[0]["one_in"]) == (1, 10)
    assert answer[0]["place_by_score"] == answer[0]["objects"] > 400
    with_lake = _asked_of_the_lake(lake, "which_score_disagrees")
    assert [row["designation"] for row in with_lake] == [row["designation"] for row in answer]


# Audits

Change = Callable[[Served], object]


@pytest.mark.parametrize(
    ("audit", "fires", "passes"),
    [
        (
            "distances_in_order",
            lambda served: served.passes[0].update(dist_min="0.0401"),
            lambda served: served.passes[0].update(dist_min="0.04", dist_max="0.04"),
        ),
        (
            "velocities_in_order",
            lambda served: served.passes[0].update(v_inf="7.5"),
            lambda served: served.passes[0].update(v_inf=served.passes[0]["v_rel"]),
        ),
        (
            "no_pass_twice",
            lambda served: served.passes.append(passing("10", TODAY - timedelta(14))),
            lambda served: served.passes.append(passing("10", TODAY - timedelta(13))),
        ),
        (
            "palermo_follows",
            lambda served: served.risks[0].update(n_imp=1, range="2095-2095", ps_max="-2.80"),
            lambda served: served.risks[0].update(n_imp=1, range="2095-2095", ps_max="-2.97"),
        ),
    ],
)
def test_an_audit_fires_at_the_smallest_fault_and_not_beside_it(
    warehouse: Warehouse, lake: Lake, audit: str, fires: Change, passes: Change
) -> None:
    served = Served()
    fires(served)
    with pytest.raises(AuditError) as caught:
        run(warehouse, lake, served)
    assert (caught.value.audit, caught.value.offending_rows) == (audit, 1)
    served = Served()
    passes(served)
    run(warehouse, lake, served)


@pytest.mark.parametrize("audit", ["passing_objects_known", "risky_objects_known"])
def test_two_objects_in_two_hundred_may_be_unknown_and_three_may_not(
    warehouse: Warehouse, lake: Lake, audit: str
) -> None:
    names = [f"{n}" for n in range(1000, 1200)]
    served = Served(
        [passing(name, TODAY) for name in names], [one(name) for name in names[2:]], [risk(name) for name in names]
    )
    if audit == "passing_objects_known":
        served.risks = served.risks[5:]
    else:
        served.passes = served.passes[5:]
    run(warehouse, lake, served)
    assert rows(warehouse, "select count(*) from gold.neo_threats where not is_known") in ([(2,)], [(0,)])
    served.objects = served.objects[1:]
    with pytest.raises(AuditError) as caught:
        run(warehouse, lake, served)
    assert (caught.value.audit, caught.value.offending_rows) == (audit, 3)


def test_a_pass_of_other_days_than_were_asked_for_is_noticed(warehouse: Warehouse, lake: Lake) -> None:
    """As from an API that ignores parameters, which answers with what it likes."""
    served = Served()
    run(warehouse, lake, served)
    stray = passing("50", TODAY + timedelta(200))

    def on(day: date) -> list[Record]:
        found = served.on(day)
        return [*found, stray] if day == TODAY else found

    with server.serve(_ignoring_dates(served, on)) as api, client_of(api.url) as client:
        pipeline = Pipeline(replace(source_at(api.url), origin="the simulator"), lake, 0.05, LocalEngine())
        with pytest.raises(AuditError) as caught:
            pipeline.run(client, warehouse, SPAN)
    assert (caught.value.audit, caught.value.offending_rows) == ("no_pass_on_other_days", 1)


def _ignoring_dates(served: Served, on: Callable[[date], list[Record]]) -> Any:
    def serve(environ: Any, start_response: Any) -> Any:
        query = environ["QUERY_STRING"].replace(f"date-max={SPAN.end}", "date-max=2027-06-01")
        return app(environ | {"QUERY_STRING": query}, start_response)

    app = simulator.make_app(None, replace(served.sky(), passes=on))
    return serve


# The lake


def _asked_of_the_lake(lake: Lake, question: str) -> list[dict[str, Any]]:
    with derived(lake, sources.load("neo")) as connection:
        return local_engine.rows(connection, statement(f"questions/neo/{question}"))


def test_the_lake_has_the_newest_of_each_day_and_the_newest_whole_lists_once(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    pieces = [SPAN.start, TODAY - timedelta(10), TODAY, SPAN.end]
    for number, (start, end) in enumerate(pairwise(pieces)):
        served.risks[0] |= {"ip": f"0.0{number + 1}"}
        run(warehouse, lake, served, DataInterval(start, end), into_lake=True)
    with published(warehouse, lake, sources.load("neo")) as connection:
        counts = {
            name: connection.execute(f"select count(*) from silver__{name}").fetchall()[0][0]
            for name in ("neo_close_approaches", "neo_risks", "neo_objects")
        }
        newest = connection.execute("select max(impact_probability) from silver__neo_risks where designation = '20'")
        assert newest.fetchall() == [(0.03,)]
    assert counts == {
        "neo_close_approaches": len(served.passes),
        "neo_risks": len(served.risks),
        "neo_objects": len(served.objects),
    }


def test_the_lake_notices_lost_objects_even_if_all_days_are_new(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    run(warehouse, lake, served, DataInterval(SPAN.start, TODAY), into_lake=True)
    served.objects = served.objects[:20]
    served.passes = [record for record in served.passes if int(record["des"]) < 30]
    with pytest.raises(AuditError, match=r"neo_objects\.few_rows_lost"):
        run(warehouse, lake, served, DataInterval(TODAY, SPAN.end), into_lake=True)


# Runs without dates


def test_a_run_without_dates_looks_back_and_ahead(warehouse: Warehouse, lake: Lake) -> None:
    source = sources.load("neo")
    first = ledger.next_interval(warehouse, source, "warehouse", TODAY)
    assert first == DataInterval(TODAY - timedelta(365), TODAY + timedelta(60))
    run(warehouse, lake, Served(), first)
    today = date.today()
    later = ledger.next_interval(warehouse, source, "warehouse", today + timedelta(1))
    assert later is not None
    assert (later.start, later.end) == (
        min(today, TODAY + timedelta(60)) - timedelta(30),
        today + timedelta(61),
    )


def test_a_refused_pass_is_kept_aside_and_the_others_are_published(warehouse: Warehouse, lake: Lake) -> None:
    served = Served()
    served.passes[0] |= {"t_sigma_f": "soon"}
    summary = run(warehouse, lake, served)
    assert (summary.transformed.refused, summary.published.status) == (1, "published")
    assert rows(warehouse, "select count(*) from silver.neo_close_approaches") == [(len(served.passes) - 1,)]
    [record] = warehouse.execute("select record from ops.quarantine")
    corrected = json.loads(record["record"]) | {"t_sigma_f": "00:10"}
    source = replace(sources.load("neo"), origin="the simulator")
    kept = replay.Kept("neo_close_approaches", json.dumps(corrected).encode(), PageContext({}, datetime.now(UTC)))
    [found] = warehouse.run("ledger/open_quarantine", {"source": "neo", "destination": "warehouse"})
    pipeline = Pipeline(source, lake, 0.05, LocalEngine())
    published, still_rejected = replay.replay(pipeline, warehouse, {found["quarantine_id"]: kept})
    assert (published.status, still_rejected) == ("published", {})
    assert threats(warehouse, "time_uncertainty_minutes, is_known") == [(10, True)]
    assert rows(warehouse, "select count(*) from silver.neo_risks") == [(len(served.risks),)]
