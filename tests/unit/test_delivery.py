"""Values arrive once, whatever the collector does, and a run hardly waits for them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from etl.telemetry import delivery
from etl.telemetry.delivery import Delivery
from tests.collector import collector, free_port, hung

A_FEW_SECONDS = delivery.UNDER_WAY_S + delivery.AT_THE_END_S + 5  # and 5 s for a busy machine


@pytest.fixture
def said() -> Iterator[list[Any]]:
    """The log lines of the test."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time to deliver."""
    for limit in ("UNDER_WAY_S", "AT_THE_END_S", "ATTEMPT_S"):
        monkeypatch.setattr(delivery, limit, 60)


@pytest.mark.usefixtures("unhurried")
def test_a_flush_delivers_what_was_added_in_its_order() -> None:
    with collector() as heard:
        to = Delivery("127.0.0.1", heard.port)
        to.incr("a", 1)
        to.gauge("b", 2)
        to.flush()
        assert heard.batches == [["a:1|c", "b:2|g"]]
        to.incr("c", 3)
        to.close()
        assert heard.lines == ["a:1|c", "b:2|g", "c:3|c"]


def test_nothing_to_say_makes_no_connection() -> None:
    with collector() as heard:
        to = Delivery("127.0.0.1", heard.port)
        to.flush()
        to.close()
        assert heard.batches == []


@pytest.mark.usefixtures("unhurried")
def test_a_flush_returns_when_the_collector_has_read_everything() -> None:
    with collector(slow_s=0.2) as heard:
        to = Delivery("127.0.0.1", heard.port)
        to.incr("a", 1)
        to.flush()
        assert heard.lines == ["a:1|c"]


def test_a_flushed_value_survives_a_kill() -> None:
    code = (
        "import os, signal, sys; from etl.telemetry.delivery import Delivery; "
        "to = Delivery('127.0.0.1', int(sys.argv[1])); "
        "to.incr('a', 1); to.flush(); to.incr('b', 1); os.kill(os.getpid(), signal.SIGKILL)"
    )
    with collector() as heard:
        done = subprocess.run([sys.executable, "-c", code, str(heard.port)])
        assert done.returncode == -signal.SIGKILL
        assert heard.lines == ["a:1|c"]


@pytest.mark.usefixtures("unhurried")
def test_a_collector_that_comes_late_gets_everything_once() -> None:
    port = free_port()
    to = Delivery("127.0.0.1", port)
    for number in range(3):
        to.incr("a", number)
        to.flush()
    with collector(port) as heard:
        to.flush()
        to.close()
    assert heard.lines == ["a:0|c", "a:1|c", "a:2|c"]


@pytest.mark.usefixtures("unhurried")
def test_a_collector_that_comes_while_we_end_gets_everything() -> None:
    port = free_port()
    to = Delivery("127.0.0.1", port)
    to.incr("a", 1)
    ending = threading.Thread(target=to.close)
    ending.start()
    time.sleep(0.3)
    with collector(port) as heard:
        ending.join()
        assert heard.lines == ["a:1|c"]


@pytest.mark.usefixtures("unhurried")
def test_a_collector_that_was_restarted_is_found_again() -> None:
    with collector() as before:
        to = Delivery("127.0.0.1", before.port)
        to.incr("a", 1)
        to.flush()
    with collector(before.port) as after:
        to.incr("b", 1)
        to.flush()
        assert (before.lines, after.lines) == (["a:1|c"], ["b:1|c"])


def test_a_missing_collector_costs_little_and_is_reported_once(said: list[Any]) -> None:
    port, begin = free_port(), time.monotonic()
    to = Delivery("127.0.0.1", port)
    for _ in range(50):
        to.incr("a", 1)
        to.flush()
    assert time.monotonic() - begin < A_FEW_SECONDS
    to.close()
    assert time.monotonic() - begin < A_FEW_SECONDS
    [told] = said
    assert (told["log_level"], told["event"], told["values"]) == ("warning", "metrics may be lost", 50)
    assert (told["host"], told["port"], told["reason"]) == ("127.0.0.1", port, "Connection refused")


def test_a_hung_collector_costs_a_few_seconds_in_all_and_is_reported_once(said: list[Any]) -> None:
    begin = time.monotonic()
    with hung() as port:
        to = Delivery("127.0.0.1", port)
        for _ in range(50):
            to.incr("a", 1)
            to.flush()
        to.close()
    assert time.monotonic() - begin < A_FEW_SECONDS
    assert len(said) == 1


