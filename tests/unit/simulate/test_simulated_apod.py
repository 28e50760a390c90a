"""The simulated pictures of the day have the habits of the real API: its paging, its silence, its missing days."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from werkzeug import test as werkzeug

from etl.core.pages import PageContext
from etl.sources.apod import parsers
from etl.sources.apod import simulator as apod

NOON = datetime(2026, 9, 30, 12, tzinfo=UTC).timestamp()
TODAY = date(2026, 9, 30)


@pytest.fixture(scope="module")
def app() -> werkzeug.Client:
    return werkzeug.Client(apod.make_app(clock=lambda: NOON))


def ask(app: werkzeug.Client, **asked: str) -> Any:
    return app.get(apod.PATH, query_string=asked)


def days(response: Any) -> list[str]:
    return [record["date"] for record in response.json]


def test_pages_have_25_records_at_most_the_newest_first_and_headers_count_them(app: werkzeug.Client) -> None:
    response = ask(app, page="1", per_page="100")
    assert days(response)[:2] == ["2026-09-30", "2026-09-29"]
    assert len(response.json) == 25
    total = int(response.headers["X-WP-Total"])
    assert 11_300 < total < 11_430
    assert int(response.headers["X-WP-TotalPages"]) == -(-total // 25)


def test_beyond_the_last_page_the_first_one_comes_again(app: werkzeug.Client) -> None:
    asked = {"per_page": "25", "date_from": "240501", "date_to": "240531"}
    assert ask(app, page="2", **asked).json == [apod.picture(date(2024, 5, day)) for day in range(6, 0, -1)]
    assert ask(app, page="3", **asked).json == ask(app, page="1", **asked).json


def test_unknown_parameters_are_silently_ignored(app: werkzeug.Client) -> None:
    latest = ask(app).json
    for asked in ({"date": "2024-05-01"}, {"start_date": "2024-05-01"}, {"count": "1"}, {"date_from": "2024-05-01"}):
        assert ask(app, **asked).json == latest


def test_two_digits_from_95_on_are_of_the_last_century(app: werkzeug.Client) -> None:
    assert days(ask(app, date_from="950616", date_to="950621")) == ["1995-06-21", "1995-06-20", "1995-06-16"]
    assert days(ask(app, date_from="991231", date_to="000101")) == ["2000-01-01", "1999-12-31"]


def test_a_day_has_a_path_of_its_own_and_a_page(app: werkzeug.Client) -> None:
    assert app.get(f"{apod.PATH}/240501").json == apod.picture(date(2024, 5, 1))
    page = app.get(f"{apod.PATH}/240501/html")
    assert (page.mimetype, page.text) == ("text/html", apod.picture(date(2024, 5, 1))["basic_html"])


@pytest.mark.parametrize("day", ["950617", "261001", "950615", "240230"])
def test_a_day_without_a_picture_is_not_found(app: werkzeug.Client, day: str) -> None:
    response = app.get(f"{apod.PATH}/{day}")
    assert response.status_code == 404
    assert response.json == {
        "code": "apod_basic_not_found",
        "message": "APOD not found.",
        "data": {"status": 404},
    }


def test_a_picture_appears_at_night_and_no_future_one_does() -> None:
    before = werkzeug.Client(apod.make_app(clock=lambda: datetime(2026, 9, 30, 5, 4, tzinfo=UTC).timestamp()))
    assert days(ask(before, date_from="260929", date_to="261231")) == ["2026-09-29"]


def test_the_withdrawn_path_returns_the_logo_for_every_day(app: werkzeug.Client) -> None:
    one = app.get(apod.WITHDRAWN_PATH, query_string={"date": "2024-05-01"})
    many = app.get(apod.WITHDRAWN_PATH, query_string={"start_date": "2024-05-01", "end_date": "2024-05-03"})
    assert (one.status_code, one.json["date"], one.json["hdurl"]) == (200, "2024-05-01", apod.LOGO)
    assert {record["url"] for record in many.json} == {apod.LOGO}
    assert len(many.json) == 3


def test_a_year_has_all_kinds_of_pictures_and_is_read_whole() -> None:
    found = [apod.picture(TODAY - timedelta(n)) for n in range(366) if apod.has_picture(TODAY - timedelta(n))]
    assert {"image", "video", "iframe"} <= set(Counter(record["media_type"] for record in found))
    images = Counter(record["hdurl"] for record in found if record["media_type"] == "image")
    assert 2 in images.values(), "one is shown again"
    parsed = parsers.pictures(json.dumps(found).encode(), PageContext({}, datetime.now(UTC)))
    assert (parsed.records, parsed.refused, parsed.unknown_fields) == (len(found), (), frozenset())
    for row in parsed.batches["apod_pictures"].to_pylist():
        assert not any(mark in row["explanation"] for mark in ("<", "&amp;", "Explanation", "Tomorrow", "simulated"))
        assert (row["video_url"] is not None) is (row["media_type"] in ("video", "iframe"))


def test_other_paths_lead_nowhere(app: werkzeug.Client) -> None:
    assert app.get("/wp-json/wp/v2/other").status_code == 404
    assert "simulated" in app.get("/").text
