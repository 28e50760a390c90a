"""Pictures are asked for a few weeks at a time; the answer must be those days, all of them, and pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.core.errors import PlatformError, SourceContractError, SourceWithdrawnError, UsageError
from etl.core.intervals import DataInterval, today
from etl.core.pages import Page
from etl.core.source import Source
from etl.settings import ApodSettings
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.apod import contract, make_source, pages
from etl.sources.apod import simulator as apod
from etl.sources.http.client import HttpClient
from tests.conftest import HASTY
from tests.unit.sources.conftest import answering, ok

MAY = DataInterval(date(2024, 5, 1), date(2024, 6, 1))
DAY = timedelta(days=1)


@contextmanager
def simulated(*faults: str) -> Iterator[str]:
    with server.serve(apod.make_app(Faults([parse_fault(fault) for fault in faults]))) as running:
        yield running.url


def source(url: str = "http://nowhere.invalid", **settings: Any) -> Source:
    return make_source(ApodSettings(base_url=url, **settings))


def read(url: str, interval: DataInterval | None = MAY, first: int = 1, **settings: Any) -> list[Page]:
    with HttpClient("apod", url, HASTY) as client:
        return list(source(url, **settings).endpoints[0].pages(client, interval, first))


def failure(*faults: str) -> PlatformError:
    with simulated(*faults) as url, pytest.raises(PlatformError) as told:
        read(url)
    return told.value


def answer(*records: Any, total: int | None = None) -> Any:
    headers = {"X_WP_Total": str(len(records) if total is None else total)}
    return ok(list(records), **headers)


def told_of(*replies: Any) -> PlatformError:
    with answering(*replies) as api, pytest.raises(PlatformError) as told:
        read(api.url)
    return told.value


def shown(day: int, **changed: Any) -> dict[str, Any]:
    return apod.picture(date(2024, 5, day)) | changed


# What is asked


def test_days_are_asked_for_as_the_api_writes_them_and_never_a_page_beyond_the_first() -> None:
    with answering(answer(shown(1)), answer(shown(16))) as api:
        found = read(api.url)
    assert [dict(request.args) for request in api.asked] == [
        {"page": "1", "per_page": "25", "date_from": "240501", "date_to": "240515"},
        {"page": "1", "per_page": "25", "date_from": "240516", "date_to": "240531"},
    ]
    assert [(page.number, page.records, page.is_last) for page in found] == [(1, 1, False), (2, 1, True)]


def test_days_of_the_last_century_are_asked_for_with_its_two_digits() -> None:
    with answering(answer()) as api:
        read(api.url, DataInterval(date(1999, 12, 31), date(2000, 1, 2)))
    assert [api.asked[0].args[name] for name in ("date_from", "date_to")] == ["991231", "000101"]


def test_days_without_a_picture_are_a_page_without_records() -> None:
    with simulated() as url:
        (page,) = read(url, DataInterval(date(1995, 6, 17), date(1995, 6, 20)))
    assert (page.records, page.is_last) == (0, True)


def test_a_killed_run_goes_on_with_the_days_it_lacks() -> None:
    with simulated() as url:
        whole, rest = read(url), read(url, first=2)
    assert [page.body for page in rest] == [page.body for page in whole[1:]]


def test_the_whole_archive_is_some_hundreds_of_requests() -> None:
    archive = DataInterval(contract.FIRST_DAY, date(2026, 10, 1))
    assert pages.cost(archive, 25).requests == 458
    assert source().cost is not None


DAYS = st.dates(contract.FIRST_DAY, date(2024, 1, 1))


@given(DAYS, st.integers(1, 400), st.integers(1, 25))
def test_every_day_is_asked_for_once(start: date, days: int, at_once: int) -> None:
    asked = pages._questions(whole := DataInterval(start, start + days * DAY), at_once)
    assert (asked[0].start, asked[-1].end) == (whole.start, whole.end)
    assert all(before.end == after.start for before, after in pairwise(asked))
    assert all(1 <= (one.end - one.start).days <= at_once for one in asked)


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        (None, "are read by days"),
        (DataInterval(date(1995, 6, 15), date(1995, 7, 1)), "no picture before 1995-06-16"),
        (DataInterval(today(), today() + 2 * DAY), "are over yet"),
    ],
)
def test_days_that_cannot_be_asked_for_are_refused(interval: DataInterval | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read("http://nowhere.invalid", interval)


def test_a_probe_counts_the_last_days_and_may_find_none() -> None:
    with simulated() as url, HttpClient("apod", url, HASTY) as client:
        assert pages.probe(client).endswith("pictures of the last 7 days")
    with answering(answer()) as api, HttpClient("apod", api.url, HASTY) as client:
        assert pages.probe(client) == "0 pictures of the last 7 days"


# What must not be answered


def test_an_api_that_ignores_the_days_is_noticed() -> None:
    told = failure("ignored_query*")
    assert isinstance(told, SourceContractError)
    assert "which is not in [2024-05-01, 2024-05-16)" in told.message


def test_an_api_that_repeats_a_page_is_noticed() -> None:
    told = failure("repeat_page*")
    assert isinstance(told, SourceContractError)
    assert "returned the picture of 2024-05-15, which is not in [2024-05-16, 2024-06-01)" in told.message


def test_a_future_picture_is_noticed() -> None:
    assert isinstance(failure("future_date*"), SourceContractError)


def test_a_day_twice_is_noticed() -> None:
    told = failure("duplicate*")
    assert isinstance(told, SourceContractError)
    assert "returned the picture of 2024-05-15 twice" in told.message


def test_a_logo_instead_of_pictures_says_that_the_api_is_gone_and_what_to_use() -> None:
    told = failure("placeholder:hdurl*")
    assert isinstance(told, SourceWithdrawnError)
    assert "returned NASA's logo instead of pictures" in told.message
    assert "https://science.nasa.gov/apod" in told.hint


def test_the_withdrawn_apis_answer_is_noticed() -> None:
    assert isinstance(told_of(answer(apod.withdrawn_picture(MAY.start))), SourceWithdrawnError)
    only_url = apod.withdrawn_picture(MAY.start) | {"hdurl": None}
    assert isinstance(told_of(answer(only_url)), SourceWithdrawnError)


def test_one_image_for_two_days_says_that_the_api_is_gone() -> None:
    same = {"media_type": "image", "hdurl": "https://example.org/soon.png"}
    told = told_of(answer(shown(2, **same), shown(1, **same)))
    assert isinstance(told, SourceWithdrawnError)
    assert "returned one picture for 2 days: https://example.org/soon.png" in told.message


@pytest.mark.parametrize("changed", [{"media_type": "video", "hdurl": "https://example.org/poster.png"}, {"hdurl": ""}])
def test_videos_may_share_a_poster_and_pictures_may_lack_a_file(changed: dict[str, Any]) -> None:
    with answering(answer(shown(2, **changed), shown(1, **changed)), answer()) as api:
        assert [page.records for page in read(api.url)] == [2, 0]


def test_an_article_about_the_logo_is_not_a_placeholder() -> None:
    with answering(answer(shown(1, url="https://science.nasa.gov/the-nasa-logo/")), answer()) as api:
        assert read(api.url)[0].records == 1


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(shown(1), total=2), "announced 2 pictures and returned 1"),
        (answer(total=11_422), "announced 11,422 pictures and returned 0"),
        (ok([shown(1)]), "did not say in X-WP-Total"),
        (answer(shown(1), total=-1), "did not say in X-WP-Total"),
        (ok(shown(1), X_WP_Total="1"), "returned one picture instead of a list"),
        (ok({"code": "apod_basic_not_found", "message": "APOD not found."}), "the API says: APOD not found"),
        (ok("soon"), "holds no list of records"),
    ],
)
def test_an_answer_that_is_not_the_whole_list_is_refused(reply: Any, said: str) -> None:
    told = told_of(reply)
    assert isinstance(told, SourceContractError)
    assert said in told.message


def test_fewer_at_a_time_is_a_setting_away() -> None:
    assert "set ETL_APOD__DAYS_PER_REQUEST" in told_of(answer(shown(1), total=2)).hint
    with simulated() as url:
        assert [page.records for page in read(url, days_per_request=10)] == [7, 8, 8, 8]


@pytest.mark.parametrize("record", ["x", 7, None, {}, {"date": "soon"}, {"date": 7}, {"date": None}])
def test_a_record_without_a_day_is_left_to_the_parser(record: Any) -> None:
    with answering(answer(record), answer()) as api:
        assert read(api.url)[0].records == 1