def test_a_hung_resolver_costs_a_few_seconds_in_all(said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()

    def never(*_: object, **__: object) -> list[object]:
        answered.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", never)
    begin = time.monotonic()
    to = Delivery("exporter.example", 9125)
    for _ in range(10):
        to.incr("a", 1)
        to.flush()
    to.close()
    answered.set()
    assert time.monotonic() - begin < A_FEW_SECONDS
    assert [line["reason"] for line in said] == ["exporter.example could not be looked up in time"]


def test_an_unknown_host_is_reported_and_does_no_harm(said: list[Any]) -> None:
    to = Delivery("no-such-host.invalid", 9125)
    to.incr("a", 1)
    to.close()
    assert [line["host"] for line in said] == ["no-such-host.invalid"]


def test_a_slow_collector_gets_everything_at_the_end_but_does_not_slow_a_run_down_forever() -> None:
    begin = time.monotonic()
    with collector(slow_s=0.6) as heard:
        to = Delivery("127.0.0.1", heard.port)
        for number in range(20):
            to.incr("a", number)
            to.flush()
        to.close()
        assert heard.lines == [f"a:{number}|c" for number in range(20)]
    assert time.monotonic() - begin < A_FEW_SECONDS


def test_what_has_left_is_never_sent_again(said: list[Any]) -> None:
    """The collector reads it all and hangs up in a way that leaves open whether it did."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        to = Delivery("127.0.0.1", listening.getsockname()[1])
        to.incr("a", 1)
        flushing = threading.Thread(target=to.flush)
        flushing.start()
        connection, _ = listening.accept()
        with connection:
            assert connection.recv(100) == b"a:1|c\n"
            linger_not_at_all = (1).to_bytes(4, sys.byteorder) + (0).to_bytes(4, sys.byteorder)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not_at_all)
        flushing.join()
        port = listening.getsockname()[1]
    with collector(port) as heard:
        to.flush()
        to.close()
    assert heard.lines == []
    assert [line["event"] for line in said] == ["metrics may be lost"]


def test_something_else_at_that_port_is_reported(said: list[Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        to = Delivery("127.0.0.1", listening.getsockname()[1])
        to.incr("a", 1)
        flushing = threading.Thread(target=to.flush)
        flushing.start()
        connection, _ = listening.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n")
        flushing.join()
    assert [line["reason"] for line in said] == ["it answers, which no StatsD exporter does"]


@pytest.mark.usefixtures("unhurried")
def test_threads_that_send_and_flush_lose_and_double_nothing() -> None:
    with collector() as heard:
        to = Delivery("127.0.0.1", heard.port)

        def work(name: str) -> None:
            for number in range(100):
                to.incr(f"{name}", number)
                if number % 10 == 0:
                    to.flush()

        workers = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        to.close()
        assert sorted(heard.lines) == sorted(f"{name}:{number}|c" for name in "abcd" for number in range(100))


def test_memory_is_bounded_while_nobody_takes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    to = Delivery("127.0.0.1", port)
    for number in range(delivery.MOST + 5):
        to.incr("a", number)
    with collector(port) as heard:
        to.close()
    assert (len(heard.lines), heard.lines[0]) == (delivery.MOST, "a:5|c")


@pytest.mark.parametrize("sent", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)])
def test_a_run_that_is_ended_delivers_what_it_has(sent: signal.Signals, tmp_path: object) -> None:
    """The API it asks lets it in and never answers, so it is under way when the signal comes."""
    with collector() as heard, hung() as api:
        settings = {
            "ETL_STATSD__HOST": "127.0.0.1",
            "ETL_STATSD__PORT": str(heard.port),
            "ETL_SPACEX__BASE_URL": f"http://127.0.0.1:{api}",
            "ETL_HTTP__READ_TIMEOUT_S": "1",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "etl", "extract", "spacex"],
            env={**{k: v for k, v in os.environ.items() if not k.startswith(("ETL_", "PG"))}, **settings},
            stderr=subprocess.PIPE,
            cwd=str(tmp_path),
            text=True,
        )
        assert process.stderr is not None
        assert "asking again" in process.stderr.readline()
        process.send_signal(sent)
        process.communicate(timeout=60)
        assert process.returncode == (143 if sent == signal.SIGTERM else 130)
        assert heard.of("etl_request_duration_seconds").keys() == {("spacex", "no_answer")}
        assert heard.of("etl_request_retries_total") == {("spacex",): 1}
