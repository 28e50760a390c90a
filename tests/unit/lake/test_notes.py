"""What is known of many extractions costs as much as what is known of a few."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from etl.core.errors import LakeUnavailableError
from etl.lake import bronze, layout, notes, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from tests.object_store import Watched
from tests.unit.lake.days import SOURCE, days, extracted, id_of

MANY = notes.WORTH_WRITING + 50


def note(number: int) -> Transformed:
    extraction_id = id_of(MANY + 10 - number)
    return Transformed(extraction_id, SOURCE.name, SOURCE.origin, bronze.days(days(number, number + 1)))


def write(lake: Lake, *written: Transformed, minutes_ago: float = 5) -> None:
    """Notes that were written a while ago."""
    for each in written:
        silver.write(lake, each)
        if lake.is_local:
            then = time.time() - 60 * minutes_ago
            os.utime(lake.full_path(layout.note(SOURCE.name, each.extraction_id)), (then, then))


@pytest.fixture
def written(tmp_path: Path) -> list[Transformed]:
    return [note(number) for number in range(MANY)]


def test_all_notes_are_read_the_newest_first(lake: Lake, written: list[Transformed]) -> None:
    write(lake, *written)
    for _ in range(2):
        assert silver.extractions(lake, SOURCE) == written[::-1]


def test_a_note_that_was_written_or_deleted_since_counts_as_it_is(lake: Lake, written: list[Transformed]) -> None:
    write(lake, *written)
    silver.extractions(lake, SOURCE)
    changed, deleted, new = replace(written[3], records=7), written[5], note(MANY)
    write(lake, changed, new, minutes_ago=0)
    lake.delete(layout.note(SOURCE.name, deleted.extraction_id))
    expected = [changed if each == written[3] else each for each in written if each != deleted]
    assert silver.extractions(lake, SOURCE) == [new, *expected[::-1]]


def test_who_wants_the_newest_reads_only_these(watched: Watched) -> None:
    lake, written = Lake(watched.url), [note(number) for number in range(5)]
    write(lake, *written)
    watched.asked.clear()
    assert silver.extractions(lake, SOURCE, most=2) == [written[4], written[3]]
    read = {request.split("?")[0].rpartition("/")[2] for request in watched.asked if "list-type" not in request}
    assert read == {f"{each.extraction_id}.json" for each in written[3:]}


def test_reading_some_leaves_the_copy_of_all(lake: Lake, written: list[Transformed]) -> None:
    write(lake, *written)
    silver.extractions(lake, SOURCE)
    write(lake, *(replace(each, records=1) for each in written[-notes.WORTH_WRITING - 10 :]))
    some = silver.extractions(lake, SOURCE, most=notes.WORTH_WRITING + 5)
    assert [each.records for each in some] == [1] * len(some)
    copied = json.loads(lake.read(layout.kept_notes(SOURCE.name)))
    assert len(copied) == MANY - 5, "all but those that were written again and not read"


def test_a_note_of_this_minute_is_not_copied_as_it_may_change_unnoticed(lake: Lake, written: list[Transformed]) -> None:
    write(lake, *written, minutes_ago=0)
    silver.extractions(lake, SOURCE)
    path = lake.full_path(layout.note(SOURCE.name, written[0].extraction_id))
    before = Path(path).stat()
    write(lake, replace(written[0], records=1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert silver.extractions(lake, SOURCE)[-1].records == 1


@pytest.mark.parametrize("copy", [b"", b"[]", b'{"a": 1}', b"\xff", b"{"])
def test_a_damaged_copy_is_made_again(lake: Lake, written: list[Transformed], copy: bytes) -> None:
    write(lake, *written)
    lake.write(layout.kept_notes(SOURCE.name), copy)
    assert silver.extractions(lake, SOURCE) == written[::-1]
    assert lake.read(layout.kept_notes(SOURCE.name)) != copy


def test_a_damaged_note_is_named(lake: Lake, written: list[Transformed]) -> None:
    write(lake, *written)
    path = layout.note(SOURCE.name, written[0].extraction_id)
    lake.write(path, b"{")
    with pytest.raises(LakeUnavailableError, match=written[0].extraction_id):
        silver.extractions(lake, SOURCE)


def test_what_can_be_published_comes_newest_first_without_what_failed_an_audit(lake: Lake) -> None:
    older, newer, failed = (replace(note(1), extraction_id=id_of(days_ago)) for days_ago in (3, 2, 1))
    write(lake, older, newer, replace(failed, failed_audit="an audit"), note(2))
    found = silver.publishable(lake, SOURCE)
    assert [each.extraction_id for each in found if each.interval == newer.interval] == [
        newer.extraction_id,
        older.extraction_id,
    ]
    assert {each.interval for each in found} == {newer.interval, note(2).interval}


def test_each_day_of_bronze_is_listed_once_whatever_the_number_of_intervals(watched: Watched) -> None:
    lake = Lake(watched.url)
    for number in range(4):
        extracted(lake, id_of(10 - number), days(number, number + 1))
    folders = lake.folders("bronze/days")
    watched.asked.clear()
    assert len(bronze.newest_by_interval(lake, SOURCE, bronze.marks(lake, SOURCE), but=())) == 4
    listings = [request for request in watched.asked if "list-type" in request]
    assert len(listings) == 1 + len(folders)
