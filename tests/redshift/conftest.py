"""What plays Redshift here: a Postgres database of its own, behind a door that speaks and understands Redshift."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from psycopg2.extensions import parse_dsn
from pydantic import SecretStr

from etl.destinations.redshift.publication import RedshiftDestination
from etl.lake.store import Lake
from etl.settings import RedshiftSettings
from tests.aws.cloud import certificate
from tests.object_store import object_store, s3
from tests.redshift.wire import Door
from tests.redshift.words import Words
from tests.warehouse import states

__all__ = ["object_store", "s3"]
ROLE = "arn:aws:iam::123456789012:role/reads-the-lake"
PLAYS = """
create function getdate() returns timestamp language sql as 'select clock_timestamp() at time zone ''UTC''';
"""


@dataclass
class Played:
    """The stand-in: its database, its door, and the settings that lead to it."""

    dsn: str
    door: Door
    settings: RedshiftSettings

    def destination(self, lake: Lake, lock_timeout_s: float = 60) -> RedshiftDestination:
        return RedshiftDestination(self.settings, lake, lock_timeout_s)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return states.rows(self.dsn, query)

    def execute(self, statement: str) -> None:
        with states.owner(self.dsn) as cursor:
            cursor.execute(statement)


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine."""
    folder = tmp_path_factory.mktemp("certificate")
    certificate.make(folder)
    return folder / certificate.CERTIFICATE


@pytest.fixture
def redshift(
    postgres: str,
    new_database: Callable[..., str],
    object_store: str,
    trusted: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Played]:
    """An empty Redshift."""
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    dsn = new_database(migrated=False)
    with states.owner(dsn) as cursor:
        cursor.execute(PLAYS)
    login = {"aws_access_key_id": "redshift's", "aws_secret_access_key": "own"}
    client = boto3.client("s3", endpoint_url=f"http://{object_store}", region_name="us-east-1", **login)

    def read(url: str) -> bytes:
        bucket, key = url.removeprefix("s3://").split("/", 1)
        return bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())

    parsed = parse_dsn(dsn)
    door = Door(f"{parsed['host']}/.s.PGSQL.{parsed['port']}", Words(read, tmp_path), trusted)
    settings = RedshiftSettings(
        host="127.0.0.1", port=door.port, database=parsed["dbname"], password=SecretStr("open sesame"), iam_role=ROLE
    )
    yield Played(dsn, door, settings)
    door.close()


@pytest.fixture
def lake(s3: str) -> Lake:
    """A lake on S3: Redshift reads no other."""
    return Lake(s3)
