"""An S3 for tests: moto's server, over real HTTP. Fixtures; a conftest.py that wants them imports them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import DomainDispatcherApplication, ThreadedMotoServer, create_backend_app

from etl.simulate import server

BUCKET = "a-lake"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


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
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=f"http://{object_store}", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    return f"s3://{BUCKET}/{tmp_path.name}?endpoint_override={object_store}&scheme=http&region=us-east-1"


class Watched:
    """The same object store by another door, which counts requests and does something before one is answered.

    If `before` returns a status, it is the answer, with `error` as its body.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.before: Callable[[str], str | None] = lambda _: None
        self.error = b""
        self.url = ""
        self.address = ""  # http://host:port
        self._app = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        self.asked.append(request)
        status = self.before(request)
        if status is None:
            return self._app(environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, [("Content-Length", str(len(self.error))), ("Content-Type", "application/xml")])
        return [self.error]


@pytest.fixture
def watched(s3: str, object_store: str) -> Iterator[Watched]:
    app = Watched()
    with server.serve(app) as running:
        app.address = running.url
        app.url = s3.replace(object_store, running.url.removeprefix("http://"))
        yield app
