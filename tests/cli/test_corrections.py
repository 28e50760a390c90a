"""Corrected records are matched to those in quarantine, line by line."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.cli import corrections
from etl.core.errors import UsageError
from etl.core.pages import PageContext
from etl.pipeline.replay import Kept

AT = datetime(2024, 5, 17, tzinfo=UTC)
ABOUT = {"about": {"sensors": 2}, "received_at": AT}
CONTEXT = PageContext({"sensors": 2}, AT)
KEPT: list[dict[str, Any]] = [
    {"quarantine_id": 7, "endpoint": "spacex_cores", "record": '{"id": null}'} | ABOUT,
    {"quarantine_id": 8, "endpoint": "spacex_launches", "record": '{"id": 5}'} | ABOUT,
]


def test_without_corrected_lines_everything_kept_is_tried_again() -> None:
    assert corrections.records(KEPT, None) == {
        7: Kept("spacex_cores", b'{"id": null}', CONTEXT),
        8: Kept("spacex_launches", b'{"id": 5}', CONTEXT),
    }


def test_corrected_lines_replace_records_and_leave_the_others_in_quarantine() -> None:
    line = json.dumps({"quarantine_id": 8, "reason": "…", "record": {"id": "Zoë"}})
    assert corrections.records(KEPT, f"\n{line}\r\n\n".encode()) == {
        8: Kept("spacex_launches", b'{"id": "Zo\\u00eb"}', CONTEXT)
    }


def test_of_two_lines_about_one_record_the_last_counts() -> None:
    lines = b'{"quarantine_id": 7, "record": 1}\n{"quarantine_id": 7, "record": 2}'
    assert corrections.records(KEPT, lines) == {7: Kept("spacex_cores", b"2", CONTEXT)}


def test_no_lines_correct_nothing() -> None:
    assert corrections.records(KEPT, b"") == {}
    assert corrections.records([], None) == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"not json", "Line 2 is not a corrected record: Expecting value"),
        (b"[1]", "Line 2 is not a corrected record"),
        (b"5", "Line 2 is not a corrected record"),
        (b"\xff", "Line 2 is not a corrected record"),
        (b'{"record": {}}', "Line 2 is not a corrected record: it lacks quarantine_id."),
        (b'{"quarantine_id": 7}', "Line 2 is not a corrected record: it lacks record."),
        (b'{"quarantine_id": "7", "record": {}}', "its quarantine_id is not a whole number"),
        (b'{"quarantine_id": Infinity, "record": {}}', "its quarantine_id is not a whole number"),
        (b'{"quarantine_id": true, "record": {}}', "its quarantine_id is not a whole number"),
        (b'{"quarantine_id": 9, "record": {}}', "Line 2: record 9 is not in quarantine."),
    ],
)
def test_a_line_that_makes_no_sense_is_named(line: bytes, said: str) -> None:
    with pytest.raises(UsageError) as told:
        corrections.records(KEPT, b'{"quarantine_id": 7, "record": {}}\n' + line)
    assert said in told.value.message
    assert told.value.hint == corrections.LIST


@given(st.binary(max_size=80))
def test_any_bytes_are_corrected_records_or_refused(corrected: bytes) -> None:
    with suppress(UsageError):
        corrections.records(KEPT, corrected)


def test_a_record_kept_by_an_earlier_version_is_replayed_without_what_its_page_was_about() -> None:
    [kept] = corrections.records([KEPT[0] | {"about": None, "received_at": None}], None).values()
    assert kept.context.about == {}
    assert kept.context.received_at > AT
