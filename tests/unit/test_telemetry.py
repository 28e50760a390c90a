"""Metrics are declared once and sent as declared; log lines carry what is bound to them."""

import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from etl.telemetry import logs, metrics
from etl.telemetry.metrics import METRICS, ROWS, RUNS, SOURCE_QUOTA, STEP_DURATION, Kind, Metric
from tests.collector import Collector, collector

OF_PROMETHEUS = {"job", "namespace", "pod", "service", "endpoint", "container", "instance"}
UNITS = {"seconds", "bytes", "ratio"}


@pytest.fixture
def exporter() -> Iterator[Collector]:
    """A TCP server that stands for the StatsD exporter."""
    with collector() as heard:
        metrics.configure_metrics("127.0.0.1", heard.port)
        yield heard
        metrics.configure_metrics(None, 0)


def heard(exporter: Collector) -> str:
    metrics.flush()
    [line] = exporter.lines
    return line


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_counter_is_sent_with_its_labels(exporter: Collector) -> None:
    ROWS.send(215, step="transform", dataset="spacex_launch_cores")
    assert heard(exporter) == "etl_rows_total,dataset=spacex_launch_cores,step=transform:215|c"


def test_seconds_are_sent_as_the_milliseconds_that_statsd_counts(exporter: Collector) -> None:
    STEP_DURATION.send(1.5, source="spacex", step="publish")
    assert heard(exporter) == "etl_step_duration_seconds,source=spacex,step=publish:1500.000000|ms"


def test_a_gauge_is_sent(exporter: Collector) -> None:
    SOURCE_QUOTA.send(0.25, source="spacex")
    assert heard(exporter) == "etl_source_quota_remaining_ratio,source=spacex:0.25|g"


@pytest.mark.parametrize("value", ["127.0.0.1:8900", "a,b=c", "x|c", "two words", "line\nbreak"])
def test_a_label_cannot_break_the_line(exporter: Collector, value: str) -> None:
    SOURCE_QUOTA.send(1, source=value)
    line = heard(exporter)
    assert line.count(":") == line.count("|") == line.count(",") == line.count("=") == 1
    assert line.endswith(":1|g")


@pytest.mark.parametrize("labels", [{}, {"source": "spacex"}, {"source": "x", "status": "y", "more": "z"}])
def test_an_undeclared_or_missing_label_is_a_bug_even_if_nobody_listens(labels: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="etl_runs_total carries the labels"):
        RUNS.send(1, **labels)


def test_without_a_host_nothing_is_kept_or_sent() -> None:
    metrics.configure_metrics(None, 9125)
    RUNS.send(1, source="spacex", status="published")
    metrics.flush()
    metrics.close()


def test_every_declared_metric_is_listed_once() -> None:
    declared = [thing for thing in vars(metrics).values() if isinstance(thing, Metric)]
    assert declared == list(METRICS)
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_declared_metric_is_named_as_prometheus_wants(metric: Metric) -> None:
    assert re.fullmatch(r"etl_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
    assert metric.name.endswith("_seconds") is (metric.kind is Kind.HISTOGRAM) is (metric.unit == "seconds")
    if metric.unit in UNITS:
        assert metric.name.removesuffix("_total").endswith(f"_{metric.unit}")
    assert metric.about.endswith(".")
    assert not OF_PROMETHEUS & set(metric.labels), "Prometheus adds these itself"
    assert "run_id" not in metric.labels, "a series for each run would never end"


def test_log_lines_are_json_with_what_is_bound(capsys: pytest.CaptureFixture[str], fresh_logs: None) -> None:
    logs.configure_logs(json=True)
    with structlog.contextvars.bound_contextvars(run_id="r1", step="stage"):
        logs.log.info("went well", rows=3)
        logs.log.debug("not told")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "went well", "level": "info", "rows": 3, "run_id": "r1", "step": "stage"}


def test_log_lines_for_people_are_text_without_colour_in_a_file(
    capsys: pytest.CaptureFixture[str], fresh_logs: None
) -> None:
    logs.configure_logs(json=False, level=logging.DEBUG)
    logs.log.debug("told", rows=3)
    line = capsys.readouterr().err
    assert "told" in line
    assert "rows=3" in line
    assert "\x1b" not in line
