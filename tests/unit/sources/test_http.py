"""The HTTP client waits, tries again and gives up as it should."""

import base64
import gzip
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest
import stamina
from pydantic import SecretStr
from werkzeug.wrappers import Request, Response

from etl.core.api import RetryPolicy
from etl.core.auth import Auth, BasicAuth, HeaderKey, QueryKey
from etl.core.documents import BrokenPageError
from etl.core.errors import (
    AccessError,
    ConfigError,
    PlatformError,
    SourceContractError,
    SourceUnavailableError,
    SourceWithdrawnError,
)
from etl.simulate.faults import Fault
from etl.sources.http.client import HttpClient
from tests.collector import Collector
from tests.conftest import HASTY, Simulate, client_of
from tests.unit.sources.conftest import Api, Clock, Reply, answering, ok, status

FINE = {"fine": True}


def broken_off(body: bytes = b'{"fine": tr', promised: int = 100, code: int = 200, **headers: str) -> Response:
    """Promises more bytes than it sends, then hangs up."""
    headers = {"Content-Length": str(promised), "Connection": "close", **headers}
    return Response([body], code, headers, content_type="application/json")


def trickle(clock: Clock, code: int = 200, **headers: str) -> Response:
    """Without end, a drop at a time; with `Transfer_Encoding="chunked"` each drop is a chunk."""
    names = {name.replace("_", "-"): value for name, value in headers.items()} or {"Content-Length": "1000000000"}
    drop = b"1\r\n \r\n" if headers else b" "

    def drops() -> Iterator[bytes]:
        while True:
            yield drop
            clock.sleep(0.1)

    return Response(drops(), code, names, content_type="application/json")


# Waiting


def test_a_retry_after_is_waited_for_in_earnest() -> None:
    with answering(status(429, Retry_After="0.2"), ok()) as api, client_of(api.url) as client:
        begin = time.monotonic()
        assert client.get("/x").document == FINE
        assert time.monotonic() - begin >= 0.2
        assert len(api.asked) == 2


def test_a_retry_after_replaces_our_own_wait(waits: list[float]) -> None:
    with (
        answering(status(429, Retry_After="1"), status(503, Retry_After="3"), ok()) as api,
        client_of(api.url) as client,
    ):
        assert client.get("/x").document == FINE
    assert waits == [1, 3]


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
def test_a_retry_after_beyond_our_patience_gives_up_immediately(waits: list[float], value: str, said: str) -> None:
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
        client_of(api.url, RetryPolicy(attempts=6, wait_s=1)) as client,
        pytest.raises(SourceUnavailableError),
    ):
        client.get("/x")
    assert all(low <= wait <= low + 1 for wait, low in zip(waits, [1, 2, 4, 8, 9], strict=True))


def test_tries_end_with_their_time(clock: Clock) -> None:
    with (
        answering(status(500)) as api,
        client_of(api.url, RetryPolicy(attempts=50, retry_s=60, wait_s=1)) as client,
    ):
        with pytest.raises(SourceUnavailableError):
            client.get("/x")
        assert len(api.asked) == len(clock.slept) + 1
    assert 60 <= clock.now < 60 + 10, "what is over at the next try is noticed before its wait, of 10 s at most"


# Trying again


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504, 507, 520, 522, 524, 529, 530])
def test_a_transient_failure_is_retried(waits: list[float], code: int) -> None:
    with answering(status(code), ok()) as api, client_of(api.url) as client:
        assert client.post("/x", {}).document == FINE
        assert len(api.asked) == 2


def test_a_refusal_that_says_when_to_ask_again_is_a_limit(waits: list[float]) -> None:
    with answering(status(403, "Too often.", Retry_After="3"), ok()) as api, client_of(api.url) as client:
        assert client.get("/x").document == FINE
    assert waits == [3]


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
        (501, SourceContractError),
        (505, SourceContractError),
        (511, SourceContractError),
    ],
)
def test_a_refusal_is_never_retried(waits: list[float], code: int, expected: type[PlatformError]) -> None:
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
def test_a_broken_answer_is_retried_and_then_given_up(waits: list[float], reply: Reply) -> None:
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


