"""Tables in Glue follow the catalogue: they show what is published, never more, and what broke is put right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow as pa
import pytest
from pyiceberg.catalog.glue import GlueCatalog

from etl.core.errors import AccessError, ConfigError, LakeUnavailableError
from etl.core.events import Event, GlueOverwritten, RunEnded, StepEnded, ignore
from etl.core.ids import new_id
from etl.destinations.lake.access import tables
from etl.destinations.lake.following import follow
from etl.destinations.lake.publication import LakeDestination
from etl.engines.local import LocalEngine
from etl.lake import checking
from etl.lake.glue import Glue
from etl.lake.store import Lake
from etl.pipeline.pipeline import Pipeline
from etl.postgres.connection import Warehouse
from tests.object_store import KEYS, Watched, object_store, s3, watched
from tests.unit.lake import days as small
from tests.unit.lake.days import days
from tests.warehouse.states import rows
from tests.warehouse.test_lake import NAME, SOURCE, seen, told

__all__ = ["object_store", "s3", "watched"]

pytestmark = pytest.mark.thorough

PREFIX = "data_platform_dev"
STATUS = "select status from ops.run order by started_at"


class AsAthena:
    """What somebody sees who knows Glue and the lake's files, and nothing of Postgres."""

    def __init__(self, address: str) -> None:
        self.client: Any = boto3.client("glue", endpoint_url=f"http://{address}", region_name="us-east-1")
        self.catalogue = GlueCatalog("glue", self.client)

    def rows(self, name: str, order: str) -> list[dict[str, Any]]:
        schema, _, table = name.partition(".")
        found = self.catalogue.load_table(f"{PREFIX}_{schema}.{table}").scan().to_arrow()
        return found.sort_by(order).to_pylist()

    def seen(self) -> list[tuple[Any, Any]]:
        return [(row["day"], row["value"]) for row in self.rows(NAME, "day")]

    def held(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get_table(DatabaseName=f"{PREFIX}_silver", Name="readings")["Table"]
        return found

    def write_something(self) -> str:
        """What Athena's INSERT does: commit to Glue alone. Returns the metadata that Glue names now."""
        table = self.catalogue.load_table(f"{PREFIX}_silver.readings")
        table.append(pa.Table.from_pylist([], schema=table.schema().as_arrow()))
        return table.metadata_location


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def athena(object_store: str, credentials: None) -> Iterator[AsAthena]:
    found = AsAthena(object_store)
    for layer in ("silver", "gold"):
        found.client.create_database(DatabaseInput={"Name": f"{PREFIX}_{layer}"})
    yield found
    for layer in ("silver", "gold"):
        found.client.delete_database(Name=f"{PREFIX}_{layer}")


@pytest.fixture
def glue(object_store: str, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Glue:
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", f"http://{object_store}")
    return Glue(PREFIX, "us-east-1")


def publish(
    warehouse: Warehouse, lake: Lake, glue: Glue | None, first: int, end: int, value: str, emit: Any = ignore
) -> None:
    made = small.transformed(lake, new_id(), days(first, end), value=value)
    pipeline = Pipeline(SOURCE, lake, 0.05, LocalEngine(), emit)
    pipeline.publish(warehouse, made, LakeDestination(warehouse, lake, LocalEngine(), glue))


def test_glue_shows_each_run_once_it_is_committed_and_no_sooner(
    warehouse: Warehouse, athena: AsAthena, glue: Glue, lake: Lake
) -> None:
    publish(warehouse, lake, glue, 0, 3, "first")
    assert athena.seen() == seen(warehouse, lake) == told((0, 3, "first"))
    during: list[Any] = []

    def look(event: Event) -> None:
        if isinstance(event, StepEnded | RunEnded) and getattr(event, "step", "publish") == "publish":
            during.append(athena.seen())

    publish(warehouse, lake, glue, 2, 5, "second", look)
    assert during == [told((0, 3, "first"))] * 2
    assert athena.seen() == seen(warehouse, lake) == told((0, 2, "first"), (2, 5, "second"))
    first, second = (athena.held()["Parameters"][name] for name in ("previous_metadata_location", "metadata_location"))
    assert first != second
    assert athena.held()["VersionId"] == "2"
    assert [column["Name"] for column in athena.held()["StorageDescriptor"]["Columns"]] == ["day", "value", "read_at"]

    assert follow(warehouse, lake, glue, SOURCE, ignore) == []  # nothing to do, nothing done
    assert athena.held()["VersionId"] == "2"
    assert list(checking.check(lake, tables(warehouse, lake), glue)) == []


def test_a_run_that_died_before_glue_is_found_and_put_right(
    warehouse: Warehouse, athena: AsAthena, glue: Glue, lake: Lake
) -> None:
    publish(warehouse, lake, glue, 0, 3, "first")
    publish(warehouse, lake, None, 0, 3, "second")  # what a run leaves that dies after its commit
    [finding] = checking.check(lake, tables(warehouse, lake), glue)
    assert (finding.table, finding.is_lost) == (NAME, False)
    assert "is not what is published" in finding.says
    assert athena.seen() == told((0, 3, "first"))

    publish(warehouse, lake, glue, 7, 8, "third")
    assert athena.seen() == seen(warehouse, lake) == told((0, 3, "second"), (7, 8, "third"))
    publish(warehouse, lake, None, 7, 8, "fourth")
    assert [each.table for each in follow(warehouse, lake, glue, SOURCE, ignore)] == [NAME]  # as `etl lake repair` does
    assert athena.seen() == told((0, 3, "second"), (7, 8, "fourth"))


def test_a_later_run_that_has_nothing_to_publish_puts_glue_right(
    warehouse: Warehouse, athena: AsAthena, glue: Glue, lake: Lake
) -> None:
    older = small.transformed(lake, new_id(), days(0, 3), value="older")
    publish(warehouse, lake, None, 0, 3, "newer")
    into = LakeDestination(warehouse, lake, LocalEngine(), glue)
    assert Pipeline(SOURCE, lake, 0.05, LocalEngine()).publish(warehouse, older, into).status == "unchanged"
    assert athena.seen() == told((0, 3, "newer"))


def test_what_somebody_wrote_to_glue_is_no_longer_shown_and_that_is_said(
    warehouse: Warehouse, athena: AsAthena, glue: Glue, lake: Lake
) -> None:
    heard: list[Event] = []
    publish(warehouse, lake, glue, 0, 3, "ours")
    theirs = athena.write_something()
    assert "is not what is published" in next(checking.check(lake, tables(warehouse, lake), glue)).says
    publish(warehouse, lake, glue, 0, 3, "ours again", heard.append)
    assert [event for event in heard if isinstance(event, GlueOverwritten)] == [GlueOverwritten("days", NAME, theirs)]
    assert athena.seen() == told((0, 3, "ours again"))


def test_a_view_or_the_table_of_another_lake_is_left_alone(
    warehouse: Warehouse, database: str, athena: AsAthena, glue: Glue, lake: Lake
) -> None:
    silver = f"{PREFIX}_silver"
    view = {"Name": "readings", "TableType": "VIRTUAL_VIEW", "Parameters": {"presto_view": "true"}}
    another = {
        "Name": "readings",
        "Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://another/metadata.json"},
        "StorageDescriptor": {"Location": "s3://another/tables/silver/readings"},
    }
    for held, said in ((view, "is not an Iceberg table"), (another, "is another lake's, at s3://another")):
        athena.client.create_table(DatabaseName=silver, TableInput=held)
        with pytest.raises(ConfigError, match=f"silver.readings is published, but in Glue, .*{said}") as caught:
            publish(warehouse, lake, glue, 0, 3, "ours")
        assert "ETL_LAKE__GLUE_PREFIX" in caught.value.hint
        assert athena.held()["VersionId"] == "1"
        athena.client.delete_table(DatabaseName=silver, Name="readings")
    assert {status for (status,) in rows(database, STATUS)} == {"published"}
    follow(warehouse, lake, glue, SOURCE, ignore)
    assert athena.seen() == told((0, 3, "ours"))


@pytest.mark.parametrize(
    ("status", "error", "raised", "said"),
    [
        ("503 Service Unavailable", "ServiceUnavailableException", LakeUnavailableError, "ServiceUnavailable"),
        ("400 Bad Request", "ThrottlingException", LakeUnavailableError, "Throttling"),
        ("400 Bad Request", "AccessDeniedException", AccessError, "AccessDenied"),
        ("400 Bad Request", "ConcurrentModificationException", LakeUnavailableError, "another process"),
    ],
)
def test_when_glue_refuses_the_run_is_published_and_says_that_glue_lags(
    warehouse: Warehouse,
    database: str,
    athena: AsAthena,
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    lake: Lake,
    glue: Glue,
    status: str,
    error: str,
    raised: type[Exception],
    said: str,
) -> None:
    publish(warehouse, lake, glue, 0, 3, "first")
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", watched.address)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    seen_by_glue = iter(range(100))
    watched.before = lambda _: status if next(seen_by_glue) else None  # it is read, and refuses to be written
    watched.error = f'{{"__type": "{error}", "message": "no"}}'.encode()
    lags = f"silver.readings is published, but Glue does not lead to it yet: .*{said}"
    with pytest.raises(raised, match=lags) as caught:
        publish(warehouse, lake, Glue(PREFIX, "us-east-1"), 0, 3, "second")
    assert "etl lake repair" in caught.value.hint
    assert {status for (status,) in rows(database, STATUS)} == {"published"}
    assert seen(warehouse, lake) == told((0, 3, "second"))
    assert athena.seen() == told((0, 3, "first"))


def test_a_database_that_is_not_there_is_named(warehouse: Warehouse, athena: AsAthena, glue: Glue, lake: Lake) -> None:
    with pytest.raises(ConfigError, match="data_platform_typo_silver does not exist") as caught:
        publish(warehouse, lake, Glue("data_platform_typo", "us-east-1"), 0, 3, "ours")
    assert "ETL_LAKE__GLUE_PREFIX" in caught.value.hint
