"""The HTTP client waits, tries again and gives up as it should."""

import gzip
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import stamina
from werkzeug.wrappers import Request, Response

from etl.core.errors import (
    AccessError,
    ConfigError,
    PlatformError,
    SourceContractError,
    SourceUnavailableError,
    SourceWithdrawnError,
)
from etl.simulate.faults import Fault
from etl.sources.http.client import HttpClient, Patience
from tests.collector import Collector
from tests.conftest import HASTY, Simulate, client_of
from tests.unit.sources.conftest import Api, Reply, answering, ok, status

FINE = {"fine": True}
CACHED = {"Cache_Control": "max-age=300"}


def broken_off(body: bytes = b'{"fine": tr', promised: int = 100, code: int = 200, **headers: str) -> Response:
    """Promises more bytes than it sends, then hangs up."""
    headers = {"Content-Length": str(promised), "Connection": "close", **headers}
    return Response([body], code, headers, content_type="application/json")


def trickle(code: int = 200) -> Response:
    def drops() -> Iterator[bytes]:
        for _ in range(100):
            yield b" "
            time.sleep(0.02)

    return Response(drops(), code, {"Content-Length": "100"}, content_type="application/json")


# Waiting


def test_a_retry_after_is_waited_for_in_earnest() -> None:
    with answering(status(429, Retry_After="0.2"), ok()) as api, client_of(api.url) as client:
        begin = time.monotonic()
        assert client.get("/x").document == FINE
        assert time.monotonic() - begin >= 0.2
        assert len(api.asked) == 2


def test_a_retry_after_replaces_our_own_wait(waits: list[float]) -> None:
    with (
        answering(status(429, Retry_After="3"), status(503, Retry_After="4"), ok()) as api,
        client_of(api.url) as client,
    ):
        assert client.get("/x").document == FINE
    assert waits == [3, 4]


def test_the_simulated_rate_limit_is_survived(simulate: Simulate, waits: list[float]) -> None:
    url = simulate(Fault("rate_limit", times=2, retry_after=2))
    with client_of(url) as client:
        assert len(client.get("/v4/cores").document) > 70
    assert waits == [2, 2]


def test_a_retry_after_may_be_a_date(waits: list[float]) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=4), usegmt=True)
    with answering(status(429, Retry_After=at), ok()) as api, client_of(api.url) as client:
        client.get("/x")
    assert len(waits) == 1
    assert 2.5 <= waits[0] <= 4


@pytest.mark.parametrize("value", ["Wed, 21 Oct 2015 07:28:00 GMT", "0", "-5"])
def test_a_retry_after_in_the_past_waits_no_time(waits: list[float], value: str) -> None:
    with answering(status(429, Retry_After=value), ok()) as api, client_of(api.url) as client:
        client.get("/x")
    assert waits == [0]


@pytest.mark.parametrize("value", ["soon", "", "Wed, 99 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 -0000"])
def test_a_retry_after_that_makes_no_sense_is_ignored(waits: list[float], value: str) -> None:
    with answering(status(429, Retry_After=value), ok()) as api, client_of(api.url) as client:
        client.get("/x")
    assert len(waits) == 1
    assert waits[0] < 0.1


@pytest.mark.parametrize(("value", "said"), [("3600", "3600 s"), ("inf", "inf s")])
def test_a_retry_after_beyond_our_patience_gives_up_at_once(waits: list[float], value: str, said: str) -> None:
    with answering(status(429, Retry_After=value)) as api, client_of(api.url) as client:
        with pytest.raises(SourceUnavailableError) as told:
            client.get("/x")
        assert len(api.asked) == 1
    assert waits == []
    assert said in told.value.hint
    assert told.value.retry_after_s == float(value)


def test_tries_end_with_their_number(waits: list[float]) -> None:
    with answering(status(500, "Internal Server Error")) as api, client_of(api.url) as client:
        with pytest.raises(SourceUnavailableError, match=r"/x answered 500 \(Internal Server Error\)\.$"):
            client.get("/x")
        assert len(api.asked) == HASTY.attempts
    assert len(waits) == HASTY.attempts - 1