def test_an_answer_in_another_language_is_not_retried(simulate: Simulate, waits: list[float]) -> None:
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
def test_an_error_whose_text_is_unreadable_is_still_one_clean_line(waits: list[float], reply: Reply) -> None:
    with answering(reply) as api, client_of(api.url) as client, pytest.raises(SourceUnavailableError) as told:
        client.get("/x")
    assert told.value.message.startswith(f"{api.url}/x answered 500")
    assert told.value.message.isprintable()
    assert "<" not in told.value.message


# Time


def test_an_api_that_does_not_answer_is_reported_with_the_reason(waits: list[float]) -> None:
    with (
        client_of("http://127.0.0.1:9") as client,
        pytest.raises(SourceUnavailableError, match=r"^127\.0\.0\.1:9 does not answer: Connection refused\.$"),
    ):
        client.get("/x")
    assert len(waits) == HASTY.attempts - 1


def test_an_answer_that_does_not_begin_in_time_is_given_up(waits: list[float]) -> None:
    given_up = threading.Event()

    def late(_: Request) -> Response:
        given_up.wait()
        return ok()

    with answering(late) as api, client_of(api.url, RetryPolicy(read_s=0.05, attempts=2)) as client:
        with pytest.raises(SourceUnavailableError, match=r"does not answer: .*timed out"):
            client.get("/x")
        given_up.set()


@pytest.mark.parametrize("headers", [{}, {"Transfer_Encoding": "chunked"}], ids=["whole", "chunked"])
@pytest.mark.parametrize(("code", "said"), [(200, r"answers too slowly: not done after 10 s"), (500, "answered 500")])
def test_an_answer_that_trickles_is_given_up_in_time(
    clock: Clock, code: int, said: str, headers: dict[str, str]
) -> None:
    policy = RetryPolicy(read_s=10, attempts=2, retry_s=10**9)  # drops fall until the server sees that nobody reads
    with answering(lambda _: trickle(clock, code, **headers)) as api, client_of(api.url, policy) as client:
        with pytest.raises(SourceUnavailableError, match=said):
            client.get("/x")
        assert len(api.asked) == 2


def test_an_invalid_url_is_a_matter_of_settings() -> None:
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
def test_a_secret_in_the_query_is_sent_and_never_shown(name: str) -> None:
    with answering(ok()) as api, client_of(api.url) as client:
        assert client.get("/x", {name: "hunter2", "keywords": "a&b"}).url == f"{api.url}/x?{name}=***&keywords=a%26b"
        assert api.asked[0].args[name] == "hunter2"


