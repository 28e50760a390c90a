"""Metrics reach a StatsD server as declared; log lines carry what is bound to them."""

import json
import logging
import socket
from collections.abc import Iterator

import pytest
import structlog

from etl import telemetry
from etl.telemetry import METRICS, ROWS, RUNS, STEP_DURATION, Kind, Metric


@pytest.fixture
def exporter() -> Iterator[socket.socket]:
    """A UDP socket that stands for the StatsD exporter."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(2)
        telemetry.configure_metrics("127.0.0.1", listening.getsockname()[1])
        yield listening
        telemetry.configure_metrics(None, 0)


def heard(exporter: socket.socket) -> str:
    return exporter.recv(2000).decode()


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_counter_is_sent_with_its_labels(exporter: socket.socket) -> None:
    ROWS.send(215, dataset="spacex_launch_cores", step="transform")
    assert heard(exporter) == "etl_rows,dataset=spacex_launch_cores,step=transform:215|c"


def test_seconds_are_sent_as_the_milliseconds_that_statsd_counts(exporter: socket.socket) -> None:
    STEP_DURATION.send(1.5, source="spacex", step="publish")
    assert heard(exporter) == "etl_step_duration_seconds,source=spacex,step=publish:1500.000000|ms"


def test_a_gauge_is_sent(exporter: socket.socket) -> None:
    Metric("etl_level", Kind.GAUGE, "Level.").send(3)
    assert heard(exporter) == "etl_level:3|g"


@pytest.mark.parametrize("value", ["127.0.0.1:8900", "a,b=c", "x|c", "two words", "line\nbreak"])
def test_a_label_cannot_break_the_line(exporter: socket.socket, value: str) -> None:
    Metric("etl_level", Kind.COUNTER, "Level.", ("host",)).send(1, host=value)
    packet = heard(exporter)
    assert packet.count(":") == packet.count("|") == packet.count(",") == packet.count("=") == 1
    assert packet.endswith(":1|c")


@pytest.mark.parametrize("labels", [{}, {"source": "spacex"}, {"source": "x", "status": "y", "more": "z"}])
def test_an_undeclared_or_missing_label_is_a_bug(labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="etl_runs carries the labels"):
        RUNS.send(1, **labels)


def test_without_a_host_nothing_is_sent() -> None:
    telemetry.configure_metrics(None, 9125)
    RUNS.send(1, source="spacex", status="published")


def test_nobody_listening_does_no_harm() -> None:
    telemetry.configure_metrics("127.0.0.1", 9)
    RUNS.send(1, source="spacex", status="published")
    RUNS.send(1, source="spacex", status="published")
    telemetry.configure_metrics(None, 0)


def test_an_unknown_host_is_told_and_does_no_harm(capsys: pytest.CaptureFixture[str], fresh_logs: None) -> None:
    telemetry.configure_logs(json=True)
    telemetry.configure_metrics("no-such-host.invalid", 9125)
    RUNS.send(1, source="spacex", status="published")
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["host"]) == ("warning", "no-such-host.invalid")


def test_metrics_are_declared_once_in_base_units() -> None:
    declared = [thing for thing in vars(telemetry).values() if isinstance(thing, Metric)]
    assert sorted(metric.name for metric in declared) == sorted({metric.name for metric in METRICS})
    for metric in METRICS:
        assert metric.name.startswith("etl_")
        assert metric.about.endswith(".")
        assert metric.name.endswith("_seconds") is (metric.kind is Kind.TIMER)


def test_log_lines_are_json_with_what_is_bound(capsys: pytest.CaptureFixture[str], fresh_logs: None) -> None:
    telemetry.configure_logs(json=True)
    with structlog.contextvars.bound_contextvars(run_id="r1", step="stage"):
        telemetry.log.info("went well", rows=3)
        telemetry.log.debug("not told")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "went well", "level": "info", "rows": 3, "run_id": "r1", "step": "stage"}


def test_log_lines_for_people_are_text_without_colour_in_a_file(
    capsys: pytest.CaptureFixture[str], fresh_logs: None
) -> None:
    telemetry.configure_logs(json=False, level=logging.DEBUG)
    telemetry.log.debug("told", rows=3)
    line = capsys.readouterr().err
    assert "told" in line
    assert "rows=3" in line
    assert "\x1b" not in line
