"""A lake in a directory and one in an object store (moto's server, over real HTTP)."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from etl.lake.store import Lake
from etl.simulate import server, spacex
from etl.simulate.snapshot import load

BUCKET = "a-lake"


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """Address of an S3 that forgets everything in the end.

    It keeps objects in memory, whatever their size: those that it moves into files it never closes.
    """
    os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = str(2**30)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"{host}:{port}"
    moto.stop()


@pytest.fixture
def s3(object_store: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """URL of an empty lake in the object store."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=f"http://{object_store}", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    return f"s3://{BUCKET}/{tmp_path.name}?endpoint_override={object_store}&scheme=http&region=us-east-1"


@pytest.fixture(params=["directory", "s3"])
def any_lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake") if request.param == "directory" else request.getfixturevalue("s3"))


def few() -> dict[str, list[dict[str, Any]]]:
    """A small API: five launches, two or three of everything else."""
    return {
        name: [dict(record) for record in records[: 5 if name == "launches" else 2]] for name, records in load().items()
    }


class Counted:
    """A simulator that counts what it is asked."""

    def __init__(self, snapshot: dict[str, list[dict[str, Any]]]) -> None:
        self.snapshot = snapshot
        self._app = spacex.make_app(snapshot=snapshot)
        self.asked: list[str] = []
        self.url = ""

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.asked.append(environ["PATH_INFO"])
        return self._app(environ, start_response)


@pytest.fixture
def small() -> Iterator[Counted]:
    app = Counted(few())
    with server.serve(app) as running:
        app.url = running.url
        yield app