def test_waits_grow(waits: list[float]) -> None:
    with (
        answering(status(500)) as api,
        client_of(api.url, Patience(attempts=6, wait_s=1)) as client,
        pytest.raises(SourceUnavailableError),
    ):
        client.get("/x")
    assert all(low <= wait <= low + 1 for wait, low in zip(waits, [1, 2, 4, 8, 9], strict=True))


def test_tries_end_with_their_time() -> None:
    begin = time.monotonic()
    with answering(status(500)) as api, client_of(api.url, Patience(attempts=50, retry_s=0.2, wait_s=0.05)) as client:
        with pytest.raises(SourceUnavailableError):
            client.get("/x")
        assert 2 <= len(api.asked) < 10
    assert time.monotonic() - begin < 2


# Trying again


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_tried_again(waits: list[float], code: int) -> None:
    with answering(status(code), ok()) as api, client_of(api.url) as client:
        assert client.post("/x", {}).document == FINE
        assert len(api.asked) == 2


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, SourceContractError),
        (401, AccessError),
        (403, AccessError),
        (404, SourceWithdrawnError),
        (405, SourceContractError),
        (407, AccessError),
        (410, SourceWithdrawnError),
        (422, SourceContractError),
    ],
)
def test_a_refusal_is_never_tried_again(waits: list[float], code: int, expected: type[PlatformError]) -> None:
    with answering(status(code, "No such thing\nsecond line")) as api, client_of(api.url) as client:
        with pytest.raises(expected, match=rf"answered {code} \(No such thing\)\.$"):
            client.post("/x", {})
        assert len(api.asked) == 1
    assert waits == []


@pytest.mark.parametrize(
    "reply",
    [
        broken_off(),
        Response('{"fine": tr', content_type="application/json"),
        Response("", content_type="application/json"),
        Response(b"\xff\xfe\xfa", content_type="application/json"),
        Response("[" * 100_000, content_type="application/json"),
        Response(b"no gzip", 200, {"Content-Encoding": "gzip"}, content_type="application/json"),
    ],
    ids=["cut", "truncated", "empty", "no text", "too deep", "no gzip"],
)
def test_a_broken_answer_is_tried_again_and_then_given_up(waits: list[float], reply: Reply) -> None:
    with answering(reply, ok()) as api, client_of(api.url) as client:
        assert client.get("/x").document == FINE
    with answering(reply) as api, client_of(api.url) as client:
        with pytest.raises(SourceUnavailableError):
            client.get("/x")
        assert len(api.asked) == HASTY.attempts


@pytest.mark.parametrize("fault", ["cut", "truncated", "server_error"])
def test_a_simulated_fault_that_passes_is_survived(simulate: Simulate, waits: list[float], fault: str) -> None:
    with client_of(simulate(Fault(fault, times=2))) as client:
        assert len(client.get("/v4/cores").document) > 70
    assert len(waits) == 2


def test_an_answer_in_another_language_is_no_reason_to_try_again(simulate: Simulate, waits: list[float]) -> None:
    with (
        client_of(simulate(Fault("html", times=None))) as client,
        pytest.raises(SourceContractError, match="answered text/html where JSON was expected"),
    ):
        client.get("/v4/cores")
    assert waits == []


def test_gzip_and_media_types_of_the_json_family_are_understood() -> None:
    packed = Response(gzip.compress(b'{"fine": true}'), 200, {"Content-Encoding": "gzip"})
    packed.headers["Content-Type"] = "application/hal+json; charset=utf-8"
    untold = Response('{"fine": true}')
    del untold.headers["Content-Type"]
    with answering(packed, untold) as api, client_of(api.url) as client:
        assert client.get("/x").document == FINE
        assert client.get("/x").body == b'{"fine": true}'


@pytest.mark.parametrize(
    "reply",
    [
        broken_off(b"half", code=500),
        Response(b"no gzip", 500, {"Content-Encoding": "gzip"}),
        Response("<!doctype html><h1>Oops</h1>", 500, content_type="text/html"),
        Response("\x1b[31m\x07red", 500, content_type="text/plain"),
        Response(b"\xff\xff\x00", 500, content_type="text/plain"),
    ],
    ids=["cut", "no gzip", "html", "control characters", "no text"],
)
def test_an_error_whose_text_is_unreadable_is_still_told_in_one_clean_line(waits: list[float], reply: Reply) -> None:
    with answering(reply) as api, client_of(api.url) as client, pytest.raises(SourceUnavailableError) as told:
        client.get("/x")
    assert told.value.message.startswith(f"{api.url}/x answered 500")
    assert told.value.message.isprintable()
    assert "<" not in told.value.message


