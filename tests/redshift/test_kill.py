"""SIGKILL at every statement: Redshift holds all of a run or nothing, and a rerun ends as if nothing had happened."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from etl.destinations.redshift.publication import RedshiftDestination
from etl.engines.local import LocalEngine
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.pipeline.selection import transformed_extraction
from etl.postgres.connection import Warehouse
from etl.settings import RedshiftSettings
from etl.simulate import server
from etl.sources.spacex import simulator as spacex
from tests.conftest import MakeDatabase, client_of, spacex_at
from tests.object_store import KEYS
from tests.redshift.conftest import Played
from tests.redshift.test_publishing import run
from tests.reliability.test_kill import kind
from tests.reliability.victims import Job, Victims
from tests.warehouse.states import SOURCE, TABLES, changed, rows

pytestmark = pytest.mark.thorough
CHUNKS = 4
CONTENT = " union all ".join(f"select '{table} ' || t::text from {table} as t" for table in TABLES)


@dataclass(frozen=True)
class Scenario:
    """A warehouse and a Redshift in which the first facts are published, and later facts in the lake."""

    warehouse: str
    redshift: str
    played: Played
    lake: Lake
    lake_url: str
    extraction_id: str
    environment: dict[str, str]

    def job(self, warehouse: str, redshift: str, **about: Any) -> Job:
        settings = self.settings(redshift).model_dump() | {"password": "open sesame"}
        return Job(
            warehouse,
            self.lake_url,
            extraction_id=self.extraction_id,
            redshift=settings,
            environment=self.environment,
            **about,
        )

    def settings(self, redshift: str) -> RedshiftSettings:
        return self.played.settings.model_copy(update={"database": redshift.split("?")[0].rsplit("/", 1)[1]})

    def publish(self, warehouse: str, redshift: str) -> None:
        destination = RedshiftDestination(self.settings(redshift), self.lake, 60)
        with Warehouse(warehouse, role="etl_loader", lock_timeout_s=60) as session:
            transformed = transformed_extraction(self.lake, SOURCE, None, self.extraction_id)
            Pipeline(SOURCE, self.lake, 0.05, LocalEngine()).publish(session, transformed, destination)


@pytest.fixture
def scenario(redshift: Played, lake: Lake, s3: str, database: str, trusted: Path) -> Scenario:
    with Warehouse(database, role="etl_loader") as warehouse:
        run(warehouse, lake, redshift)
    later = extracted(lake)
    environment = KEYS | {"SSL_CERT_FILE": str(trusted)}
    return Scenario(database, redshift.dsn, redshift, lake, s3, later, environment)


def extracted(lake: Lake) -> str:
    """The later facts, in the lake alone."""
    with server.serve(spacex.make_app(snapshot=changed())) as simulator, client_of(simulator.url) as client:
        pipeline = Pipeline(spacex_at(simulator.url), lake, 0.05, LocalEngine())
        return pipeline.transform(pipeline.extract(client, None)).extraction_id


def content(redshift: str) -> set[str]:
    return {line for (line,) in rows(redshift, CONTENT)}


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    with Victims() as server:
        yield server


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_killed_at_any_statement_redshift_has_all_or_nothing_and_the_rerun_ends_equal(
    scenario: Scenario, make_database: MakeDatabase, victims: Victims, chunk: int
) -> None:
    with make_database(like=scenario.warehouse) as warehouse, make_database(like=scenario.redshift) as redshift:
        old, points = content(redshift), victims.points(scenario.job(warehouse, redshift))
        new = content(redshift)
    assert old != new
    committed = points.index("after redshift's commit") + 1
    kinds = {kind(point): number for number, point in enumerate(points, 1)}
    assert len(kinds) > 25
    for number in sorted({*kinds.values(), committed, committed + 1})[chunk::CHUNKS]:
        point = f"point {number}: {points[number - 1]}"
        with make_database(like=scenario.warehouse) as warehouse, make_database(like=scenario.redshift) as redshift:
            death = victims.run(scenario.job(warehouse, redshift, dies_at=number))
            assert death.signal == signal.SIGKILL, f"{point}: {death}"
            assert content(redshift) == (new if number >= committed else old), point
            scenario.publish(warehouse, redshift)
            assert content(redshift) == new, point
            statuses = [status for (status,) in rows(warehouse, "select status from ops.run order by run_number")]
            assert statuses[-1] in ("published", "unchanged"), (point, statuses)
            assert statuses[1:-1] in ([["published"]] if number >= committed else [[], ["abandoned"]]), point
            marked = rows(redshift, "select run_id from ops.published")
            assert marked == rows(warehouse, "select run_id from ops.run order by end_number desc nulls last limit 1")
