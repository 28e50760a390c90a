"""Airflow and Prometheus, asked over a port-forward; here with a real server behind the port."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from etl.core.errors import AccessError, TransientError
from k8s.installer.cluster import forward, prometheus
from k8s.installer.cluster.airflow import Airflow
from k8s.installer.cluster.kubectl import Cluster

Asked = list[tuple[str, str, str | None, Any]]
ADMIN = {"username": "admin", "password": "hunter2"}


class Server(ThreadingHTTPServer):
    """Gives the prepared answers, a status and a document each, in turn; the last one again and again."""

    def __init__(self, *answers: tuple[int, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = list(answers)
        self.asked: Asked = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # the library's name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = (self.command, self.path, self.headers.get("Authorization"), json.loads(body) if body else None)
        self.server.asked.append(asked)
        code, answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        content = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815  # the library's name

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """One whose Secret holds the admin's login, on a machine with a proxy that leads nowhere."""
    data = {name: base64.b64encode(value.encode()).decode() for name, value in ADMIN.items()}
    monkeypatch.setattr(Cluster, "find", lambda *_: {"data": data})
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return Cluster("recorded")


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, Any]) -> Iterator[Server]:
    with Server(*answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

        @contextmanager
        def to(*_: Any) -> Iterator[int]:
            yield server.server_address[1]

        monkeypatch.setattr(forward, "to", to)
        yield server
        server.shutdown()


def test_one_login_serves_all_requests_and_no_proxy_sees_them(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(monkeypatch, (201, {"access_token": "t"}), (200, {"dags": []})) as server:
        with Airflow(cluster) as api:
            assert api.ask("GET", "/api/v2/dags") == {"dags": []}
            api.ask("POST", "/api/v2/dags/x/dagRuns", {"conf": {}})
        assert server.asked == [
            ("POST", "/auth/token", None, ADMIN),
            ("GET", "/api/v2/dags", "Bearer t", None),
            ("POST", "/api/v2/dags/x/dagRuns", "Bearer t", {"conf": {}}),
        ]


def test_a_get_survives_a_restart_of_the_api_server(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = ((201, {"access_token": "t"}), (503, "starting"), (200, {"state": "running"}))
    with serving(monkeypatch, *answers), Airflow(cluster) as api:
        assert api.get("/x") == {"state": "running"}
    assert capfd.readouterr() == ("", "")


def test_a_refused_request_is_not_retried(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, (201, {"access_token": "t"}), (403, {"detail": "no"})) as server:
        with Airflow(cluster) as api, pytest.raises(AccessError, match="no"):
            api.get("/x")
        assert len(server.asked) == 2


def test_a_login_that_has_come_to_its_end_is_renewed(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (201, {"access_token": "t"}), (201, {"access_token": "u"})
    with serving(monkeypatch, first, (401, {"detail": "expired"}), second, (200, {"found": 1})) as server:
        with Airflow(cluster) as api:
            assert api.get("/x") == {"found": 1}
        assert [(path, token) for _, path, token, _ in server.asked[2:]] == [
            ("/auth/token", "Bearer t"),
            ("/x", "Bearer u"),
        ]


def test_a_login_that_is_refused_is_not_tried_for_ever(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, (201, {"access_token": "t"}), (401, {"detail": "no"})) as server:
        with Airflow(cluster) as api, pytest.raises(AccessError, match="no"):
            api.get("/x")
        assert len(server.asked) == 3


def test_prometheus_is_asked_for_its_rules(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(monkeypatch, (200, {"status": "success", "data": {"groups": []}})):
        assert prometheus.rules(cluster) == {"groups": []}


@pytest.mark.parametrize("answer", [(503, {}), (200, "no rules"), (200, {"status": "error"})])
def test_no_rules_from_prometheus_is_a_transient_error(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, Any]
) -> None:
    with serving(monkeypatch, answer), pytest.raises(TransientError, match="Prometheus does not answer"):
        prometheus.rules(cluster)
