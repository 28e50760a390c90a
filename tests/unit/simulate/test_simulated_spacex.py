"""The simulated API answers over HTTP as the real one does."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from etl.sources.spacex import snapshot


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/v5/launches", 205),
        ("/v4/cores", 78),
        ("/v4/rockets", 4),
        ("/v4/launchpads/", 6),
        ("/v4/landpads", 7),
        ("/v4/payloads", 225),
    ],
)
def test_a_list_comes_whole(path: str, count: int, url: str, http: requests.Session) -> None:
    answer = http.get(url + path)
    assert len(answer.json()) == count
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_record_is_found_by_its_id(url: str, http: requests.Session) -> None:
    core = http.get(f"{url}/v4/cores/5e9e28a7f3591817f23b2663").json()
    assert core["serial"] == "B1058"


@pytest.mark.parametrize(
    "path", ["/v4/launches", "/v5/cores", "/v6/launches", "/v5/launches/latest", "/v5/launches/query"]
)
def test_what_is_not_there_is_not_found_in_plain_text(path: str, url: str, http: requests.Session) -> None:
    answer = http.get(url + path)
    assert (answer.status_code, answer.text) == (404, "Not Found")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_the_root_says_it_is_alive(url: str, http: requests.Session) -> None:
    answer = http.get(url)
    assert (answer.status_code, answer.text) == (200, "SpaceX API, simulated: 205 launches\n")


def test_lists_may_be_cached_and_asked_for_again(url: str, http: requests.Session) -> None:
    first = http.get(f"{url}/v5/launches")
    assert first.headers["Cache-Control"] == "max-age=300"
    again = http.get(f"{url}/v5/launches", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.head(f"{url}/v5/launches").headers["ETag"] == first.headers["ETag"]


def test_pages_of_a_query_add_up_to_the_list(url: str, http: requests.Session) -> None:
    options: dict[str, Any] = {"sort": {"_id": "asc"}, "limit": 50, "page": 1}
    records: list[dict[str, Any]] = []
    while options["page"]:
        answer = http.post(f"{url}/v5/launches/query", json={"query": {}, "options": options}).json()
        records += answer["docs"]
        options["page"] = answer["nextPage"]
    assert len(records) == answer["totalDocs"] == 205
    assert len({record["id"] for record in records}) == 205
    assert records == sorted(records, key=lambda record: str(record["id"]))


def test_a_query_finds_the_launches_of_an_interval(url: str, http: requests.Session) -> None:
    days = {"$gte": "2020-05-01T00:00:00.000Z", "$lt": "2020-06-01T00:00:00.000Z"}
    docs = http.post(f"{url}/v5/launches/query", json={"query": {"date_utc": days}}).json()["docs"]
    assert [launch["name"] for launch in docs] == ["CCtCap Demo Mission 2"]


def test_a_query_without_a_body_is_the_first_page(url: str, http: requests.Session) -> None:
    assert len(http.post(f"{url}/v5/launches/query").json()["docs"]) == 10


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "invalid JSON"),
        ("[]", "invalid JSON, only supports object"),
        ('{"query": {"name": {"$near": 1}}}', "not simulated: query.name"),
        ('{"options": 7}', "options must be an object"),
    ],
)
def test_a_bad_query_is_refused_in_plain_text(body: str, says: str, url: str, http: requests.Session) -> None:
    answer = http.post(f"{url}/v5/launches/query", data=body)
    assert (answer.status_code, answer.text) == (400, says)


def test_other_facts_can_be_served_and_changed_while_it_runs(http: requests.Session) -> None:
    launches = snapshot.load()["launches"][:1]
    with server.serve(spacex.make_app(snapshot={"launches": launches})) as running:
        assert len(http.get(f"{running.url}/v5/launches").json()) == 1
        launches[0]["name"] = "renamed"
        assert http.get(f"{running.url}/v5/launches").json()[0]["name"] == "renamed"
        assert len(http.get(f"{running.url}/v4/rockets").json()) == 4


def test_the_real_response_comes_back_unchanged(
    http: requests.Session, real_response: Callable[[str], list[dict[str, Any]]]
) -> None:
    launches = real_response("launches_v5.json")
    with server.serve(spacex.make_app(snapshot={"launches": launches})) as running:
        assert http.get(f"{running.url}/v5/launches").json() == launches
