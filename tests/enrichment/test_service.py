"""The service over real HTTP: whom it answers, what it refuses and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from structlog.testing import capture_logs

from enrichment.facts.measure import facts_of
from enrichment.facts.record import FACTS_VERSION
from enrichment.service import keys, settings
from enrichment.service.app import create_app
from enrichment.subjects.describe import NoModel
from enrichment.subjects.record import Description, ImageSubject
from tests.conftest import ROOT
from tests.enrichment import pictures
from tests.enrichment.pictures import encoded, galaxy, mixed
from tests.enrichment.serving import KEY, KEYS, OLD_KEY, Service, environment, held_mb, running
from tests.waiting import eventually

PICTURE = encoded(galaxy())
PASS = {
    "diameter_min_km": 0.1,
    "diameter_max_km": 0.3,
    "velocity_kph": 50_000.0,
    "miss_distance_km": 2_000_000.0,
    "hazardous": True,
}


def problem(answer: requests.Response) -> tuple[int, str]:
    """Status and kind of a refusal, once it has the form that all have."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    details = answer.json()
    assert set(details) == {"type", "title", "status", "detail", "hint"}
    assert details["status"] == answer.status_code
    assert details["detail"]
    assert details["hint"]
    return answer.status_code, details["type"].removeprefix("urn:enrichment:problem:")


def raw(service: Service, content: bytes) -> socket.socket:
    """A connection on which these bytes were sent."""
    address = urlsplit(service.url)
    connection = socket.create_connection((address.hostname or "", address.port or 0), timeout=60)
    connection.sendall(content)
    return connection


def status_line(connection: socket.socket) -> str:
    with connection.makefile("rb") as answer:
        return answer.readline().decode().strip()


def head(path: str, **headers: object) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


# What it says


def test_the_service_says_what_the_functions_say(service: Service) -> None:
    answer = service.post(data=PICTURE)
    assert answer.status_code == 200
    description = Description.model_validate_json(answer.content)
    assert description.facts == facts_of(PICTURE)
    assert (description.subject_by_image.subject, description.subject_by_image.reason) == (
        None,
        "no model is installed",
    )


@pytest.mark.parametrize("way", ["octets", "chunked", "alias", "again"])
def test_a_picture_may_be_sent_in_several_ways(way: str, service: Service) -> None:
    path = "/image-metadata" if way == "alias" else "/v1/images"
    headers = {"Content-Type": "application/octet-stream"} if way == "octets" else {}
    data: Any = iter([PICTURE[:500], PICTURE[500:]]) if way == "chunked" else PICTURE
    assert service.post(path, data, headers=headers).json()["facts"] == json.loads(facts_of(PICTURE).model_dump_json())


def test_what_is_known_is_not_worked_on_again(service: Service) -> None:
    data = encoded(galaxy(seed=50))
    service.post(data=data)
    worked = service.metric('enrichment_step_duration_seconds_count{step="decode"}')
    assert service.post(data=data).status_code == 200
    assert service.metric('enrichment_step_duration_seconds_count{step="decode"}') == worked


def test_a_batch_has_an_answer_for_each_picture_and_compares_texts(service: Service) -> None:
    files = [("pictures", ("a", PICTURE)), ("pictures", ("b", b"no picture")), ("pictures", ("a", PICTURE))]
    texts = [{"title": "Comet over Berlin"}, {"title": ""}, {"title": "A galaxy", "explanation": "This galaxy is far."}]
    answer = service.post("/v1/images:batch", files=[*files, ("texts", (None, json.dumps(texts)))])
    first, second, third = answer.json()["items"]
    assert first["description"]["facts"] == third["description"]["facts"]
    assert first["description"]["subject_by_text"] == {"subject": "comet", "evidence": "Comet"}
    assert third["description"]["subject_by_text"]["subject"] == "galaxy"
    assert (second["description"], second["problem"]["status"]) == (None, 415)


@pytest.mark.parametrize("path", ["/v1/neo/assessment", "/neo-threat-score"])
def test_a_pass_is_assessed(path: str, service: Service) -> None:
    said = service.post(path, json=PASS).json()
    assert said["attention"] == "pha_close"
    assert said["seed_threat_score"] == pytest.approx(0.3 * 0.2 + 0.2 * 0.5 + 0.2 / 2_000_000 + 0.3)
    assert said["miss_distance_ld"] == pytest.approx(5.203, abs=0.001)


def test_whoever_operates_it_needs_no_key(service: Service) -> None:
    assert [service.get(path).status_code for path in ("/livez", "/readyz", "/metrics", "/openapi.json")] == [200] * 4
    assert service.get("/version").json() == {"facts_version": FACTS_VERSION, "model_version": None}


# Whom it answers


@pytest.mark.parametrize(
    "key",
    [None, "", "wrong", "schlüssel".encode().decode("latin-1"), KEYS],
    ids=["none", "empty", "wrong", "not ASCII", "hash"],
)
@pytest.mark.parametrize("path", ["/v1/images", "/v1/images:batch", "/image-metadata", "/v1/neo/assessment"])
def test_nobody_is_answered_without_a_key(key: str | None, path: str, service: Service) -> None:
    answer = service.post(path, PICTURE, key=key)
    assert problem(answer) == (401, "key")
    assert "WWW-Authenticate" in answer.headers


