"""Silver holds each record as a row or keeps it in quarantine, and says so."""

import json
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest

from etl.core.errors import LakeUnavailableError, SourceContractError
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.engines import local as local_engine
from etl.engines import work as pages
from etl.engines.local import LocalEngine
from etl.lake import bronze, layout, silver
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.simulate.faults import Fault
from etl.sql.statements import statement
from tests.conftest import Simulate, client_of, spacex_at
from tests.lakes import derived


def run(lake: Lake, source: Source, *, share: float = 0.05, interval: DataInterval | None = None) -> silver.Transformed:
    pipeline = Pipeline(source, lake, share, LocalEngine())
    with client_of(source.api.base_url) as client:
        return pipeline.transform(pipeline.extract(client, interval))


def refused_file(lake: Lake, endpoint: str, extraction_id: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lake.read(layout.refusals(endpoint, extraction_id, 1)).splitlines()]


def test_every_endpoint_of_a_run_becomes_parquet(any_lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate())
    done = run(any_lake, source)
    assert (done.refused, done.unknown_fields, done.source, done.origin) == (0, {}, "spacex", "the simulator")
    assert (done.rows["spacex_launches"], done.rows["spacex_launch_cores"]) == (205, 215)
    assert done.records == sum(done.rows.values()) - 215
    for dataset in source.datasets:
        (part,) = done.files[dataset.name]
        assert part == f"silver/{dataset.name}/p_creation_date={date.today()}/{done.extraction_id}/part-00001.parquet"
        with any_lake.open(part) as file:
            stored = pq.ParquetFile(file)
            assert stored.schema_arrow.equals(dataset.schema)
            assert stored.metadata.row_group(0).column(0).compression == "ZSTD"
            assert stored.metadata.num_rows == done.rows[dataset.name]
        batches = list(silver.batches(any_lake, done, dataset))
        assert sum(batch.num_rows for batch in batches) == done.rows[dataset.name]
        assert all(batch.schema.equals(dataset.schema) for batch in batches)
    assert silver.latest(any_lake, source, None) == silver.read(any_lake, source, done.extraction_id) == done
    assert list(silver.quarantined(any_lake, done)) == []
    assert any_lake.list("quarantine") == done.quarantine == [], "nothing was refused, so nothing is written"


def test_the_lake_alone_answers_the_questions(any_lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate())
    run(any_lake, source)
    with derived(any_lake, source) as engine:
        rows = local_engine.rows(engine, statement("questions/spacex/most_reused_core"))
    assert [(row["core_id"], row["reuses"]) for row in rows] == [("5e9e28a7f3591817f23b2663", 13)]


def test_transforming_again_gives_the_same_and_leaves_one_file_each(lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate())
    done = run(lake, source)
    files = lake.list("")
    assert Pipeline(source, lake, 0.05, LocalEngine()).transform(done.extraction_id) == done
    assert lake.list("") == files


