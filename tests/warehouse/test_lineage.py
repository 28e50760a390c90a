"""Lineage: what a real run sends to a real HTTP server, in the form that OpenLineage publishes."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openlineage.client import OpenLineageClient
from referencing import Registry, Resource

from etl.core.errors import AuditError
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline, Summary
from etl.postgres.connection import Warehouse
from etl.simulate.faults import Fault
from etl.telemetry import lineage
from etl.telemetry.lineage import Lineage
from tests.conftest import Simulate, client_of, spacex_at

AIRFLOW = "airflow/spacex/01890a5d-ac96-774b-bcce-b302099a8057"
Event = dict[str, Any]


@contextmanager
def server(answer: Callable[[], int]) -> Iterator[tuple[str, list[Event]]]:
    """A lineage server: its URL and the events that it received."""
    received: list[Event] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = answer()
            if status < 300:
                received.append(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}", received
        finally:
            listening.shutdown()


def run(url: str, warehouse: Warehouse, lake: Lake, api: str, **environ: str) -> Summary:
    """A whole run that is listened to."""
    listener = Lineage(OpenLineageClient(config={"transport": {"type": "http", "url": url}}), environ)
    source = spacex_at(api)
    try:
        with client_of(source.api.base_url) as client:
            return Pipeline(source, lake, 0.05, LocalEngine(), listener).run(client, warehouse, None)
    finally:
        listener.close()


@pytest.fixture
def events(warehouse: Warehouse, lake: Lake, simulate: Simulate) -> list[Event]:
    with server(lambda: 201) as (url, received):
        run(url, warehouse, lake, simulate(), OPENLINEAGE_PARENT_ID=AIRFLOW)
    return received


def of(events: list[Event], job: str, state: str = "COMPLETE") -> Event:
    [found] = [event for event in events if event["job"]["name"] == job and event["eventType"] == state]
    return found


def test_each_step_starts_and_completes_within_the_run_within_airflows(events: list[Event]) -> None:
    steps = ("check", "extract", "transform", "stage", "audit", "publish")
    jobs = ["spacex", *(f"spacex.{step}" for step in steps)]
    assert [(e["job"]["name"], e["eventType"]) for e in events] == [
        ("spacex", "START"),
        *((job, state) for job in jobs[1:] for state in ("START", "COMPLETE")),
        ("spacex", "COMPLETE"),
    ]
    whole = of(events, "spacex")
    assert whole["run"]["facets"]["parent"]["run"]["runId"] == AIRFLOW.rpartition("/")[2]
    airflow = whole["run"]["facets"]["parent"]["job"]
    assert (airflow["namespace"], airflow["name"]) == ("airflow", "spacex")
    for job in jobs[1:]:
        start, end = of(events, job, "START")["run"], of(events, job)["run"]
        assert start["runId"] == end["runId"]
        assert end["facets"]["parent"]["run"]["runId"] == whole["run"]["runId"]


def test_data_is_followed_from_the_api_to_gold_by_table_and_column(events: list[Event]) -> None:
    extract, transform, publish = (of(events, f"spacex.{step}") for step in ("extract", "transform", "publish"))
    outputs = {data["name"]: data for data in extract["outputs"]}
    assert outputs["bronze/spacex_launches"]["outputFacets"]["outputStatistics"]["rowCount"] == 205
    assert {data["name"] for data in transform["inputs"]} == set(outputs)
    published = {data["name"]: data for data in publish["outputs"]}
    assert published["silver.spacex_launches"]["outputFacets"]["outputStatistics"]["rowCount"] == 205
    assert published["silver.spacex_launches"]["namespace"].startswith("postgres://localhost:")
    gold = published["gold.core_reuses"]["facets"]
    assert "days_since_previous" in {field["name"] for field in gold["schema"]["fields"]}
    [made_of] = gold["columnLineage"]["fields"]["serial"]["inputFields"]
    assert (made_of["name"], made_of["field"]) == ("silver.spacex_cores", "serial")


def test_what_is_sent_is_what_openlineage_publishes(events: list[Event]) -> None:
    place = os.environ.get("OPENLINEAGE_SPEC")
    if place is None:
        pytest.skip("needs OpenLineage's JSON schemas, the folder spec/ of its repository, in $OPENLINEAGE_SPEC")
    schemas = [json.loads(file.read_text()) for file in Path(place).rglob("*.json") if file.parent.name != "tests"]
    named = [schema for schema in schemas if isinstance(schema, dict) and "$id" in schema]
    registry: Registry[Any] = Registry().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in named]
    )
    known = {schema["$id"]: schema for schema in named}
    event_schema = next(schema for url, schema in known.items() if url.endswith("/OpenLineage.json"))
    run_event = event_schema | {"oneOf": [{"$ref": "#/$defs/RunEvent"}]}
    facets = []
    for event in events:
        Draft202012Validator(run_event, registry=registry).validate(event)
        facets += [*event["run"]["facets"].items(), *event["job"]["facets"].items()]
        for data in (*event["inputs"], *event["outputs"]):
            facets += [*data["facets"].items(), *data.get("outputFacets", {}).items()]
    checked = set()
    for name, facet in facets:
        url = facet["_schemaURL"].partition("#")[0]
        if url in known:
            Draft202012Validator(known[url], registry=registry).validate({name: facet})
            checked.add(name)
    assert {"parent", "jobType", "schema", "columnLineage", "outputStatistics"} <= checked


def test_a_run_that_fails_says_why(warehouse: Warehouse, lake: Lake, simulate: Simulate) -> None:
    with server(lambda: 201) as (url, received), pytest.raises(AuditError):
        run(url, warehouse, lake, simulate(Fault("duplicate", path="/v4/cores")))
    for job in ("spacex.stage", "spacex"):
        facet = of(received, job, "FAIL")["run"]["facets"]["errorMessage"]
        assert "keys_unique" in facet["message"]
        assert facet["programmingLanguage"] == "PYTHON"


@pytest.mark.parametrize("status", [500, pytest.param(404, marks=pytest.mark.thorough)])
def test_a_server_that_refuses_never_fails_a_run(
    warehouse: Warehouse, lake: Lake, simulate: Simulate, status: int
) -> None:
    with server(lambda: status) as (url, received):
        assert run(url, warehouse, lake, simulate()).published.status == "published"
    assert received == []


def test_a_server_that_is_silent_costs_a_run_no_more_than_its_goodbye(
    warehouse: Warehouse, lake: Lake, simulate: Simulate
) -> None:
    hold = threading.Event()

    def silent() -> int:
        hold.wait()
        return 201

    with server(silent) as (url, _):
        listener = Lineage(OpenLineageClient(config={"transport": {"type": "http", "url": url}}), {})
        source = spacex_at(simulate())
        with client_of(source.api.base_url) as client:
            Pipeline(source, lake, 0.05, LocalEngine(), listener).run(client, warehouse, None)
        assert listener._queue.qsize() > 5, "the run did not wait for the server"
        begin = time.monotonic()
        listener.close()
        assert time.monotonic() - begin < lineage.CLOSE_S + 10
        hold.set()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OPENLINEAGE_NAMESPACE": "x"}, False),
        ({"OPENLINEAGE_URL": "http://lineage:5000"}, True),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "console"}, True),
        ({"OPENLINEAGE_CONFIG": "openlineage.yml"}, True),
        ({"OPENLINEAGE_URL": "http://lineage:5000", "OPENLINEAGE_DISABLED": "true"}, False),
    ],
)
def test_nothing_is_sent_until_its_own_variables_name_a_transport(environ: dict[str, str], wanted: bool) -> None:
    assert lineage.is_wanted(environ) is wanted
