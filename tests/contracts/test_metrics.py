"""Every declared metric is sent, with exactly its labels: real runs, a real collector; and the page says so."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from etl import sources
from etl.pipeline import steps
from etl.simulate import server
from etl.simulate.faults import Faults, parse_fault
from etl.sources.spacex import simulator as spacex
from etl.sources.spacex.snapshot import load
from etl.telemetry.metrics import METRICS, Kind, Metric
from tests.cli.conftest import environment, libpq
from tests.cli.forks import forks
from tests.collector import Collector, collector, free_port
from tests.conftest import MakeDatabase

ON_THE_WIRE = {Kind.COUNTER: "c", Kind.GAUGE: "g", Kind.HISTOGRAM: "ms"}
SOURCE = sources.load("spacex")
SILVER = {dataset.name for dataset in SOURCE.datasets}
ENDPOINTS = {endpoint.name for endpoint in SOURCE.endpoints}
GOLD = {table.name for table in SOURCE.gold}


class Pods:
    """Runs commands as pods do, one after the other, in one lake and one warehouse."""

    def __init__(self, home: Path, dsn: str) -> None:
        self._home = home
        ours = {"ETL_LAKE__URL": str(home / "lake"), "ETL_STATSD__HOST": "127.0.0.1", "ETL_HTTP__ATTEMPTS": "3"}
        self._settings = libpq(dsn) | ours

    def run(self, *arguments: str, url: str, expected: int = 0) -> Collector:
        """What the command sent; each has a collector of its own."""
        with collector() as heard:
            settings = {"ETL_STATSD__PORT": str(heard.port), "ETL_SPACEX__BASE_URL": url}
            done = forks().run(arguments, self._home, environment(self._settings | settings))
        assert done.returncode == expected, done.stderr
        return heard


@pytest.fixture(scope="module")
def api() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def simulated(api: ExitStack, *faults: str, launches: int = 205) -> str:
    plan = Faults([parse_fault(fault) for fault in faults])
    app = spacex.make_app(plan, {"launches": load()["launches"][:launches]})
    return api.enter_context(server.serve(app)).url


@pytest.fixture(scope="module")
def pods(make_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pods]:
    with make_database() as dsn:
        yield Pods(tmp_path_factory.mktemp("pods"), dsn)


@pytest.fixture(scope="module")
def well(pods: Pods, api: ExitStack) -> list[Collector]:
    """A first run on which all goes well, as three pods."""
    url = simulated(api)
    return [pods.run(*command, "spacex", url=url) for command in (["check"], ["extract", "--transform"], ["publish"])]


@pytest.fixture(scope="module")
def again(pods: Pods, api: ExitStack, well: list[Collector]) -> Collector:
    """The same once more."""
    return pods.run("run", "spacex", url=simulated(api))


@pytest.fixture(scope="module")
def ill(pods: Pods, api: ExitStack, again: Collector) -> Collector:
    """A run that meets all sorts of trouble and comes through."""
    url = simulated(
        api,
        "quota=250@/v5",
        "rate_limit=0@/v5",
        "cut@/v5",
        "malformed:name@/v5",
        "changed_field:wikipedia@/v4/landpads",
    )
    return pods.run("run", "spacex", url=url)


@pytest.fixture(scope="module")
def failed(pods: Pods, api: ExitStack, ill: Collector) -> Collector:
    """A run whose audits find that most launches are gone."""
    return pods.run("run", "spacex", url=simulated(api, launches=100), expected=os.EX_DATAERR)


@pytest.fixture(scope="module")
def unreachable(pods: Pods) -> Collector:
    return pods.run("check", "spacex", url=f"http://127.0.0.1:{free_port()}", expected=os.EX_TEMPFAIL)


@pytest.fixture(scope="module")
def everything(
    well: list[Collector], again: Collector, ill: Collector, failed: Collector, unreachable: Collector
) -> list[Collector]:
    return [*well, again, ill, failed, unreachable]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_declared_metric_is_sent_with_exactly_its_labels(everything: list[Collector], metric: Metric) -> None:
    sent = [value for heard in everything for value in heard.values if value.name == metric.name]
    assert sent
    assert {(value.kind, tuple(value.labels)) for value in sent} == {(ON_THE_WIRE[metric.kind], metric.labels)}


def test_nothing_else_is_sent(everything: list[Collector]) -> None:
    sent = {value.name for heard in everything for value in heard.values}
    assert sent == {metric.name for metric in METRICS}


def test_each_step_is_delivered_when_it_ends(well: list[Collector]) -> None:
    """What a later step's pod suffers cannot take it back."""
    by_batch = [
        [line.split("step=")[1].split(":")[0] for line in batch if line.startswith("etl_step_duration_seconds")]
        for heard in well
        for batch in heard.batches
    ]
    assert [batch for batch in by_batch if batch] == [[step] for step in steps.names(steps.everything("warehouse"))]


