"""Each fault is what a client would meet in reality."""

import json
import time
from typing import Any

import pytest
import requests

from etl.simulate import faults as module
from etl.simulate.faults import Fault, Faults, parse_fault
from etl.sources.spacex.snapshot import load

LAUNCHES = "/v5/launches"


def test_every_known_fault_is_described_and_can_happen() -> None:
    assert all(text.endswith(".") for text in module.KNOWN.values())
    assert {*module._REQUESTS, *module._RESPONSES, *module._PAYLOADS, "repeat_page"} == set(module.KNOWN)


def test_rate_limit_says_when_to_come_back_and_ends(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("rate_limit", times=2, retry_after=7))
    answers = [http.get(url + LAUNCHES) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_quota_reports_how_much_is_left_beside_the_usual_answer(
    url: str, faults: Faults, http: requests.Session
) -> None:
    well = http.get(url + LAUNCHES)
    faults.add(parse_fault(f"quota=42@{LAUNCHES}"))
    told = http.get(url + LAUNCHES)
    assert (told.status_code, told.json()) == (200, well.json())
    assert (told.headers["X-RateLimit-Limit"], told.headers["X-RateLimit-Remaining"]) == ("1000", "42")
    assert "X-RateLimit-Limit" not in well.headers


def test_server_error_is_plain_text(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("server_error"))
    answer = http.get(url + LAUNCHES)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/plain; charset=utf-8")


def test_slow_outlasts_the_patience_of_a_client(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("slow", times=1, delay=3))
    with pytest.raises(requests.ConnectionError, match="timed out"):
        http.get(url + LAUNCHES, timeout=0.1)
    faults.add(Fault("slow", times=1, delay=0.3))
    begun = time.monotonic()
    assert len(http.get(url + LAUNCHES, timeout=30).json()) == 205
    assert time.monotonic() - begun >= 0.3


def test_cut_breaks_off_in_mid_body(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("cut"))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        http.get(url + LAUNCHES)
    assert http.get(url + LAUNCHES).ok


def test_html_comes_with_status_200(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("html"))
    answer = http.get(url + LAUNCHES)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_truncated_is_sound_http_and_broken_json(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("truncated"))
    answer = http.get(url + LAUNCHES)
    assert (answer.status_code, int(answer.headers["Content-Length"])) == (200, len(answer.content))
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def struck(fault: Fault, url: str, faults: Faults, http: requests.Session) -> tuple[list[Any], list[Any]]:
    """Return the launches as they are and as the fault makes them."""
    well = http.get(url + LAUNCHES).json()
    faults.add(fault)
    ill = http.get(url + LAUNCHES).json()
    assert faults.left() == []
    return well, ill


def test_malformed_breaks_one_field_of_one_record(url: str, faults: Faults, http: requests.Session) -> None:
    well, ill = struck(Fault("malformed"), url, faults, http)
    assert ill == [{**well[0], "id": 12345}, *well[1:]]
    well, ill = struck(Fault("malformed", field="flight_number"), url, faults, http)
    assert ill == [{**well[0], "flight_number": "not a number"}, *well[1:]]


def test_string_cores_is_a_string_for_a_list(url: str, faults: Faults, http: requests.Session) -> None:
    well, ill = struck(Fault("string_cores"), url, faults, http)
    assert ill == [{**well[0], "cores": json.dumps(well[0]["cores"])}, *well[1:]]


def test_changed_field_renames_one_and_adds_one_everywhere(url: str, faults: Faults, http: requests.Session) -> None:
    well, ill = struck(Fault("changed_field", field="date_utc"), url, faults, http)
    for was, became in zip(well, ill, strict=True):
        assert became.keys() - was.keys() == {"new_date_utc", "field_nobody_knows"}
        assert was.keys() - became.keys() == {"date_utc"}


def test_nan_sends_numbers_no_column_holds(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("nan"))
    text = http.get(url + LAUNCHES).text
    assert '"date_unix":NaN' in text
    assert '"flight_number":1e400' in text
    assert f":{10**30}," in text
    assert "Infinity" not in text


def test_bad_date_names_a_day_that_does_not_exist(url: str, faults: Faults, http: requests.Session) -> None:
    well, ill = struck(Fault("bad_date"), url, faults, http)
    assert ill[0]["date_utc"] == "2022-13-45T22:30:00.000Z"
    assert ill[1:] == well[1:]


def test_duplicate_sends_a_record_twice(url: str, faults: Faults, http: requests.Session) -> None:
    well, ill = struck(Fault("duplicate"), url, faults, http)
    assert ill == [well[0], *well]


def test_empty_has_no_records(url: str, faults: Faults, http: requests.Session) -> None:
    assert struck(Fault("empty"), url, faults, http)[1] == []
    faults.add(Fault("empty", times=2))
    page = http.post(f"{url}{LAUNCHES}/query").json()
    assert (page["docs"], page["totalDocs"], page["hasNextPage"]) == ([], 0, False)
    assert http.get(f"{url}{LAUNCHES}/{load()['launches'][0]['id']}").json() == {}


def test_repeat_page_never_ends(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("repeat_page", times=None, path="/v5"))
    pages = [
        http.post(f"{url}{LAUNCHES}/query", json={"options": {"page": page, "limit": 100}}).json()
        for page in (1, 2, 3, 99)
    ]
    assert all(page["docs"] == pages[0]["docs"] and page["hasNextPage"] for page in pages)
    assert pages[-1]["nextPage"] == 100
    assert len(http.get(url + LAUNCHES).json()) == 205


def test_faults_reach_records_within_a_page_of_a_query_too(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("malformed"))
    docs = http.post(f"{url}{LAUNCHES}/query").json()["docs"]
    assert [type(record["id"]) for record in docs] == [int] + [str] * 9


def test_a_fault_waits_for_its_path(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("server_error", path=LAUNCHES))
    assert http.get(f"{url}/v4/cores").ok
    assert http.get(f"{url}/v5/launches2").status_code == 404
    assert http.post(f"{url}{LAUNCHES}/query").status_code == 500
    assert http.get(url + LAUNCHES).ok


def test_a_fault_of_records_waits_for_records(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("empty"))
    assert http.get(url).text.startswith("SpaceX")
    assert http.get(f"{url}{LAUNCHES}/none").status_code == 404
    assert http.get(url + LAUNCHES).json() == []


def test_the_plan_is_followed_in_order(url: str, faults: Faults, http: requests.Session) -> None:
    faults.add(Fault("rate_limit"), Fault("empty"), Fault("server_error"))
    assert [http.get(url + LAUNCHES).status_code for _ in range(4)] == [429, 200, 500, 200]


def test_an_answer_with_a_fault_is_never_taken_from_a_cache(url: str, faults: Faults, http: requests.Session) -> None:
    etag = http.get(url + LAUNCHES).headers["ETag"]
    faults.add(Fault("duplicate"))
    answer = http.get(url + LAUNCHES, headers={"If-None-Match": etag})
    assert answer.status_code == 200
    assert "ETag" not in answer.headers


def test_the_plan_can_be_made_shown_and_ended_over_http(url: str, http: requests.Session) -> None:
    plan = ["rate_limit*2@/v5/launches", {"name": "slow", "times": None, "delay": 0.5}]
    shown = http.post(f"{url}/_faults", json=plan).json()
    assert shown[0] == {
        "name": "rate_limit",
        "times": 2,
        "path": "/v5/launches",
        "retry_after": 1,
        "remaining": 1,
        "delay": 1.0,
        "field": None,
    }
    assert http.get(url + LAUNCHES).status_code == 429
    left = http.get(f"{url}/_faults").json()
    assert [(fault["name"], fault["times"]) for fault in left] == [("rate_limit", 1), ("slow", None)]
    assert http.delete(f"{url}/_faults").json() == []
    assert http.get(url + LAUNCHES).ok
    assert http.post(f"{url}/_faults", json=left).json() == left


@pytest.mark.parametrize("body", ["{", '{"name": "slow"}', "[7]", '[{"name": "slow", "speed": 1}]', '["slaw"]', "[{}]"])
def test_a_bad_plan_is_refused_whole_and_in_one_line(body: str, url: str, http: requests.Session) -> None:
    answer = http.post(f"{url}/_faults", data=body)
    assert answer.status_code == 400
    assert "known faults: rate_limit, server_error" in answer.text
    assert "\n" not in answer.text
    assert http.get(f"{url}/_faults").json() == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("cut", Fault("cut")),
        ("rate_limit*2@/v5/launches", Fault("rate_limit", times=2, path="/v5/launches")),
        ("rate_limit=30", Fault("rate_limit", retry_after=30, remaining=30, delay=30)),
        ("quota=42*", Fault("quota", times=None, retry_after=42, remaining=42, delay=42)),
        ("slow=0.5*@/v4", Fault("slow", times=None, path="/v4", delay=0.5, retry_after=0, remaining=0)),
        ("malformed:date_utc*3", Fault("malformed", times=3, field="date_utc")),
        ("repeat_page*", Fault("repeat_page", times=None)),
    ],
)
def test_a_fault_can_be_written_in_one_word(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["", "cut*0", "cut**", "cutt", "slow=9999", "cut@v5", "rate_limit 2"])
def test_a_bad_word_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match=r"known faults: rate_limit, .*repeat_page$"):
        parse_fault(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"times": 0},
        {"times": True},
        {"path": "v5"},
        {"retry_after": 0.5},
        {"remaining": -1},
        {"delay": "1"},
        {"field": 7},
    ],
)
def test_a_value_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"{next(iter(wrong))} must be.*known faults"):
        Fault("slow", **wrong)