# Time


def test_nobody_there_is_said_with_the_reason(waits: list[float]) -> None:
    with (
        client_of("http://127.0.0.1:9") as client,
        pytest.raises(SourceUnavailableError, match=r"^127\.0\.0\.1:9 does not answer: Connection refused\.$"),
    ):
        client.get("/x")
    assert len(waits) == HASTY.attempts - 1


def test_an_answer_that_does_not_begin_in_time_is_given_up(waits: list[float]) -> None:
    def late(_: Request) -> Response:
        time.sleep(0.3)
        return ok()

    with (
        answering(late) as api,
        client_of(api.url, Patience(read_s=0.05, attempts=2)) as client,
        pytest.raises(SourceUnavailableError, match=r"does not answer: .*timed out"),
    ):
        client.get("/x")


@pytest.mark.parametrize(("code", "said"), [(200, r"answers too slowly: not done after 0\.2 s"), (500, "answered 500")])
def test_an_answer_that_trickles_is_given_up_in_time(waits: list[float], code: int, said: str) -> None:
    patience = Patience(read_s=0.2, attempts=2)
    with answering(lambda _: trickle(code)) as api, client_of(api.url, patience) as client:
        begin = time.monotonic()
        with pytest.raises(SourceUnavailableError, match=said):
            client.get("/x")
        assert time.monotonic() - begin < 1
        assert len(api.asked) == 2


def test_a_trickling_answer_is_not_kept_in_the_cache(tmp_path: Path, waits: list[float]) -> None:
    def slow(_: Request) -> Response:
        response = trickle()
        response.headers["Cache-Control"] = "max-age=300"
        return response

    with (
        answering(slow, ok()) as api,
        HttpClient("spacex", api.url, Patience(read_s=0.2), tmp_path / "cache") as client,
    ):
        assert client.get("/x").document == FINE


# Caching


def test_a_cacheable_answer_is_not_asked_for_twice_even_by_another_process(tmp_path: Path) -> None:
    with answering(ok(**CACHED)) as api:
        for _ in range(2):
            with HttpClient("spacex", api.url, HASTY, tmp_path / "cache") as client:
                assert client.get("/x").document == FINE
                assert client.get("/x", {"page": "2"}).document == FINE
        assert [request.full_path for request in api.asked] == ["/x?", "/x?page=2"]


def test_the_simulator_says_what_is_cacheable_and_is_believed(simulate: Simulate, tmp_path: Path) -> None:
    url = simulate(Fault("server_error", path="/v4/cores", times=1))
    with HttpClient("spacex", url, HASTY, tmp_path / "cache") as client:
        first = client.get("/v4/cores")  # uses up the fault
        client.post("/_faults", ["server_error*@/v4/cores"])  # type: ignore[arg-type]
        assert client.get("/v4/cores").body == first.body


def test_an_unchanged_answer_is_confirmed_and_not_sent_again(tmp_path: Path) -> None:
    def conditional(request: Request) -> Response:
        if request.if_none_match.contains("v1"):
            return Response(status=304, headers={"ETag": '"v1"'})
        return ok(ETag='"v1"', Cache_Control="no-cache")

    with answering(conditional) as api, HttpClient("spacex", api.url, HASTY, tmp_path / "cache") as client:
        assert client.get("/x").document == FINE
        again = client.get("/x")
        assert (again.status, again.document) == (200, FINE)
        assert [request.headers.get("If-None-Match") for request in api.asked] == [None, '"v1"']


def test_a_query_is_always_asked(tmp_path: Path) -> None:
    with answering(ok(**CACHED)) as api, HttpClient("spacex", api.url, HASTY, tmp_path / "cache") as client:
        client.post("/x", {})
        client.post("/x", {})
        assert len(api.asked) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the cache leaves its files open
