"""When a picture is due again, which may be reused, and what a page of pictures becomes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl.core.errors import SourceContractError
from etl.core.pages import PageContext
from etl.settings import PictureFactsSettings
from etl.simulate import server
from etl.sources.http.client import HttpClient
from etl.sources.picture_facts import parsers, simulator
from etl.sources.picture_facts.contract import NOTHING
from etl.sources.picture_facts.pages import Budget, is_due
from etl.sources.picture_facts.rights import is_reusable
from tests.conftest import HASTY

NOW = datetime(2026, 6, 11, 12, tzinfo=UTC)
LISTED = {
    "source": "apod",
    "item_id": "2026-06-10",
    "picture_date": "2026-06-10",
    "title": "Something",
    "credit": "NASA",
    "copyright": None,
    "page_url": "https://example.org/page",
    "picture_url": "https://example.org/picture.jpg",
}


def tried(attempts: int, hours_ago: float, version: str | None = None) -> dict[str, Any]:
    return {"attempts": attempts, "tried_at": NOW - timedelta(hours=hours_ago), "facts_version": version}


@pytest.mark.parametrize(
    ("row", "due"),
    [
        ({"attempts": None, "tried_at": None, "facts_version": None}, True),
        (tried(0, 1, "1"), False),
        (tried(0, 1, "0"), True),  # of an older version
        (tried(1, 11.9), False),
        (tried(1, 12), True),
        (tried(2, 23.9), False),
        (tried(2, 24), True),
        (tried(50, 24 * 29.9), False),
        (tried(50, 24 * 30), True),
    ],
)
def test_a_picture_is_due_until_it_has_facts_after_pauses_that_double_up_to_a_month(
    row: dict[str, Any], due: bool
) -> None:
    assert is_due(row, "1", NOW) is due


@pytest.mark.parametrize(
    ("credit", "rights", "reusable"),
    [
        ("NASA", None, True),
        ("Image Credit: NASA, ESA, CSA, STScI", "NASA", True),
        ("NASA/JPL-Caltech", "", True),
        ("NASA, ESA, Hubble\nA. Example", None, False),
        ("NASA; Processing: A. Example", None, False),
        ("NASA", "A. Example", False),
        ("ESA", None, False),  # has terms of its own
        ("ESO", None, False),
        ("A. Nasa", None, False),
        ("", "NASA", False),
        (None, None, False),
    ],
)
def test_a_picture_may_be_reused_only_if_nobody_but_nasa_and_its_partners_made_it(
    credit: str | None, rights: str | None, reusable: bool
) -> None:
    assert is_reusable(credit, rights) is reusable


def test_a_run_asks_until_one_of_its_bounds_is_reached() -> None:
    settings = PictureFactsSettings(pictures_per_run=2, bytes_per_run=100)
    assert not Budget(settings, pictures=1, bytes=99).is_spent
    assert Budget(settings, pictures=2, bytes=0).is_spent
    assert Budget(settings, pictures=0, bytes=100).is_spent


def test_a_page_that_is_a_picture_becomes_the_records_beside_it_and_a_list_its_own() -> None:
    record = LISTED | dict(NOTHING)
    for body, about in ((b"\xff\xd8 a picture", {"records": [record]}), (json.dumps([record]).encode(), {})):
        parsed = parsers.facts(body, PageContext(about, NOW))
        assert parsed.refused == ()
        [row] = parsed.batches["picture_facts"].to_pylist()
        assert (row["status"], row["is_reusable"], row["received_at"]) == ("due", True, NOW)


def test_a_record_that_breaks_its_contract_is_refused() -> None:
    spoilt = LISTED | dict(NOTHING) | {"phash": "0123"}
    parsed = parsers.facts(json.dumps([spoilt]).encode(), PageContext({}, NOW))
    assert [refused.reason.split(":")[0] for refused in parsed.refused] == ["phash"]


def test_no_more_is_received_than_an_answer_may_have() -> None:
    path = f"{simulator.PATHS[0]}one.jpg"
    size = len(simulator.picture(path, 1024))
    with server.serve(simulator.make_app()) as running, HttpClient("x", running.url, HASTY) as client:
        assert len(client.get(path, accept="image/*", most_bytes=size).body) == size
        with pytest.raises(SourceContractError, match="more than the"):
            client.get(path, accept="image/*", most_bytes=size - 1)