def test_several_keys_are_valid_and_lines_say_whose_was_used(service: Service) -> None:
    assert service.post(data=PICTURE, key=OLD_KEY).status_code == 200
    eventually(lambda: "old" in {line.get("caller") for line in service.lines})
    assert OLD_KEY not in json.dumps(service.lines)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "ENRICHMENT_KEYS is not set"),
        ({"keys": ""}, "should hold at least one key"),
        ({"keys": "pipeline:secret"}, "should be NAME:HASH"),
        ({"keys": f"{KEYS},{KEYS}"}, "with different names"),
        ({"keys": KEYS, "wokers": 3}, "Unknown setting: ENRICHMENT_WOKERS"),
        ({"keys": KEYS, "workers": 0}, "ENRICHMENT_WORKERS Input should be greater"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_missing_or_wrong_setting_is_named(
    values: dict[str, object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"ENRICHMENT_{name.upper()}", str(value))
    with pytest.raises(settings.SettingsError) as refusal:
        settings.load()
    assert told in refusal.value.message
    assert "secret" not in refusal.value.message
    assert refusal.value.hint


def test_it_does_not_start_without_keys() -> None:
    command = [sys.executable, "-m", "enrichment.service"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == os.EX_CONFIG
    assert done.stderr == (
        "error: The service cannot start: ENRICHMENT_KEYS is not set.\n"
        "hint: Make a key: python -m enrichment.service key NAME.\n"
    )


def test_a_new_key_fits_the_hash_that_is_printed_with_it() -> None:
    command = [sys.executable, "-m", "enrichment.service", "key", "somebody"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"somebody:{keys.hashed(done.stderr.split()[-1])}\n"


# What it refuses


def test_a_url_is_refused_with_the_reason_and_the_way_that_works(service: Service) -> None:
    answer = service.post("/image-metadata", json={"image_url": "http://169.254.169.254/", "is_s3": False})
    assert problem(answer) == (422, "fetches-nothing")
    assert "--data-binary" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("data", "headers", "expected"),
    [
        (PICTURE, {"Content-Type": "image/svg+xml"}, (415, "media-type")),
        (PICTURE, {"Content-Type": ""}, (415, "media-type")),
        (b"no picture", {}, (415, "unknown-format")),
        (b"", {}, (415, "unknown-format")),
        (PICTURE[:900], {}, (422, "broken-picture")),
        (pictures.png(60_000, 60_000), {}, (413, "too-large")),
        (bytes(20_000_001), {}, (413, "too-large")),
        (iter([bytes(1_000_000)] * 21), {}, (413, "too-large")),
    ],
    ids=["SVG", "no type", "text", "nothing", "truncated", "bomb", "declared too long", "streamed too long"],
)
def test_a_body_is_refused(data: Any, headers: dict[str, str], expected: tuple[int, str], service: Service) -> None:
    assert problem(service.post(data=data, headers=headers)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"hazardous": 0},
        {"hazardous": None},
        {"velocity_kph": "fast"},
        {"velocity_kph": "50000"},
        {"miss_distance_km": -1},
        {"diameter_min_km": 0},
        {"is_sentry": True},
    ],
    ids=str,
)
def test_a_pass_that_is_not_exactly_as_asked_is_refused(change: dict[str, Any], service: Service) -> None:
    assert problem(service.post("/v1/neo/assessment", json=PASS | change)) == (422, "invalid")


@pytest.mark.parametrize("text", ["{", "[]", '{"velocity_kph": NaN}', '{"velocity_kph": 1e999}', "\udcff"])
def test_what_is_not_the_json_asked_for_is_refused(text: str, service: Service) -> None:
    data = text.encode("utf-8", "surrogateescape")
    answer = service.post("/v1/neo/assessment", data, headers={"Content-Type": "application/json"})
    assert problem(answer) == (422, "invalid")


@pytest.mark.parametrize(
    "files",
    [
        [("pictures", ("a", PICTURE))] * 17,
        [("other", ("a", PICTURE))],
        [("pictures", (None, "text"))],
        [("pictures", ("a", PICTURE)), ("texts", (None, "[]"))],
        [("pictures", ("a", PICTURE)), ("texts", (None, '[{"titel": ""}]'))],
    ],
    ids=["17 pictures", "another part", "no file", "texts for others", "a misspelt text"],
)
def test_a_form_is_refused(files: Any, service: Service) -> None:
    assert problem(service.post("/v1/images:batch", files=files)) == (422, "invalid")


def test_other_paths_and_methods_are_problems_too(service: Service) -> None:
    assert problem(service.get("/v2/images")) == (404, "http")
    answer = service.get("/v1/images")
    assert problem(answer) == (405, "http")
    assert answer.headers["Allow"] == "POST"


# Many at once, slow ones, and the end


def test_slow_senders_are_told_so_and_hold_nothing() -> None:
    begun = head("/v1/images", X_API_Key=KEY, Content_Type="image/png", Content_Length=1000) + b"x"
    with running(send_seconds=1) as service:
        connections = [raw(service, begun) for _ in range(20)]
        for slow in connections:
            with slow:
                assert status_line(slow) == "HTTP/1.1 408 Request Timeout"
        with raw(service, b"") as silent, raw(service, b"POST /v1/images HTTP/1.1\r\nHost: ") as hesitant:
            assert [status_line(silent), status_line(hesitant)] == ["", ""]
        assert service.metric("enrichment_held_bytes") == 0


def test_who_asks_for_leave_to_send_is_refused_before_it_sends(service: Service) -> None:
    asked = {"X_API_Key": KEY, "Content_Type": "image/png", "Content_Length": 10**12, "Expect": "100-continue"}
    began = time.monotonic()
    with raw(service, head("/v1/images", **asked)) as careful:
        assert status_line(careful) == "HTTP/1.1 413 Request Entity Too Large"
    assert time.monotonic() - began < 10, "nothing is waited for"


def test_fifty_senders_at_once_get_their_answer_or_are_told_when_to_come_again(service: Service) -> None:
    """Each picture is another one, so that none is remembered; some are large, so that memory would grow."""
    base = encoded(galaxy(200, 150, seed=3))
    before = service.peak_mb()

    def send(number: int) -> requests.Response:
        padding = bytes(2_000_000) if number % 2 else b""
        return service.post(data=base + padding + number.to_bytes(2, "big"))

    with ThreadPoolExecutor(50) as senders:
        answers = list(senders.map(send, range(50)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 429}
    assert statuses[200] >= 10, "there are two workers and eight places in the queue"
    assert all(problem(answer) == (429, "busy") for answer in answers if answer.status_code == 429)
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429)
    assert service.peak_mb() - before < 200
    assert [service.metric(f"enrichment_{name}") for name in ("held_bytes", "pictures_waiting")] == [0, 0]


def test_told_to_end_it_finishes_what_it_was_given() -> None:
    with running(workers=1, waiting=20) as service:
        large = encoded(galaxy(2000, 1400), compress_level=1)
        with ThreadPoolExecutor(16) as senders:
            asked = [senders.submit(service.post, data=large + bytes([n])) for n in range(16)]
            while service.metric("enrichment_pictures_waiting") < 2:
                assert not all(one.done() for one in asked), "they were answered before it could be told"
            service.process.send_signal(signal.SIGTERM)
            assert [one.result().status_code for one in asked] == [200] * 16
        assert service.process.wait(30) == 0
    with pytest.raises(requests.ConnectionError):
        service.get("/livez")
    assert service.lines[-1]["event"] == "ended"


def test_a_bug_is_a_problem_too_and_says_nothing_of_its_cause() -> None:
    class Broken(NoModel):
        def subject_of(self, rgb: object) -> ImageSubject:
            raise RuntimeError("secret")

    app = create_app(settings.Settings(keys={"tests": keys.hashed(KEY)}), Broken())
    sent: list[Any] = []
    headers = [(b"x-api-key", KEY.encode()), (b"content-type", b"image/png")]
    scope = {"type": "http", "method": "POST", "path": "/v1/images", "headers": headers, "query_string": b""}

    async def ask() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": PICTURE, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)

    with pytest.raises(RuntimeError, match="secret"), capture_logs() as lines:
        asyncio.run(ask())
    assert [line["event"] for line in lines] == ["request failed", "answered"]
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["type"] == "urn:enrichment:problem:bug"
    assert b"secret" not in sent[1]["body"]


@pytest.mark.thorough
def test_a_thousand_mixed_pictures_leave_no_trace_in_memory() -> None:
    mixed = [*pictures.odd().values(), *pictures.bombs().values(), PICTURE[:700]]
    with running(cached=100) as service:

        def send(numbers: range) -> None:
            for number in numbers:
                answer = service.post(data=mixed[number % len(mixed)] + number.to_bytes(4, "big"))
                assert answer.status_code in (200, 413, 415, 422)

        send(range(200))
        warm = service.peak_mb()
        send(range(200, 1000))
        assert service.peak_mb() - warm < 30
        assert service.peak_mb() < 400


@pytest.mark.thorough
def test_a_thousand_pictures_of_all_kinds_leave_memory_as_it_was() -> None:
    """What it remembers about each of them is a few kilobytes; whatever else stayed would show."""
    held, statuses = {}, set[int]()
    with running() as service:
        for number, data in enumerate(mixed(1_000), 1):
            statuses.add(service.post(data=data).status_code)
            held[number] = held_mb(service.process.pid, "VmRSS")
        assert service.peak_mb() < 400
    assert statuses == {200, 422}

    def typical(last: int) -> float:  # a single figure may hold a picture whose answer has just been sent
        return median(held[number] for number in range(last - 99, last + 1))

    assert typical(1_000) < typical(500) + 10
    assert typical(1_000) < typical(100) + 40
