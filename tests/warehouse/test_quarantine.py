"""Refused records are kept with their reason, keep nothing else from being published, and find their way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from etl.cli import corrections
from etl.core.errors import SourceContractError, UsageError
from etl.core.outcomes import Published
from etl.engines.local import LocalEngine
from etl.lake import silver
from etl.lake.store import Lake
from etl.pipeline import replay
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from tests.warehouse.states import SOURCE, Snapshot, launch, published, rows, run, snapshot, state, storage, value

CORE = "5e9e28a7f3591817f23b2663"
REASON = "cores: Input should be a valid list"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def facts() -> Snapshot:
    """The bundled facts, and one launch whose cores are a string; its id sorts last, so it ends the last page."""
    facts = snapshot()
    facts["launches"].append(mended() | {"cores": "B1058"})
    return facts


def mended(launch_id: str = "ffffffffffffffffffffff01") -> dict[str, Any]:
    return launch(launch_id, "2022-10-10", cores=[CORE])


def test_a_refused_record_is_kept_with_its_place_and_reason_and_the_rest_is_published(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    summary = run(database, lake, facts)
    assert (summary.published.status, summary.transformed.refused) == ("published", 1)
    [(run_id, *found)] = rows(
        database, "select run_id, endpoint, page, position, reason, record, resolved_at, resolution from ops.quarantine"
    )
    assert found[:4] == ["spacex_launches", 3, 6, REASON]  # launch 206 at 100 a page
    assert json.loads(found[4]) == facts["launches"][-1]
    assert found[5:] == [None, None]
    assert run_id == summary.run_id
    [kept] = silver.quarantined(lake, summary.transformed)
    assert [kept.endpoint, kept.page, kept.position, kept.reason, kept.record] == found[:5]
    assert value(database, "select count(*) from silver.spacex_launches") == 205
    assert value(database, "select count(*) from gold.core_reuses") == 118


@pytest.mark.parametrize(("refused", "fails"), [(10, False), (11, True)])
def test_a_share_above_the_limit_publishes_nothing(database: str, lake: Lake, refused: int, fails: bool) -> None:
    facts = snapshot()
    facts["launches"] = facts["launches"][:200]
    for known in facts["launches"][:refused]:
        known["cores"] = "none"
    files = storage(database)
    if not fails:
        run(database, lake, facts)
        assert value(database, "select count(*) from ops.quarantine") == refused
        return
    with pytest.raises(SourceContractError, match=r"11 of 200 records of spacex_launches .* more than 5%.*cores: "):
        run(database, lake, facts)
    assert storage(database) == files
    assert rows(database, "select status, exit_code from ops.run") == [("failed", 76)]
    assert value(database, "select count(*) from ops.quarantine") == 0


def test_a_replayed_record_is_published_and_gold_follows(database: str, lake: Lake, facts: Snapshot) -> None:
    run(database, lake, facts)
    launches = value(database, "select launches from gold.core_usage where core_id = %s", [CORE])
    done, still_refused = _replay(database, lake, [mended()])
    assert (done.status, still_refused) == ("published", {})
    assert rows(
        database, "select position, core_id from silver.spacex_launch_cores where launch_id = %s", [mended()["id"]]
    ) == [(1, CORE)]
    assert value(database, "select name from silver.spacex_launches where launch_id = %s", [mended()["id"]])
    assert value(database, "select launches from gold.core_usage where core_id = %s", [CORE]) == launches + 1
    assert value(database, "select launch_id from gold.core_reuses where launched_at::date = '2022-10-10'")
    assert rows(database, "select resolution, resolved_at is not null from ops.quarantine") == [("replayed", True)]
    whole = snapshot()
    whole["launches"].append(mended())
    assert run(database, lake, whole).published.status == "unchanged"


def test_a_replay_moves_no_watermark_and_leaves_its_own_row_in_the_ledger(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    run(database, lake, facts)
    before = state(database)["watermark"]
    _replay(database, lake, [mended()])
    assert state(database)["watermark"] == before
    assert rows(database, "select status, interval_start from ops.run order by started_at") == [
        ("published", None),
        ("published", None),
    ]


def test_a_record_that_is_still_wrong_stays_in_quarantine_and_says_why(
    database: str, lake: Lake, facts: Snapshot
) -> None:
    run(database, lake, facts)
    before = published(database)
    done, still_refused = _replay(database, lake, None)
    assert done.status == "unchanged"
    assert list(still_refused.values()) == [REASON]
    assert value(database, "select count(*) from ops.quarantine where resolved_at is null") == 1
    assert published(database) == before


def test_of_several_records_those_that_are_fixed_are_published(database: str, lake: Lake, facts: Snapshot) -> None:
    facts["launches"].append(mended("ffffffffffffffffffffff02") | {"name": None})
    run(database, lake, facts)
    still_wrong = mended("ffffffffffffffffffffff02") | {"name": 3}
    done, still_refused = _replay(database, lake, [mended(), still_wrong])
    assert done.status == "published"
    assert list(still_refused.values()) == ["name: Input should be a valid string"]
    assert rows(database, "select position, resolution from ops.quarantine order by position") == [
        (6, "replayed"),
        (7, None),
    ]
    assert value(database, "select count(*) from silver.spacex_launches") == 206


def test_a_record_that_is_not_in_quarantine_cannot_be_replayed(database: str, lake: Lake, facts: Snapshot) -> None:
    run(database, lake, facts)
    _replay(database, lake, [mended()])
    with Warehouse(database, role="etl_loader") as warehouse:
        kept = warehouse.run("ledger/open_quarantine", {"source": "spacex", "destination": "warehouse"})
    assert kept == []
    with pytest.raises(UsageError, match="record 1 is not in quarantine"):
        corrections.records(kept, json.dumps({"quarantine_id": 1, "record": mended()}).encode())


def test_a_run_that_reads_the_record_right_closes_it(database: str, lake: Lake, facts: Snapshot) -> None:
    run(database, lake, facts)
    facts["launches"][-1] = mended()
    run(database, lake, facts)
    assert rows(database, "select resolution from ops.quarantine") == [("read again",)]
    assert value(database, "select count(*) from silver.spacex_launches") == 206


def test_a_run_that_refuses_it_again_leaves_one_open_row_not_two(database: str, lake: Lake, facts: Snapshot) -> None:
    run(database, lake, facts)
    assert run(database, lake, facts).published.status == "unchanged"
    assert rows(database, "select resolution from ops.quarantine order by quarantine_id") == [("read again",), (None,)]


def test_a_run_of_another_interval_leaves_it_open(database: str, lake: Lake, facts: Snapshot) -> None:
    run(database, lake, facts, ("2022-10-01", "2022-11-01"), max_refused_share=0.5)
    run(database, lake, facts, ("2022-09-01", "2022-10-01"))
    assert rows(database, "select resolution from ops.quarantine") == [(None,)]
    facts["launches"][-1] = mended()
    run(database, lake, facts, ("2022-10-01", "2022-11-01"))
    assert rows(database, "select resolution from ops.quarantine") == [("read again",)]


def test_a_refused_record_of_a_published_launch_leaves_it_as_it_was_published(database: str, lake: Lake) -> None:
    facts = snapshot()
    run(database, lake, facts)
    before = published(database)
    flown = next(known for known in facts["launches"] if known["cores"] and not known["upcoming"])
    flown["cores"] = "B1058"
    facts["launches"].append(mended())
    assert run(database, lake, facts).published.status == "published"
    assert set(published(database)["silver.spacex_launches"]) > set(before["silver.spacex_launches"])
    assert set(published(database)["silver.spacex_launch_cores"]) > set(before["silver.spacex_launch_cores"])
    assert value(database, "select count(*) from ops.quarantine where resolved_at is null") == 1


def test_a_refused_core_keeps_the_launches_that_used_it(database: str, lake: Lake) -> None:
    facts = snapshot()
    run(database, lake, facts)
    before = published(database)
    facts["cores"][0]["status"] = None
    assert run(database, lake, facts).published.status == "unchanged"
    assert published(database) == before
    assert rows(database, "select endpoint, reason from ops.quarantine") == [
        ("spacex_cores", "status: Input should be a valid string")
    ]


def _replay(dsn: str, lake: Lake, records: list[dict[str, Any]] | None) -> tuple[Published, dict[int, str]]:
    """Replay what is open: as it was kept, or replaced in its order by these records."""
    with Warehouse(dsn, role="etl_loader", lock_timeout_s=10) as warehouse:
        kept = warehouse.run("ledger/open_quarantine", {"source": "spacex", "destination": "warehouse"})
        lines = None
        if records is not None:
            told = zip(kept, records, strict=True)
            lines = b"\n".join(
                json.dumps({"quarantine_id": row["quarantine_id"], "record": record}).encode() for row, record in told
            )
        return replay.replay(Pipeline(SOURCE, lake, 0.05, LocalEngine()), warehouse, corrections.records(kept, lines))