def test_rows_are_counted_on_their_way(well: list[Collector], again: Collector) -> None:
    _, extract, publish = well
    transformed = {dataset: rows for (dataset, _), rows in extract.of("etl_rows_total").items()}
    assert transformed.keys() == SILVER
    assert (transformed["spacex_launches"], transformed["spacex_launch_cores"]) == (205, 215)
    rows = publish.of("etl_rows_total")
    assert {dataset: rows[dataset, "stage"] for dataset in SILVER} == transformed
    assert {dataset: rows[dataset, "publish"] for dataset in SILVER} == transformed
    assert {dataset for dataset, step in rows if step == "publish"} == SILVER | GOLD
    assert {step for _, step in again.of("etl_rows_total")} == {"transform", "stage"}, "nothing new is published"
    assert {dataset for (dataset,) in publish.of("etl_copy_duration_seconds")} == SILVER


def test_bytes_and_unknown_fields_are_reported_for_every_endpoint(well: list[Collector]) -> None:
    received = [value for value in well[1].values if value.name == "etl_received_bytes_total"]
    assert {value.labels["dataset"] for value in received} == ENDPOINTS
    assert len(received) == len(ENDPOINTS) + 2, "launches come in three pages"
    assert well[1].of("etl_unknown_fields") == {(name,): 0 for name in ENDPOINTS}


def test_a_run_counts_by_how_it_ended(well: list[Collector], again: Collector, failed: Collector) -> None:
    assert well[2].of("etl_runs_total") == {("spacex", "published"): 1}
    assert again.of("etl_runs_total") == {("spacex", "unchanged"): 1}
    assert failed.of("etl_runs_total") == {("spacex", "failed"): 1}


def test_a_source_is_up_if_it_answers_as_it_should(
    well: list[Collector], failed: Collector, unreachable: Collector
) -> None:
    up, down = {("spacex",): 1}, {("spacex",): 0}
    assert [heard.of("etl_source_up") for heard in well] == [up, up, {}]
    assert failed.of("etl_source_up") == up, "it is not the API's fault that an audit fails"
    assert unreachable.of("etl_source_up") == down


@pytest.mark.parametrize(
    ("command", "fault", "expected"),
    [
        ("check", "server_error*", os.EX_TEMPFAIL),
        ("check", "html*", os.EX_PROTOCOL),
        ("check", "repeat_page*", 0),
        ("extract", "empty*@/v4/cores", os.EX_PROTOCOL),
        ("extract", "server_error*@/v4/payloads", os.EX_TEMPFAIL),
    ],
)
def test_a_source_is_down_if_it_does_not(pods: Pods, api: ExitStack, command: str, fault: str, expected: int) -> None:
    heard = pods.run(command, "spacex", url=simulated(api, fault), expected=expected)
    assert heard.of("etl_source_up") == {("spacex",): 1 if expected == 0 else 0}
    assert heard.of("etl_source_withdrawn") == {("spacex",): 0}


def test_a_source_that_is_gone_is_distinguished_from_one_that_is_down(pods: Pods, api: ExitStack) -> None:
    heard = pods.run("check", "spacex", url=f"{simulated(api)}/v0", expected=os.EX_UNAVAILABLE)
    assert heard.of("etl_source_up") == {("spacex",): 0}
    assert heard.of("etl_source_withdrawn") == {("spacex",): 1}


def test_a_lake_that_fails_says_nothing_about_the_source(pods: Pods, api: ExitStack, tmp_path: Path) -> None:
    elsewhere = Pods(tmp_path, "postgresql:///none")
    (tmp_path / "lake").write_text("a file where a folder should be")
    heard = elsewhere.run("extract", "spacex", url=simulated(api), expected=os.EX_NOPERM)
    assert heard.of("etl_source_up") == {}
    assert heard.of("etl_errors_total") == {("spacex", "extract", "AccessError"): 1}


def test_transient_failures_are_measured(ill: Collector) -> None:
    assert ill.of("etl_source_quota_remaining_ratio") == {("spacex",): 0.25}
    assert {outcome for _, outcome in ill.of("etl_request_duration_seconds")} == {"200", "429", "broken"}
    assert sum(value.value for value in ill.values if value.name == "etl_request_retries_total") == 2
    assert ill.of("etl_refused_records_total") == {("spacex_launches", "string_type"): 1}
    assert ill.of("etl_unknown_fields")["spacex_landpads",] == 2
    assert ill.of("etl_errors_total") == {}


def test_drift_is_reported_even_if_it_fails_the_run(pods: Pods, api: ExitStack) -> None:
    url = simulated(api, "changed_field*@/v4/rockets")
    heard = pods.run("extract", "spacex", "--transform", url=url, expected=os.EX_PROTOCOL)
    assert heard.of("etl_unknown_fields")["spacex_rockets",] == 2
    assert heard.of("etl_refused_records_total") == {("spacex_rockets", "missing"): 4}
    assert heard.of("etl_errors_total") == {("spacex", "extract", "SourceContractError"): 1}
    assert heard.of("etl_source_up") == {("spacex",): 1}, "it answered, and the records are kept"


def test_an_error_that_ends_a_command_is_counted_by_its_class(failed: Collector, unreachable: Collector) -> None:
    assert failed.of("etl_errors_total") == {("spacex", "run", "AuditError"): 1}
    assert unreachable.of("etl_errors_total") == {("spacex", "check", "SourceUnavailableError"): 1}
