"""What the Postgres exporter reads from the run ledger: after real runs, as the role it logs in as."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from psycopg2.extras import RealDictCursor

from etl import sources
from etl.core.errors import AuditError, SourceUnavailableError
from etl.core.ids import new_id
from etl.core.intervals import DataInterval, today
from etl.core.pages import PageContext
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline import replay
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from tests.conftest import ROOT, client_of
from tests.waiting import eventually
from tests.warehouse import test_mars, test_neo
from tests.warehouse.states import GOLD, SILVER, SOURCE, Snapshot, changed, launch, owner, rows, run, snapshot, value

DECLARED: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "monitoring" / "postgres" / "queries.yaml").read_text())
EVERYTHING = {*SILVER, *GOLD}
BEGUN = {"source": "spacex", "destination": "warehouse", "start": None, "end": None, "origin": "a test"}
WATCHED = set(sources.NAMES) - {"neows", "picture_facts"}  # which are optional
Series = dict[tuple[str, ...], float]


def series(dsn: str) -> dict[str, Series]:
    """All that a scrape returns: by metric, then by the values of its labels."""
    found: dict[str, Series] = {}
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute("set session authorization metrics")
            for prefix, declared in DECLARED.items():
                cursor.execute((ROOT / declared["query_file"]).read_text())
                usage = {name: told["usage"] for column in declared["metrics"] for name, told in column.items()}
                assert [column.name for column in cursor.description] == list(usage), prefix
                for row in cursor:
                    labels = tuple(row[name] for name in usage if usage[name] == "LABEL")
                    assert all(isinstance(label, str) and label for label in labels), (prefix, row)
                    for name in (name for name in usage if usage[name] == "GAUGE"):
                        assert isinstance(row[name], int | float), (prefix, row)  # null would become NaN
                        assert labels not in found.setdefault(f"{prefix}_{name}", {}), "the exporter refuses doubles"
                        found[f"{prefix}_{name}"][labels] = row[name]
    finally:
        connection.close()
    return found


def of_spacex(found: Mapping[tuple[str, ...], float]) -> list[float]:
    return [value for labels, value in found.items() if "spacex" in labels]


def of_datasets(found: Series) -> dict[str, float]:
    """Values by dataset; all are of SpaceX."""
    assert {source for source, _ in found} <= {"spacex"}
    return {dataset: value for (_, dataset), value in found.items()}


def counts(dsn: str) -> dict[str, float]:
    """Rows of every published table."""
    tables = {name: f"{schema}.{name}" for schema, names in (("silver", SILVER), ("gold", GOLD)) for name in names}
    return {name: value(dsn, f"select count(*) from {table}") for name, table in tables.items()}


def orphaned() -> Snapshot:
    """Facts that an audit refuses: a launch in the past without a date."""
    facts = snapshot()
    facts["launches"].append(launch("ffffffffffffffffffffff09", None))
    return facts


def refusing(number: int = 1) -> Snapshot:
    """Facts with some launches that nobody can read."""
    facts = snapshot()
    facts["launches"] += [launch(f"ffffffffffffffffffffff{n:02}", "2022-12-01") | {"name": 3} for n in range(number)]
    return facts


def enter_runs(dsn: str, *rows_published: int, source: str = "spacex", dataset: str = "spacex_cores") -> None:
    """Runs in the ledger, oldest first, an hour apart, the last an hour ago."""
    with owner(dsn) as cursor:
        for position, rows in enumerate(rows_published):
            run_id = new_id()
            cursor.execute(
                "insert into ops.run (run_id, source, status, origin, extraction_id, started_at, ended_at) "
                "select %s, %s, 'published', 'a test', %s, t, t from (select now() - %s * interval '1 hour') as x (t)",
                [run_id, source, run_id, len(rows_published) - position],
            )
            cursor.execute(
                "insert into ops.run_dataset values (%s, %s, %s, %s, 'checksum', true)", [run_id, dataset, rows, rows]
            )


# Nothing yet


def test_an_empty_ledger_has_only_the_schedule(database: str) -> None:
    with owner(database) as cursor:
        cursor.execute("select source, extract(epoch from made_at)::float from ops.schedule")
        made_at = {(source,): at for source, at in cursor.fetchall()}
    assert series(database) == {
        "etl_source_schedule_seconds": {(source,): 86_400 for source in WATCHED},
        "etl_source_last_success_timestamp_seconds": {(source,): made_at[(source,)] for source in WATCHED},
    }


def test_a_source_without_a_schedule_is_not_watched(database: str) -> None:
    enter_runs(database, 1, 2, 3, 4, 5, source="somebody's own")
    assert {source for found in series(database).values() for source, *_ in found} == WATCHED


def test_an_optional_source_is_watched_from_its_first_publish_on(database: str) -> None:
    enter_runs(database, 1, source="neows", dataset="neows_passes")
    enter_runs(database, 1, source="picture_facts", dataset="picture_facts")
    assert series(database)["etl_source_schedule_seconds"].keys() == {(source,) for source in sources.NAMES}


def test_a_schedule_cannot_be_of_zero_length(database: str) -> None:
    with owner(database) as cursor, pytest.raises(psycopg2.errors.CheckViolation):
        cursor.execute("insert into ops.schedule (source, every) values ('nasa', '0')")


# Runs that publish


def test_after_a_run_every_dataset_has_its_rows_its_time_and_its_watermark(database: str, lake: Lake) -> None:
    began = time.time()
    run(database, lake)
    found = series(database)
    assert of_datasets(found["etl_dataset_rows"]) == counts(database)
    ended = value(database, "select extract(epoch from ended_at)::float from ops.run")
    assert of_datasets(found["etl_dataset_last_success_timestamp_seconds"]) == dict.fromkeys(EVERYTHING, ended)
    assert found["etl_source_last_success_timestamp_seconds"]["spacex",] == ended
    assert began < ended < time.time()
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    assert of_datasets(found["etl_dataset_watermark_timestamp_seconds"]) == dict.fromkeys(SILVER, midnight)
    started = value(database, "select extract(epoch from started_at)::float from ops.run")
    assert found["etl_source_last_run_timestamp_seconds"] == {("spacex",): started}
    assert found["etl_source_last_run_failed"] == {("spacex",): 0}
    assert set(found["etl_audit_offending_rows"].values()) == {0}
    assert len(found["etl_audit_offending_rows"]) == value(database, "select count(*) from ops.audit_result") > 10
    assert of_datasets(found["etl_quarantine_open_records"]) == dict.fromkeys(EVERYTHING, 0)
    assert of_datasets(found["etl_quarantine_last_run_ratio"]) == dict.fromkeys(EVERYTHING, 0)
    assert "etl_dataset_usual_rows" not in found


def test_every_declared_metric_appears(database: str, lake: Lake) -> None:
    enter_runs(database, 1, 2, 3)
    run(database, lake)
    with owner(database) as cursor:
        cursor.execute(
            "insert into ops.published_days values ('spacex_cores', 'warehouse', '{[2026-01-01,2026-02-01)}')"
        )
        cursor.execute("insert into gold.mars_activity values ('curiosity', now(), 'mast', now(), 1, 0, 1, 9, 9)")
    enter_runs(database, 1, source="neo", dataset="neo_threats")
    list_pictures(database, due=[9])
    assert set(series(database)) == {
        f"{prefix}_{name}"
        for prefix, declared in DECLARED.items()
        for column in declared["metrics"]
        for name, told in column.items()
        if told["usage"] == "GAUGE"
    }


def test_a_run_that_finds_nothing_new_is_a_success_too(database: str, lake: Lake) -> None:
    run(database, lake)
    before = series(database)
    assert run(database, lake).published.status == "unchanged"
    after = series(database)
    assert after["etl_dataset_rows"] == before["etl_dataset_rows"]
    for name in ("etl_dataset_last_success_timestamp_seconds", "etl_source_last_success_timestamp_seconds"):
        assert min(of_spacex(after[name])) > max(of_spacex(before[name]))


def test_a_run_that_comes_too_late_leaves_the_rows_that_are_published(database: str, lake: Lake) -> None:
    older = run(database, lake).transformed
    run(database, lake, changed())
    before = series(database)
    with Warehouse(database, role="etl_loader") as warehouse:
        assert Pipeline(SOURCE, lake, 0.05, LocalEngine()).publish(warehouse, older).tables == ()
    after = series(database)
    for name in ("etl_dataset_rows", "etl_dataset_last_success_timestamp_seconds", "etl_audit_offending_rows"):
        assert after[name] == before[name], name
    assert after["etl_quarantine_last_run_ratio"] == before["etl_quarantine_last_run_ratio"]


# Runs that do not


def test_a_failed_audit_is_seen_until_a_run_passes_it(database: str, lake: Lake) -> None:
    run(database, lake)
    before = series(database)
    with pytest.raises(AuditError):
        run(database, lake, orphaned())
    failed = series(database)
    assert {audit: rows for (_, audit), rows in failed["etl_audit_offending_rows"].items() if rows} == {
        "no_past_launch_without_date": 1
    }
    assert failed["etl_source_last_run_failed"] == {("spacex",): 1}
    assert (
        failed["etl_source_last_run_timestamp_seconds"]["spacex",]
        > before["etl_source_last_run_timestamp_seconds"]["spacex",]
    )
    for name in ("etl_dataset_rows", "etl_dataset_last_success_timestamp_seconds", "etl_quarantine_open_records"):
        assert failed[name] == before[name], name
    run(database, lake)
    mended = series(database)
    assert set(mended["etl_audit_offending_rows"].values()) == {0}
    assert mended["etl_source_last_run_failed"] == {("spacex",): 0}


def test_an_attempt_that_does_not_reach_its_audits_leaves_what_the_last_ones_found(database: str, lake: Lake) -> None:
    with pytest.raises(AuditError):
        run(database, lake, orphaned())
    with (
        client_of("http://127.0.0.1:9") as client,
        Warehouse(database, role="etl_loader") as warehouse,
        pytest.raises(SourceUnavailableError),
    ):
        Pipeline(SOURCE, lake, 0.05, LocalEngine()).run(client, warehouse, None)
    assert series(database)["etl_audit_offending_rows"]["spacex", "no_past_launch_without_date"] == 1
    assert series(database)["etl_source_last_run_failed"] == {("spacex",): 1}


def test_a_killed_run_has_failed_as_soon_as_it_is_dead(database: str, lake: Lake) -> None:
    run(database, lake)
    run_id = new_id()
    with Warehouse(database, role="etl_loader") as killed:
        killed.run("ledger/hold_run", {"run_id": run_id})
        killed.run("ledger/start_run", BEGUN | {"run_id": run_id})
        assert series(database)["etl_source_last_run_failed"] == {("spacex",): 0}, "it runs"
        began = value(database, "select extract(epoch from max(started_at))::float from ops.run")
        assert series(database)["etl_source_last_run_timestamp_seconds"] == {("spacex",): began}
    eventually(lambda: not value(database, "select ops.is_alive(%s)", [run_id]))
    assert series(database)["etl_source_last_run_failed"] == {("spacex",): 1}
    with Warehouse(database, role="etl_loader") as warehouse:
        warehouse.run("ledger/abandon_dead_runs")
    assert value(database, "select status from ops.run where run_id = %s", [run_id]) == "abandoned"
    assert series(database)["etl_source_last_run_failed"] == {("spacex",): 1}
    run(database, lake)
    assert series(database)["etl_source_last_run_failed"] == {("spacex",): 0}


def test_the_first_run_of_all_has_not_failed_while_it_runs(database: str) -> None:
    run_id = new_id()
    with Warehouse(database, role="etl_loader") as running:
        running.run("ledger/hold_run", {"run_id": run_id})
        running.run("ledger/start_run", BEGUN | {"run_id": run_id})
        assert series(database)["etl_source_last_run_failed"] == {("spacex",): 0}


# Quarantine


def test_refused_records_are_counted_until_they_are_replayed(database: str, lake: Lake) -> None:
    run(database, lake, refusing(2))
    found = series(database)
    assert {k: n for k, n in found["etl_quarantine_open_records"].items() if n} == {("spacex", "spacex_launches"): 2}
    ratios = {dataset: ratio for (_, dataset), ratio in found["etl_quarantine_last_run_ratio"].items() if ratio}
    assert ratios == {"spacex_launches": pytest.approx(2 / 207)}
    with Warehouse(database, role="etl_loader") as warehouse:
        kept = warehouse.run("ledger/open_quarantine", {"source": "spacex", "destination": "warehouse"})
        replayed = {
            row["quarantine_id"]: replay.Kept(
                row["endpoint"],
                row["record"].replace('"name": 3', '"name": "x"').encode(),
                PageContext(row["about"], row["received_at"]),
            )
            for row in kept[:1]
        }
        assert replay.replay(Pipeline(SOURCE, lake, 0.05, LocalEngine()), warehouse, replayed)[1] == {}
    after = series(database)
    assert after["etl_quarantine_open_records"]["spacex", "spacex_launches"] == 1
    assert after["etl_quarantine_last_run_ratio"] == found["etl_quarantine_last_run_ratio"], "a replay extracts nothing"
    assert after["etl_dataset_rows"]["spacex", "spacex_launches"] == 206


def test_refused_records_that_are_read_again_are_settled(database: str, lake: Lake) -> None:
    run(database, lake, refusing())
    run(database, lake)
    found = series(database)
    assert of_datasets(found["etl_quarantine_open_records"]) == dict.fromkeys(EVERYTHING, 0)
    assert of_datasets(found["etl_quarantine_last_run_ratio"]) == dict.fromkeys(EVERYTHING, 0)


def test_a_dataset_of_which_nothing_was_read_has_no_share(database: str) -> None:
    enter_runs(database, 0)
    found = series(database)
    assert found["etl_dataset_rows"] == {("spacex", "spacex_cores"): 0}
    assert "etl_quarantine_last_run_ratio" not in found


# What is usual


@pytest.mark.parametrize(
    ("rows_published", "usual"),
    [
        ((1, 2, 3), None),
        ((10, 30, 20, 999), 20),
        ((10, 20, 30, 40, 999), 25),
        ((*[1_000_000] * 30, *[7] * 20, 999), 7),  # of the last twenty only
        ((*[1_000_000] * 11, *[7] * 9, 999), 1_000_000),
    ],
    ids=["too few", "odd", "even", "twenty", "the older half"],
)
def test_usual_is_the_median_of_up_to_twenty_runs_before_the_latest(
    database: str, rows_published: tuple[int, ...], usual: float | None
) -> None:
    enter_runs(database, *rows_published)
    found = series(database)
    assert found["etl_dataset_rows"] == {("spacex", "spacex_cores"): rows_published[-1]}
    assert found.get("etl_dataset_usual_rows") == (None if usual is None else {("spacex", "spacex_cores"): usual})


def test_failed_and_overtaken_runs_are_not_part_of_what_is_usual(database: str) -> None:
    enter_runs(database, 10, 10, 10, 10)
    with owner(database) as cursor:
        cursor.execute(
            "insert into ops.run (run_id, source, status, origin, ended_at) values "
            "('a', 'spacex', 'failed', 'a test', now()), ('b', 'spacex', 'unchanged', 'a test', now())"
        )
    found = series(database)
    assert found["etl_dataset_usual_rows"] == {("spacex", "spacex_cores"): 10}
    assert found["etl_dataset_rows"] == {("spacex", "spacex_cores"): 10}


# What alerts need to know of the published data


PASSES = {"yesterday": -1, "today": 0, "later": 40, "unknown": 40}  # days from today


def possible_impacts(database: str, lake: Lake, **least_au: str | None) -> Series:
    """What is counted once these passes are published, each with the least distance that it may have."""
    passes = [
        test_neo.passing(f"{n}", today() + timedelta(days), dist_min=least_au.get(name, "0.03"))
        for n, (name, days) in enumerate(PASSES.items(), start=10)
    ]
    around_today = DataInterval(today() - timedelta(9), today() + timedelta(60))
    with Warehouse(database, role="etl_loader") as loader:
        test_neo.run(loader, lake, test_neo.Served(passes), around_today)
    return series(database)["etl_neo_possible_impacts"]


def test_a_pass_that_may_hit_earth_is_counted_until_its_day_is_over(database: str, lake: Lake) -> None:
    assert possible_impacts(database, lake, yesterday="0", later="0.0000427", unknown=None) == {("neo",): 0}
    assert possible_impacts(database, lake, today="0.0000426", later="0", unknown=None) == {("neo",): 2}
    assert possible_impacts(database, lake, later="0.0000426") == {("neo",): 1}


def test_the_newest_photo_of_each_working_rover_is_known(database: str, lake: Lake) -> None:
    with Warehouse(database, role="etl_loader") as loader:
        test_mars.run(loader, lake)
    newest = rows(
        database, "select rover, extract(epoch from max(taken_date))::float from silver.mars_photos group by 1"
    )
    with owner(database) as cursor:
        cursor.execute("insert into gold.mars_activity values ('opportunity', now(), 'mast', now(), 1, 0, 1, 9, 9)")
    assert {rover for rover, _ in newest} == {"curiosity", "perseverance"}
    assert series(database)["etl_mars_newest_photo_timestamp_seconds"] == {("mars", rover): at for rover, at in newest}


def list_pictures(database: str, **days_ago: Sequence[int]) -> None:
    """Pictures without facts, by what is said of them."""
    with owner(database) as cursor:
        cursor.execute("create table parts.any_month partition of silver.picture_facts default")
        for status, listed in days_ago.items():
            for days in listed:
                cursor.execute(
                    "insert into silver.picture_facts (source, item_id, picture_date, title, page_url, picture_url, "
                    "is_reusable, status, attempts, received_at) "
                    "values ('apod', %s, %s, 't', 'p', 'u', false, %s, 1, now())",
                    [str(days), today() - timedelta(days), status],
                )


def test_pictures_without_facts_are_counted_by_status_once_their_day_is_three_days_past(database: str) -> None:
    list_pictures(database, due=(2, 3, 4), refused=(5, 399, 400, 401))
    with owner(database) as cursor:
        cursor.execute("update silver.picture_facts set facts_version = '1' where item_id = '399'")
    assert series(database)["etl_picture_facts_overdue"] == {
        ("picture_facts", "due"): 1,
        ("picture_facts", "refused"): 2,
    }


@pytest.mark.parametrize("role", ["analyst", "engineer", "etl_loader"])
def test_what_the_exporter_reads_of_the_published_data_is_for_nobody_else(database: str, role: str) -> None:
    assert refused(database, role, "ops.neo_possible_impacts", "ops.mars_newest_photos", "ops.pictures_without_facts")


def test_the_exporter_reads_nothing_but_these_numbers_of_the_published_data(database: str) -> None:
    assert refused(database, "metrics", "gold.neo_threats", "gold.mars_activity", "silver.picture_facts")


def refused(database: str, role: str, *tables: str) -> bool:
    """Whether a role may read none of these tables."""
    return not any(value(database, "select has_table_privilege(%s, %s, 'select')", [role, table]) for table in tables)


# A long ledger


LONG_LEDGER = """
insert into ops.run (run_id, source, status, origin, extraction_id, started_at, ended_at)
select run_id, 'spacex', status, 'a test', run_id, at, at
from (
    select
        'run ' || n as run_id,
        case when n % 10 = 0 or n > 9000 then 'failed' else 'published' end as status,
        now() - (10001 - n) * interval '1 minute' as at
    from generate_series(1, 10000) as n
) as runs;
insert into ops.run_dataset
select run_id, 'dataset ' || n, 10, 10, 'checksum', true
from ops.run, generate_series(1, 10) as n where status = 'published';
insert into ops.audit_result (run_id, audit, offending_rows, sample)
select run_id, 'audit ' || n, 0, '[]'
from ops.run, generate_series(1, 3) as n where started_at < now() - interval '1 day';
insert into ops.quarantine (run_id, endpoint, page, position, reason, record, resolved_at)
select run_id, 'dataset 1', 1, 1, 'a reason', '{}', case when started_at < now() - interval '17 hours' then now() end
from ops.run where status = 'published';
analyze ops.run, ops.run_dataset, ops.audit_result, ops.quarantine;
"""
LEDGER = {"run", "run_dataset", "audit_result", "quarantine"}


def read_whole(plan: Mapping[str, Any]) -> set[str]:
    """The tables of which a plan reads every row."""
    here = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return here.union(*map(read_whole, plan.get("Plans", [])))


def test_a_scrape_of_a_long_ledger_reads_only_what_its_indexes_lead_to(database: str) -> None:
    """So it takes no longer as the ledger grows: 0.06 s were measured at a hundred thousand runs."""
    with owner(database) as cursor:
        cursor.execute(LONG_LEDGER)
        cursor.execute("set session authorization metrics")
        for prefix, declared in DECLARED.items():
            cursor.execute(f"explain (format json) {(ROOT / declared['query_file']).read_text()}")
            ((plan,),) = cursor.fetchall()
            assert read_whole(plan[0]["Plan"]).isdisjoint(LEDGER), prefix
    found = series(database)
    assert len(found["etl_dataset_usual_rows"]) == 10
    assert found["etl_source_last_run_failed"] == {("spacex",): 1}


# What the exporter is told


@pytest.mark.parametrize("prefix", DECLARED)
def test_a_declaration_is_of_the_exporters_format(prefix: str) -> None:
    declared: Mapping[str, Any] = DECLARED[prefix]
    assert set(declared) == {"query_file", "master", "metrics"}
    assert "pg" not in prefix, "the exporter would put its own prefix there"
    for column in declared["metrics"]:
        [(_, told)] = column.items()
        assert told["usage"] in ("LABEL", "GAUGE")
        assert told["description"].endswith(".")


def test_every_statement_is_declared() -> None:
    files = {str(file.relative_to(ROOT)) for file in (ROOT / "sql" / "metrics").glob("*.sql")}
    assert {declared["query_file"] for declared in DECLARED.values()} == files


@pytest.mark.parametrize("prefix", DECLARED)
def test_a_statement_says_first_which_metrics_are_its_own(prefix: str) -> None:
    text = (ROOT / DECLARED[prefix]["query_file"]).read_text()
    assert text.startswith(f"-- {prefix}: one row per ")
    assert Path(DECLARED[prefix]["query_file"]).stem == prefix.removeprefix("etl_")