@pytest.mark.parametrize("base_url", [None, "http://127.0.0.1:9", "nonsense://somewhere"])
@pytest.mark.parametrize("reply", [status(400, "No."), status(500), broken_off(), Response("{"), None])
def test_an_error_names_no_query(clock: Clock, base_url: str | None, reply: Reply | None) -> None:
    with (
        answering(reply or trickle(clock)) as api,
        client_of(base_url or api.url, RetryPolicy(attempts=1)) as client,
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
def test_the_reason_for_an_error_is_shown_in_words(waits: list[float], text: str, said: str) -> None:
    reply = Response(text, 400, content_type="application/json")
    with answering(reply) as api, client_of(api.url) as client, pytest.raises(SourceContractError) as told:
        client.get("/x")
    assert told.value.message.startswith(f"{api.url}/x answered 400 (")
    assert told.value.message.endswith(f"{said}).")


def test_an_endless_reason_is_cut(waits: list[float]) -> None:
    with answering(status(400, "x" * 10_000)) as api, client_of(api.url) as client:
        with pytest.raises(SourceContractError) as told:
            client.get("/x")
        assert told.value.message == f"{api.url}/x answered 400 ({'x' * 200})."


# What is not JSON


def test_a_picture_comes_as_it_is() -> None:
    picture = Response(b"\x89PNG\r\n\x1a\n\x00", content_type="image/png")
    with answering(picture) as api, client_of(api.url) as client:
        answer = client.get("/x", accept="image/*")
        assert answer.body == b"\x89PNG\r\n\x1a\n\x00"
        assert answer.headers["content-type"] == "image/png"
        assert api.asked[0].headers["Accept"] == "image/*"
        with pytest.raises(BrokenPageError):
            _ = answer.document
        with pytest.raises(SourceContractError, match="answered image/png where JSON was expected"):
            client.get("/x")


def test_a_page_in_place_of_a_picture_is_refused() -> None:
    with (
        answering(Response("<html>", content_type="text/html")) as api,
        client_of(api.url) as client,
        pytest.raises(SourceContractError, match=r"answered text/html where image/\* was expected"),
    ):
        client.get("/x", accept="image/*")


# Keys

KEY = "hunter2/hunter2+hunter2"
SECRET_KEY = SecretStr(KEY)
WAYS_IN = [
    QueryKey("apikey", SECRET_KEY),
    HeaderKey("X-Api-Key", SECRET_KEY),
    HeaderKey("Authorization", SECRET_KEY, prefix="Bearer "),
    BasicAuth("user", SECRET_KEY),
]


def carried(request: Request) -> bool:
    """Whether a request holds the key, in any of the ways that these tests use."""
    of_basic = base64.b64encode(f"user:{KEY}".encode()).decode()
    return any(form in f"{request.args.to_dict()}{dict(request.headers)}" for form in (KEY, of_basic))


@pytest.mark.parametrize("auth", WAYS_IN, ids=lambda auth: type(auth).__name__)
def test_a_key_is_sent_and_never_comes_back(waits: list[float], auth: Auth) -> None:
    forms = [
        KEY,
        "hunter2%2Fhunter2%2Bhunter2",
        "hunter2\\/hunter2+hunter2",
        "hunter2/hunter2%2bhunter2",
        *auth.secrets(),
    ]
    quoted = ", ".join(f'"{form}"' for form in forms)
    told = Response(f"[{quoted}]", headers={"Link": f'</x?apikey={KEY}>; rel="next"'})
    told.headers["Content-Type"] = "application/json"
    refused = status(400, f"The key {KEY} is not good enough.")
    broken = Response(f'{{"key": {KEY}', content_type="application/json")
    with answering(told, refused, broken) as api, client_of(api.url, auth=auth) as client:
        answer = client.get("/x", {"page": "1"})
        assert answer.url == f"{api.url}/x?page=1"
        errors = []
        for ask in (client.get, lambda path: client.post(path, {})):
            with pytest.raises(PlatformError) as caught:
                ask("/x")
            errors.append("".join(traceback.format_exception(caught.value)) + caught.value.hint)
    assert all(map(carried, api.asked))
    kept = f"{answer!r} {answer.document} {client!r} {auth!r} {errors}"
    assert "hunter2" not in kept
    assert all(form not in kept for form in forms)


@pytest.mark.parametrize("auth", WAYS_IN, ids=lambda auth: type(auth).__name__)
@pytest.mark.parametrize("base_url", ["http://127.0.0.1:9", "nonsense://somewhere"])
def test_a_key_is_in_no_error_of_an_api_that_cannot_be_asked(waits: list[float], auth: Auth, base_url: str) -> None:
    with client_of(base_url, auth=auth) as client, pytest.raises(PlatformError) as caught:
        client.get("/x", {"page": "1"})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("auth", WAYS_IN, ids=lambda auth: type(auth).__name__)
def test_a_redirect_carries_the_key_within_the_api_and_to_no_other_host(auth: Auth) -> None:
    def away(request: Request) -> Response:
        query = "&".join(f"{name}={quote(value)}" for name, value in request.args.items())
        return Response(status=302, headers={"Location": f"{other.url}/y?{query}&again={quote(KEY)}"})

    to_itself = Response(status=307, headers={"Location": "/z"})
    with answering(ok()) as other, answering(to_itself, away, ok()) as api, client_of(api.url, auth=auth) as client:
        assert client.get("/x", {"page": "1"}).document == FINE
    assert [request.path for request in api.asked] == ["/x", "/z"]
    assert all(map(carried, api.asked))
    assert [request.path for request in other.asked] == ["/y"]
    assert not carried(other.asked[0])


@pytest.mark.parametrize("auth", WAYS_IN, ids=lambda auth: type(auth).__name__)
def test_another_server_gets_neither_the_key_nor_the_blame(waits: list[float], auth: Auth) -> None:
    with answering(ok(), status(404, "Not Found")) as other, client_of("http://127.0.0.1:9", auth=auth) as client:
        there = client.elsewhere(other.url)
        assert there.get("/x").document == FINE
        with pytest.raises(SourceWithdrawnError, match=other.url):
            there.get("/y")
    assert not any(map(carried, other.asked))


def test_a_key_of_the_same_name_in_a_link_is_replaced() -> None:
    with answering(ok()) as api, client_of(api.url, auth=QueryKey("apikey", SECRET_KEY)) as client:
        answer = client.get("/x?apikey=***&page=2&page=3")
        assert answer.url == f"{api.url}/x?apikey=***&page=2&page=3"
    assert list(api.asked[0].args.items(multi=True)) == [("page", "2"), ("page", "3"), ("apikey", KEY)]


def test_a_user_and_a_password_in_the_base_url_are_in_no_error(waits: list[float]) -> None:
    with client_of("http://user:hunter2@127.0.0.1:9") as client, pytest.raises(SourceUnavailableError) as caught:
        client.get("/x")
    assert caught.value.message == "127.0.0.1:9 does not answer: Connection refused."


# Links


def test_a_link_of_the_api_is_followed_and_no_other() -> None:
    with answering(ok()) as api, client_of(f"{api.url}/v1") as client:
        assert client.get(f"{api.url.replace('http:', 'https:')}/v2/x?page=2").url == f"{api.url}/v2/x?page=2"
        with pytest.raises(SourceContractError, match=r"leads to example\.org, which was not asked"):
            client.get("https://user:hunter2@example.org/x")
        assert len(api.asked) == 1


# Proxies and threads


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_asked_without_a_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    moved = Response(status=302, headers={"Location": "/y"})
    with answering(moved, ok()) as api, client_of(api.url.replace("127.0.0.1", host)) as client:
        assert client.get("/x").document == FINE


def test_any_other_host_is_asked_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with answering(ok()) as proxy, client_of("http://api.example.org") as client:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert client.get("/x").document == FINE
        assert proxy.asked[0].host == "api.example.org"


@pytest.mark.parametrize(
    ("proxy", "error", "says"),
    [
        ("http://user:hunter2@127.0.0.1:9", SourceUnavailableError, "does not answer: Connection refused (through"),
        ("http://user:hunter2@127.0.0.1:999999", ConfigError, "(through a proxy)"),
        ("://user:hunter2", ConfigError, "(through a proxy)"),
        ("socks9://user:hunter2@127.0.0.1:9", ConfigError, "through the proxy that is set"),
        ("gopher://user:hunter2@127.0.0.1:9", ConfigError, "unsupported scheme gopher"),
    ],
)
def test_a_proxy_that_is_to_blame_is_blamed_and_its_password_never_shown(
    monkeypatch: pytest.MonkeyPatch, waits: list[float], proxy: str, error: type[PlatformError], says: str
) -> None:
    through(monkeypatch, proxy)
    with client_of("https://api.example.org") as client, pytest.raises(error) as caught:
        client.get("/x")
    assert says in caught.value.message
    assert "HTTPS_PROXY" in caught.value.hint
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_login_is_blamed_and_not_the_api(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with refusing_proxy() as url, client_of(f"{scheme}://api.example.org") as client:
        through(monkeypatch, url)
        with pytest.raises(AccessError) as caught:
            client.get("/x")
    assert "HTTPS_PROXY" in caught.value.hint


def through(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name.lower(), raising=False)
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("HTTPS_PROXY", proxy)


@contextmanager
def refusing_proxy() -> Iterator[str]:
    """Answers every request, and CONNECT, that a login is needed."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(407, "Proxy Authentication Required")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_CONNECT = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as serving:
        thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


# Redirects


def redirect(to: str, code: int = 302) -> Response:
    return Response(status=code, headers={"Location": to})


def test_a_host_that_a_redirect_leads_to_is_blamed_for_its_own_answers(waits: list[float]) -> None:
    with answering(status(404)) as other, answering(redirect(f"{other.url}/y?key=hunter2")) as api:
        with client_of(api.url) as client, pytest.raises(SourceWithdrawnError) as caught:
            client.get("/x")
        host = api.url.removeprefix("http://")
        assert caught.value.message == f"{other.url}/y, to which {host} redirects, answered 404."


def test_a_host_that_a_redirect_leads_to_is_blamed_for_its_silence(waits: list[float]) -> None:
    away = redirect("http://user:hunter2@127.0.0.1:9/y?key=hunter2")
    with (
        answering(away) as api,
        client_of(api.url) as client,
        pytest.raises(SourceUnavailableError) as caught,
    ):
        client.get("/x")
    host = api.url.removeprefix("http://")
    assert caught.value.message == f"127.0.0.1:9, to which {host} redirects, does not answer: Connection refused."
    assert "base URL" in caught.value.hint


def test_a_query_that_a_redirect_would_lose_is_not_taken_for_an_answer() -> None:
    with answering(ok()) as other, answering(redirect(f"{other.url}/y", 301)) as api, client_of(api.url) as client:
        with pytest.raises(ConfigError, match="what is sent with POST is lost") as caught:
            client.post("/x", {"limit": 1})
        assert other.url in caught.value.hint


def test_a_redirect_that_keeps_the_query_is_followed() -> None:
    with answering(ok()) as other, answering(redirect(f"{other.url}/y", 308)) as api, client_of(api.url) as client:
        assert client.post("/x", {"limit": 1}).document == FINE
    assert other.asked[0].get_json() == {"limit": 1}


def test_threads_share_a_client_and_no_connection() -> None:
    ready = threading.Barrier(8)

    def ask(number: int) -> str:
        ready.wait()
        return client.get("/x", {"number": str(number)}).url

    def who(request: Request) -> Response:
        connections.add(request.environ["REMOTE_PORT"])
        return ok()

    connections: set[str] = set()
    with answering(who) as api, client_of(api.url) as client, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [f"{api.url}/x?number={number}" for number in range(8)]
    assert len(connections) == 8


# Budget


class Ledger:
    """A budget that records what is spent, and after how many requests; it admits only the first `admits`."""

    def __init__(self, api: Api, admits: int = 100) -> None:
        self.api, self.admits = api, admits
        self.spent: list[tuple[int, float]] = []

    def spend(self, weight: float) -> None:
        if len(self.spent) == self.admits:
            raise SourceUnavailableError("The budget is spent.", hint="Later.", retry_after_s=0)
        self.spent.append((len(self.api.asked), weight))


@contextmanager
def client_with(ledger: Ledger) -> Iterator[HttpClient]:
    with HttpClient("spacex", ledger.api.url, HASTY, budget=ledger) as client:
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

    def begin(*args: Any, **settings: Any) -> Any:
        begun.append(len(ledger.spent))
        return try_again(*args, **settings)

    monkeypatch.setattr(stamina, "retry_context", begin)
    with answering(ok()) as api, client_with(ledger := Ledger(api)) as client:
        client.get("/x")
    assert begun == [1]


# Metrics


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (ok(), "200"),
        (status(404), "404"),
        (status(500), "500"),
        (broken_off(), "broken"),
        (None, "broken"),
        (Response("<html>", content_type="text/html"), "broken"),
        (Response("{", content_type="application/json"), "broken"),
    ],
    ids=["ok", "gone", "failed", "cut", "slow", "html", "no JSON"],
)
def test_each_answer_is_measured_by_its_outcome(
    metrics: Callable[[], Collector], clock: Clock, reply: Response | None, outcome: str
) -> None:
    """None stands for an answer that trickles."""

    def answer(_: Request) -> Response:
        clock.sleep(0.25)
        return reply or trickle(clock)

    with (
        answering(answer) as api,
        client_of(api.url, RetryPolicy(read_s=10, attempts=1)) as client,
        suppress(PlatformError),
    ):
        client.get("/x")
    [(labels, seconds)] = metrics().of("etl_request_duration_seconds").items()
    assert labels == ("spacex", outcome)
    assert seconds >= 10_000 if reply is None else seconds == 250, "in milliseconds"
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
def test_the_quota_left_is_what_the_api_reports(
    metrics: Callable[[], Collector], remaining: str, limit: str, left: float | None
) -> None:
    told = ok(X_RateLimit_Remaining=remaining, X_RateLimit_Limit=limit)
    with answering(told) as api, client_of(api.url) as client:
        client.get("/x")
    assert metrics().of("etl_source_quota_remaining_ratio") == ({} if left is None else {("spacex",): left})


def test_a_refusal_reports_the_quota_too(metrics: Callable[[], Collector]) -> None:
    refused = status(429, Retry_After="3600", X_RateLimit_Remaining="0", X_RateLimit_Limit="10")
    with answering(refused) as api, client_of(api.url) as client, suppress(SourceUnavailableError):
        client.get("/x")
    assert metrics().of("etl_source_quota_remaining_ratio") == {("spacex",): 0}