@pytest.mark.parametrize("broken_off_at", [1, 2, 3])
def test_an_answer_that_was_half_kept_is_asked_for_again(
    simulate: Simulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_off_at: int
) -> None:
    url, writes, replace = simulate(), count(1), os.replace

    def break_off(*args: Any) -> None:
        if next(writes) == broken_off_at:
            raise OSError("as if killed between two writes")
        replace(*args)

    with HttpClient("spacex", url, Patience(attempts=1), tmp_path) as client:
        whole = client.get("/v4/cores").body
        with monkeypatch.context() as patched, suppress(PlatformError):
            patched.setattr(os, "replace", break_off)
            client.get("/v4/rockets")
        with monkeypatch.context() as patched, suppress(PlatformError):
            patched.setattr(os, "replace", break_off)
            client.get("/v4/payloads")
        for path in ("/v4/rockets", "/v4/payloads"):
            assert client.get(path).document
        assert client.get("/v4/cores").body == whole


def test_without_a_cache_everything_is_asked() -> None:
    with answering(ok(**CACHED)) as api, client_of(api.url) as client:
        client.get("/x")
        client.get("/x")
        assert len(api.asked) == 2


def test_a_broken_answer_in_the_cache_is_asked_for_anew(tmp_path: Path, waits: list[float]) -> None:
    broken = Response('{"fine": tr', headers={"Cache-Control": "max-age=300"}, content_type="application/json")
    with answering(broken, ok(**CACHED)) as api:
        with HttpClient("spacex", api.url, HASTY, tmp_path / "cache") as client:
            assert client.get("/x").document == FINE
            assert client.get("/x").document == FINE
        assert len(api.asked) == 2


def test_a_cache_that_cannot_be_written_is_a_matter_of_settings(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        answering(ok(**CACHED)) as api,
        pytest.raises(ConfigError) as told,
        HttpClient("spacex", api.url, HASTY, tmp_path / "file" / "cache") as client,
    ):
        client.get("/x")
    assert "ETL_HTTP__CACHE" in told.value.hint


def test_an_address_that_is_none_is_a_matter_of_settings() -> None:
    with client_of("nonsense://somewhere") as client, pytest.raises(ConfigError):
        client.get("/x")


# Addresses and reasons


def test_an_answer_says_what_was_asked_with_its_query() -> None:
    with answering(ok()) as api, client_of(api.url) as client:
        answer = client.get("/v1/archive", {"latitude": "52.07,52.17", "daily": "temperature_2m_max"})
        assert answer.url == f"{api.url}/v1/archive?latitude=52.07%2C52.17&daily=temperature_2m_max"
        assert answer.url.endswith(f"?{api.asked[0].query_string.decode()}")
        assert client.get("/x").url == f"{api.url}/x"


@pytest.mark.parametrize("name", ["apikey", "api_key", "key", "access_token", "X-Amz-Signature", "client_secret"])
def test_a_secret_in_the_query_is_asked_with_and_not_told(name: str) -> None:
    with answering(ok()) as api, client_of(api.url) as client:
        assert client.get("/x", {name: "hunter2", "keywords": "a&b"}).url == f"{api.url}/x?{name}=***&keywords=a%26b"
        assert api.asked[0].args[name] == "hunter2"


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:9", "nonsense://somewhere"])
@pytest.mark.parametrize("reply", [status(400, "No."), status(500), broken_off(), Response("{"), trickle()])
def test_an_error_names_no_query(waits: list[float], base_url: str | None, reply: Reply) -> None:
    patience = Patience(read_s=0.05, attempts=1)
    with (
        answering(reply) as api,
        client_of(base_url or api.url, patience) as client,
        pytest.raises(PlatformError) as told,
    ):
        client.get("/x", {"latitude": "52.07," * 1_000, "apikey": "hunter2"})
    assert "latitude" not in str(told.value)
    assert "hunter2" not in str(told.value)
    assert len(str(told.value)) < 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"error": true, "reason": "Latitude must be in range of -90 to 90\\u00b0. Given: 91.0."}', "Given: 91.0"),
        (
            '{"reason":"Minutely API request limit exceeded. Please try again in one minute.","error":true}',
            "one minute",
        ),
        (
            '{"error": {"code": "API_KEY_INVALID", "message": "An invalid api_key was supplied."}}',
            "api_key was supplied",
        ),
        ('{"padding": "' + "x" * 3_000 + '", "message": "behind a long list"}', "behind a long list"),
        ('{"error": "in one word"}', "in one word"),
        ('{"error": true}', '{"error": true}'),
        ('["nothing known"]', '["nothing known"]'),
    ],
)
def test_the_reason_of_an_error_is_told_in_words(waits: list[float], text: str, said: str) -> None:
    reply = Response(text, 400, content_type="application/json")
    with answering(reply) as api, client_of(api.url) as client, pytest.raises(SourceContractError) as told:
        client.get("/x")
    assert told.value.message.startswith(f"{api.url}/x answered 400 (")
    assert told.value.message.endswith(f"{said}).")