def test_what_an_earlier_try_left_in_other_pieces_is_gone(
    any_lake: Lake, simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = spacex_at(simulate(), 100)
    with monkeypatch.context() as patched:
        patched.setattr(pages, "BYTES", 1)
        patched.setattr(local_engine, "WORTH_A_PROCESS", 100)
        done = run(any_lake, source)
    assert len(done.files["spacex_launches"]) == 3
    again = Pipeline(source, any_lake, 0.05, LocalEngine()).transform(done.extraction_id)
    named = [*again.quarantine, *(file for files in again.files.values() for file in files)]
    assert sorted(named) == [
        path for layer in ("quarantine", "silver") for path in any_lake.list(layer) if "/_runs/" not in path
    ]


def test_a_refused_record_is_kept_with_reason_page_and_position(lake: Lake, simulate: Simulate) -> None:
    url = simulate(Fault("string_cores", path="/v5/launches"), Fault("malformed", path="/v4/cores"))
    done = run(lake, spacex_at(url, 50))
    assert done.refused == 2
    assert (done.rows["spacex_launches"], done.rows["spacex_cores"]) == (204, 77)
    (launch,) = refused_file(lake, "spacex_launches", done.extraction_id)
    assert {name: launch[name] for name in ("endpoint", "page", "position", "reason")} == {
        "endpoint": "spacex_launches",
        "page": 1,
        "position": 1,
        "reason": "cores: Input should be a valid list",
    }
    assert isinstance(json.loads(launch["record"])["cores"], str)
    (core,) = refused_file(lake, "spacex_cores", done.extraction_id)
    assert core["reason"] == "id: Input should be a valid string"
    assert [one.reason for one in silver.quarantined(lake, done)] == [
        launch["reason"],
        core["reason"],
    ]


def test_a_refused_record_has_its_kind_and_earlier_files_without_one_are_read(lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate(Fault("malformed", path="/v4/cores")))
    done = run(lake, source)
    [kept] = silver.quarantined(lake, done)
    assert kept.kind == "string_type"
    (line,) = refused_file(lake, "spacex_cores", done.extraction_id)
    del line["kind"]
    lake.write(layout.refusals("spacex_cores", done.extraction_id, 1), json.dumps(line).encode())
    [old] = silver.quarantined(lake, done)
    assert (old.reason, old.kind) == (kept.reason, "unknown")


def test_pages_number_their_refused_records(lake: Lake, simulate: Simulate) -> None:
    done = run(lake, spacex_at(simulate(Fault("nan", times=3, path="/v5/launches")), 50))
    found = refused_file(lake, "spacex_launches", done.extraction_id)
    assert [(one["page"], one["position"]) for one in found] == [(1, 1), (2, 1), (3, 1)]


@pytest.mark.parametrize(("share", "passes"), [(0.0, False), (0.023, False), (0.025, True), (1.0, True)])
def test_a_run_tolerates_its_share_of_refused_records_and_no_more(
    lake: Lake, simulate: Simulate, share: float, passes: bool
) -> None:
    source = spacex_at(simulate(Fault("nan", times=5, path="/v5/launches")), 41)  # 5 of 205: 2.4 %
    if passes:
        assert run(lake, source, share=share).refused == 5
        return
    with pytest.raises(
        SourceContractError, match=r"^5 of 205 records of spacex_launches break .* the first says"
    ) as told:
        run(lake, source, share=share)
    assert "quarantine/spacex_launches/" in told.value.hint
    assert silver.latest(lake, source, None) is None, "a run that failed must not look like one that can be published"
    assert len(refused_file(lake, "spacex_launches", str(bronze.latest(lake, source, None)))) == 5


def test_the_share_is_counted_for_each_endpoint_separately(lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate(Fault("malformed", path="/v4/rockets")))  # 1 of 4, though 1 of hundreds in all
    with pytest.raises(SourceContractError, match=r"^1 of 4 records of spacex_rockets"):
        run(lake, source)


def test_a_field_that_is_renamed_everywhere_fails_the_run(lake: Lake, simulate: Simulate) -> None:
    with pytest.raises(SourceContractError, match=r"^205 of 205 .* name: Field required"):
        run(lake, spacex_at(simulate(Fault("changed_field", times=None, path="/v5/launches"))))


def test_unknown_fields_are_reported_once(lake: Lake, simulate: Simulate) -> None:
    done = run(lake, spacex_at(simulate(Fault("changed_field", path="/v4/landpads", field="wikipedia"))))
    assert done.unknown_fields == {"spacex_landpads": ["field_nobody_knows", "new_wikipedia"]}


def test_an_interval_has_its_own_newest_run(lake: Lake, simulate: Simulate) -> None:
    source = spacex_at(simulate())
    interval = DataInterval(date(2020, 1, 1), date(2021, 1, 1))
    part, whole = run(lake, source, interval=interval), run(lake, source)
    assert part.rows["spacex_launches"] == 26
    assert silver.latest(lake, source, interval) == part
    assert silver.latest(lake, source, None) == whole
    assert silver.latest(lake, source, DataInterval(date(2020, 1, 1), date(2020, 2, 1))) is None
    assert silver.read(lake, source, "20200101T000000Z-000000") is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff"])
def test_a_damaged_note_of_a_run_is_refused(lake: Lake, simulate: Simulate, damage: bytes) -> None:
    source = spacex_at(simulate())
    done = run(lake, source)
    lake.write(f"silver/_runs/spacex/{done.extraction_id}.json", damage)
    with pytest.raises(LakeUnavailableError, match="is not what was written"):
        silver.latest(lake, source, None)


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"PAR1" + b"x" * 1000 + b"PAR1"])
def test_damaged_rows_are_refused(lake: Lake, simulate: Simulate, damage: bytes) -> None:
    source = spacex_at(simulate())
    done = run(lake, source)
    lake.write(done.files[source.datasets[0].name][0], damage)
    with pytest.raises(LakeUnavailableError, match="is not what was written"):
        list(silver.batches(lake, done, source.datasets[0]))


def test_a_page_damaged_in_the_lake_is_reported_by_whichever_process_meets_it(
    lake: Lake, simulate: Simulate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "BYTES", 1)  # a work for each page, so that processes share them
    source = spacex_at(simulate(), 100)
    with client_of(source.api.base_url) as client:
        pipeline = Pipeline(source, lake, 0.05, LocalEngine())
        extraction_id = pipeline.extract(client, None)
        lake.write(bronze.read_manifest(lake, "spacex_launches", extraction_id).pages[1].file, b"?")
        with pytest.raises(LakeUnavailableError, match=r"page-00002\.json\.gz is not what was written"):
            pipeline.transform(extraction_id)
