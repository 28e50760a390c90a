"""Whatever is old is deleted, unless it is still needed."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.core.errors import LakeUnavailableError, UsageError
from etl.core.source import Source, whole_state
from etl.lake import compaction, expiry, inventory, layout, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from tests.unit.lake.days import NOW, SOURCE, content, days, extracted, gold, id_of, read_by, transformed

WHOLE: Source = replace(SOURCE, interval=whole_state)


def plan(lake: Lake, age: str = "90d", source: Source = SOURCE, now: datetime = NOW, **options: Any) -> expiry.Plan:
    return expiry.make_plan(inventory.list_extractions(lake, [source]), expiry.parse_age(age), now, **options)


def expire(lake: Lake, age: str = "90d", source: Source = SOURCE, now: datetime = NOW, **options: Any) -> list[str]:
    """The extractions of which something was deleted."""
    gone: list[str] = []
    planned = plan(lake, age, source, now, **options)
    expiry.apply(planned, lake, lambda each: gone.append(each.extraction.extraction_id))
    return gone


def everything(lake: Lake, extraction_id: str) -> Transformed:
    """A run about everything, transformed."""
    extracted(lake, extraction_id, None)
    file = layout.part("silver", "readings", extraction_id, 1)
    lake.write(file, b"")
    note = Transformed(extraction_id, SOURCE.name, SOURCE.origin, None, 3, 0, {"readings": 0}, {"readings": [file]})
    silver.write(lake, note)
    return note


def why(lake: Lake, extraction_id: str, **options: Any) -> tuple[str, ...]:
    """Why an extraction is kept."""
    expirations = plan(lake, **options).expirations
    [found] = [each for each in expirations if each.extraction.extraction_id == extraction_id]
    return found.kept_because


def test_runs_whose_days_were_all_read_again_go_and_others_stay(any_lake: Lake) -> None:
    old = [id_of(200), id_of(199), id_of(198), id_of(91)]
    for extraction_id, interval in zip(old, [days(0, 3), days(0, 2), days(0, 2), days(5, 6)], strict=True):
        transformed(any_lake, extraction_id, interval)
    young = [id_of(89), id_of(88)]
    for extraction_id in young:
        transformed(any_lake, extraction_id, days(8, 9))
    before = content(any_lake)
    assert before == read_by((0, 2, old[2]), (2, 3, old[0]), (5, 6, old[3]), (8, 9, young[1]))

    planned = plan(any_lake)
    assert ([each.extraction.extraction_id for each in planned.to_delete], planned.young) == ([old[1]], 2)
    assert why(any_lake, old[0]) == ("has the newest rows of [2024-01-03, 2024-01-04)",)
    assert expire(any_lake) == [old[1]]
    assert not any(old[1] in path for path in any_lake.list(""))
    assert content(any_lake) == before
    assert expire(any_lake) == []


def test_pages_that_later_rows_may_refer_to_stay(lake: Lake) -> None:
    referring = replace(SOURCE, keeps_pages=True)
    old, new = id_of(200), id_of(199)
    for extraction_id in (old, new):
        transformed(lake, extraction_id, days(0, 1))
    assert expire(lake, source=referring) == []
    assert why(lake, old, source=referring) == ("later rows may refer to its pages",)
    assert expire(lake) == [old]


def test_a_plan_deletes_nothing_and_says_what_applying_it_will_do(lake: Lake) -> None:
    for n in (200, 199):
        transformed(lake, id_of(n), days(0, 1))
    files = lake.list("")
    [found] = plan(lake).to_delete
    assert lake.list("") == files
    expire(lake)
    assert sorted(set(files) - set(lake.list(""))) == sorted(file.path for file in found.to_delete)


def test_no_folder_is_left_of_what_is_gone(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    for n in (200, 199):
        transformed(lake, id_of(n), days(0, 1))
    expire(lake)
    folders = [path for path in (tmp_path / "lake").rglob("*") if path.is_dir()]
    assert [folder for folder in folders if not list(folder.iterdir())] == []


def test_the_newest_whole_state_stays_however_old_it_is(lake: Lake) -> None:
    ids = [id_of(n) for n in (300, 200, 100)]
    for extraction_id in ids:
        everything(lake, extraction_id)
    part = id_of(99)
    transformed(lake, part, days(0, 1))
    assert expire(lake, source=WHOLE) == [part, *ids[1::-1]]
    assert silver.latest(lake, WHOLE, None) == silver.read(lake, WHOLE, ids[2])


def refused(lake: Lake, note: Transformed) -> str:
    """The same run, after an audit failed."""
    silver.write(lake, replace(note, failed_audit="no_row_lost"))
    return note.extraction_id


def test_a_whole_state_stays_if_all_newer_ones_failed_an_audit_and_so_does_the_newest_of_these(lake: Lake) -> None:
    older, passed = (everything(lake, id_of(days_ago)).extraction_id for days_ago in (300, 250))
    superseded, newest = (refused(lake, everything(lake, id_of(days_ago))) for days_ago in (200, 150))
    assert expire(lake, source=WHOLE) == [superseded, older]
    assert why(lake, passed, source=WHOLE) == ("has the newest whole state",)
    assert why(lake, newest, source=WHOLE) == ("failed audit no_row_lost, and nothing newer has passed",)


def test_days_stay_if_whoever_read_them_again_failed_an_audit(any_lake: Lake) -> None:
    passed = transformed(any_lake, id_of(200), days(0, 3)).extraction_id
    failed = refused(any_lake, transformed(any_lake, id_of(150), days(0, 3)))
    before = content(any_lake)
    assert before == read_by((0, 3, passed))
    assert expire(any_lake) == []
    assert why(any_lake, failed) == ("failed audit no_row_lost, and nothing newer has passed",)
    transformed(any_lake, id_of(10), days(0, 3))
    assert expire(any_lake) == [failed, passed]


def test_what_was_extracted_since_and_waits_to_be_transformed_stays(lake: Lake) -> None:
    done, waiting = everything(lake, id_of(200)).extraction_id, extracted(lake, id_of(150), None)
    superseded = extracted(lake, id_of(250), None)
    assert expire(lake, source=WHOLE, now=NOW + timedelta(2)) == [superseded]
    assert why(lake, done, source=WHOLE) == ("has the newest whole state",)
    assert why(lake, waiting, source=WHOLE, now=NOW + timedelta(2)) == ("extracted, not yet transformed",)


def test_days_that_were_extracted_only_stay_until_they_are_read_again(lake: Lake) -> None:
    now = NOW + timedelta(2)
    waiting = extracted(lake, id_of(150), days(0, 3))
    superseded = extracted(lake, id_of(160), days(1, 3))
    assert expire(lake, now=now) == [superseded]
    transformed(lake, id_of(140), days(0, 2))
    assert why(lake, waiting, now=now) == ("extracted, not yet transformed",)
    transformed(lake, id_of(139), days(2, 3))
    assert expire(lake, now=now) == [waiting]


def test_a_run_under_way_stays_even_if_its_name_is_old(lake: Lake) -> None:
    extraction_id = extracted(lake, id_of(200), days(0, 3))
    [manifest] = [path for path in lake.list("bronze") if path.endswith("manifest.json")]
    lake.write(manifest.replace("manifest", "progress"), lake.read(manifest))
    lake.delete(manifest)
    assert "under way" in why(lake, extraction_id)[0]
    assert expire(lake) == []
    assert expire(lake, now=NOW + timedelta(2)) == [extraction_id]
    assert lake.list("") == []


def test_the_newest_gold_of_each_table_stays_and_older_gold_goes_even_of_runs_that_stay(lake: Lake) -> None:
    ids = [id_of(n) for n in (300, 200, 150, 100)]
    for extraction_id, interval in zip(ids, [days(0, 1), days(0, 1), days(1, 2), days(0, 1)], strict=True):
        transformed(lake, extraction_id, interval)
    for extraction_id in ids[:3]:
        gold(lake, extraction_id)
    assert expire(lake) == [ids[1], ids[0]]
    assert why(lake, ids[2]) == ("has the newest rows of [2024-01-02, 2024-01-03)", "has the newest gold.sums")
    transformed(lake, id_of(99), days(1, 2))
    assert expire(lake) == [ids[2]]
    assert lake.list("gold") == [layout.part("gold", "sums", ids[2], 1)]
    [remains] = [run for run in inventory.list_extractions(lake, [SOURCE]) if run.extraction_id == ids[2]]
    assert remains.state == "remains"


def test_only_the_layers_asked_for_are_touched(lake: Lake) -> None:
    old, new = id_of(200), id_of(100)
    for extraction_id in (old, new):
        transformed(lake, extraction_id, days(0, 1))
    before = content(lake)
    assert expire(lake, layers=["bronze", "quarantine"]) == [old]
    assert [path for path in lake.list("") if old in path] == [
        layout.note("days", old),
        layout.part("silver", "readings", old, 1),
    ]
    assert expire(lake, layers=["bronze"]) == []
    assert expire(lake, layers=["silver"]) == [old]
    assert content(lake) == before


def test_small_runs_go_once_they_are_compacted(any_lake: Lake) -> None:
    ids = [id_of(200 - n) for n in range(4)]
    for n, extraction_id in enumerate(ids):
        transformed(any_lake, extraction_id, days(n, n + 2))
    before = content(any_lake)
    assert expire(any_lake) == []
    compaction.apply(compaction.make_plan(any_lake, SOURCE), any_lake, lambda *_: None)
    assert expire(any_lake) == ids[::-1]
    assert content(any_lake) == before


class Killed(Lake):
    """A lake whose process is killed before its n-th deletion."""

    left = 0

    def delete(self, path: str) -> None:
        self._pass()
        super().delete(path)

    def delete_folder(self, path: str) -> None:
        self._pass()
        super().delete_folder(path)

    def _pass(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("survived", range(6))
def test_a_kill_leaves_nothing_that_is_half_there_and_the_next_call_finishes(lake: Lake, survived: int) -> None:
    old, new = id_of(200), id_of(100)
    for extraction_id in (old, new):
        transformed(lake, extraction_id, days(0, 1))
    doomed = Killed(lake.url)
    doomed.left = survived
    try:
        expire(doomed)
    except KeyboardInterrupt:
        assert survived < 5
    paths = lake.list("")
    for note in (path for path in paths if path == layout.note("days", old)):
        assert set(silver.read_note(lake, note).files["readings"]) <= set(paths)
    folder = layout.folder("bronze", "days", old)
    if f"{folder}/manifest.json" in paths:
        assert f"{folder}/page-00001.json.gz" in paths
    assert content(lake) == read_by((0, 1, new))
    expire(lake, now=NOW + timedelta(2))
    assert not any(old in path for path in lake.list(""))


def test_what_a_killed_process_left_unfinished_goes_with_its_run(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    left = tmp_path / "lake" / f"{layout.part('silver', 'readings', id_of(200), 1)}.unfinished"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert expire(lake) == []
    two_days_ago = (NOW - timedelta(2)).timestamp()
    os.utime(left, (two_days_ago, two_days_ago))
    assert len(expire(lake)) == 1
    assert not left.exists()


def test_a_damaged_note_stops_it_all(lake: Lake) -> None:
    for n in (200, 199):
        transformed(lake, id_of(n), days(0, 1))
    lake.write(lake.list("silver/_runs")[0], b"{")
    with pytest.raises(LakeUnavailableError, match="is not what was written"):
        plan(lake)


@pytest.mark.parametrize(
    ("text", "age"),
    [("90d", timedelta(90)), ("36h", timedelta(hours=36)), ("12 weeks", timedelta(84)), ("0d", timedelta(0))],
)
def test_ages_are_hours_days_or_weeks(text: str, age: timedelta) -> None:
    assert expiry.parse_age(text) == age


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5d", "90m", "99999d", "soon", "1d2h"])
def test_anything_else_is_refused_with_how_it_is_written(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid age") as told:
        expiry.parse_age(text)
    assert "90d" in told.value.hint