def test_a_reason_without_end_is_cut(waits: list[float]) -> None:
    with answering(status(400, "x" * 10_000)) as api, client_of(api.url) as client:
        with pytest.raises(SourceContractError) as told:
            client.get("/x")
        assert told.value.message == f"{api.url}/x answered 400 ({'x' * 200})."


# Budget


class Ledger:
    """A budget that notes what is spent, and after how many requests that were; it admits so many."""

    def __init__(self, api: Api, admits: int = 100) -> None:
        self.api, self.admits = api, admits
        self.spent: list[tuple[int, float]] = []

    def spend(self, weight: float) -> None:
        if len(self.spent) == self.admits:
            raise SourceUnavailableError("The budget is spent.", hint="Later.", retry_after_s=0)
        self.spent.append((len(self.api.asked), weight))


@contextmanager
def client_with(ledger: Ledger, cache: Path | None = None) -> Iterator[HttpClient]:
    with HttpClient("spacex", ledger.api.url, HASTY, cache, budget=ledger) as client:
        yield client


def test_a_request_spends_its_weight_before_it_is_made() -> None:
    with answering(ok()) as api, client_with(ledger := Ledger(api)) as client:
        client.get("/x")
        client.get("/x", weight=391.07)
        client.post("/x", {}, weight=2)
    assert ledger.spent == [(0, 1), (1, 391.07), (2, 2)]


def test_each_further_try_spends_too(waits: list[float]) -> None:
    with answering(status(429), broken_off(), ok()) as api, client_with(ledger := Ledger(api)) as client:
        assert client.get("/x", weight=7).document == FINE
    assert ledger.spent == [(0, 7), (1, 7), (2, 7)]


def test_a_budget_that_is_spent_ends_the_tries_and_nothing_is_asked(waits: list[float]) -> None:
    with answering(status(429)) as api, client_with(Ledger(api, admits=2)) as client:
        with pytest.raises(SourceUnavailableError, match="The budget is spent"):
            client.get("/x")
        assert len(api.asked) == 2
    assert len(waits) == 2


def test_the_time_for_tries_begins_when_the_request_is_admitted(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    try_again = stamina.retry_context

    def begin(*args: Any, **knobs: Any) -> Any:
        begun.append(len(ledger.spent))
        return try_again(*args, **knobs)

    monkeypatch.setattr(stamina, "retry_context", begin)
    with answering(ok()) as api, client_with(ledger := Ledger(api)) as client:
        client.get("/x")
    assert begun == [1]


def test_what_the_cache_had_kept_costs_nothing(tmp_path: Path) -> None:
    with answering(ok(**CACHED)) as api, client_with(ledger := Ledger(api), tmp_path) as client:
        for _ in range(3):
            assert client.get("/x", {"page": "1"}).document == FINE
        client.get("/x", {"page": "2"})
        client.post("/x", {})
        client.post("/x", {})
        assert len(api.asked) == 4
    assert [asked for asked, _ in ledger.spent] == [0, 1, 2, 3]


def test_an_answer_that_is_only_confirmed_costs_like_any_other(tmp_path: Path) -> None:
    replies = ok(ETag='"v1"', Cache_Control="no-cache"), Response(status=304, headers={"ETag": '"v1"'})
    with answering(*replies) as api, client_with(ledger := Ledger(api), tmp_path) as client:
        client.get("/x")
        assert client.get("/x").document == FINE
    assert [asked for asked, _ in ledger.spent] == [0, 1]


def test_a_kept_answer_that_is_broken_costs_when_it_is_asked_for_anew(tmp_path: Path, waits: list[float]) -> None:
    broken = Response('{"fine": tr', headers={"Cache-Control": "max-age=300"}, content_type="application/json")
    with answering(broken, ok(**CACHED)) as api:
        with client_with(ledger := Ledger(api), tmp_path) as client:
            assert client.get("/x").document == FINE
            assert client.get("/x").document == FINE
        assert len(api.asked) == 2
    assert [asked for asked, _ in ledger.spent] == [0, 1]


def test_a_cache_that_cannot_be_read_is_a_matter_of_settings_with_a_budget_too(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        answering(ok(**CACHED)) as api,
        pytest.raises(ConfigError) as told,
        client_with(Ledger(api), tmp_path / "file" / "cache") as client,
    ):
        client.get("/x")
    assert "ETL_HTTP__CACHE" in told.value.hint


# Metrics


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (ok(), "200"),
        (status(404), "404"),
        (status(500), "500"),
        (broken_off(), "broken"),
        (trickle(), "broken"),
        (Response("<html>", content_type="text/html"), "broken"),
        (Response("{", content_type="application/json"), "broken"),
    ],
    ids=["ok", "gone", "failed", "cut", "slow", "html", "no JSON"],
)
def test_each_answer_is_measured_by_its_outcome(
    metrics: Callable[[], Collector], waits: list[float], reply: Response, outcome: str
) -> None:
    with (
        answering(reply) as api,
        client_of(api.url, Patience(read_s=0.2, attempts=1)) as client,
        suppress(PlatformError),
    ):
        client.get("/x")
    [(labels, seconds)] = metrics().of("etl_request_duration_seconds").items()
    assert labels == ("spacex", outcome)
    assert 0 < seconds < 2000
    assert metrics().of("etl_request_retries_total") == {}


def test_no_answer_is_an_outcome_and_each_further_try_a_retry(
    metrics: Callable[[], Collector], waits: list[float]
) -> None:
    with client_of("http://127.0.0.1:9") as client, suppress(SourceUnavailableError):
        client.get("/x")
    sent = [(value.name, tuple(value.labels.values())) for value in metrics().values]
    assert sent.count(("etl_request_duration_seconds", ("spacex", "no_answer"))) == HASTY.attempts
    assert sent.count(("etl_request_retries_total", ("spacex",))) == HASTY.attempts - 1


@pytest.mark.parametrize(
    ("remaining", "limit", "left"),
    [
        ("250", "1000", 0.25),
        ("0", "1000", 0),
        ("2000", "1000", 1),
        ("1", "0", None),
        ("-1", "10", None),
        ("1", "", None),
        ("1;w=60", "10", None),
        ("\u00b2", "10", None),
        ("9" * 5000, "10", None),
    ],
)
def test_the_quota_left_is_what_the_api_tells(
    metrics: Callable[[], Collector], remaining: str, limit: str, left: float | None
) -> None:
    told = ok(X_RateLimit_Remaining=remaining, X_RateLimit_Limit=limit)
    with answering(told) as api, client_of(api.url) as client:
        client.get("/x")
    assert metrics().of("etl_source_quota_remaining_ratio") == ({} if left is None else {("spacex",): left})


def test_a_refusal_tells_the_quota_too(metrics: Callable[[], Collector]) -> None:
    refused = status(429, Retry_After="3600", X_RateLimit_Remaining="0", X_RateLimit_Limit="10")
    with answering(refused) as api, client_of(api.url) as client, suppress(SourceUnavailableError):
        client.get("/x")
    assert metrics().of("etl_source_quota_remaining_ratio") == {("spacex",): 0}


def test_what_the_cache_had_kept_is_no_answer_of_the_api(metrics: Callable[[], Collector], tmp_path: Path) -> None:
    told = ok(Cache_Control="max-age=300", X_RateLimit_Remaining="5", X_RateLimit_Limit="10")
    with answering(told) as api, HttpClient("spacex", api.url, HASTY, tmp_path) as client:
        client.get("/x")
        client.get("/x")
        assert len(api.asked) == 1
    assert [value.name for value in metrics().values] == [
        "etl_source_quota_remaining_ratio",
        "etl_request_duration_seconds",
    ]
