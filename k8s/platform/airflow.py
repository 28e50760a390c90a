"""Airflow's REST API: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from http.client import HTTPException
from typing import Any

from etl.core.errors import AccessError, ConfigError, PlatformError, TransientError, UsageError
from k8s.platform import forward, installed
from k8s.platform.cluster import AIRFLOW, Cluster

SERVICE, PORT = "airflow-api-server", 8080
TIMEOUT_S = 30
PATIENCE_S = 60


class Airflow:
    """One login, good for a working day, over a port-forward that is made anew when the pod behind it goes."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._forward = ExitStack()
        self._url = ""
        self._token = ""

    def __enter__(self) -> Airflow:
        self.connect()
        admin = installed.secret(self._cluster, AIRFLOW, "airflow-admin")
        self._token = self.ask("POST", "/auth/token", admin)["access_token"]
        return self

    def __exit__(self, *_: object) -> None:
        self._forward.close()

    def connect(self) -> None:
        """Forward a port, in place of the one before."""
        self._forward.close()
        port = self._forward.enter_context(forward.to(self._cluster, AIRFLOW, SERVICE, PORT))
        self._url = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request and its answer. Raises: UsageError, AccessError, ConfigError, TransientError."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)  # noqa: S310  # our own port
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise _refusal(error.code, error.read().decode(errors="replace")) from error
        except (OSError, HTTPException) as error:
            hint = "`make status` shows what is not ready."
            raise TransientError(f"Airflow does not answer: {error}", hint=hint) from error

    def patiently(self, path: str) -> Any:
        """A GET that outlives a restart of the API server. Raises: as `ask`, if that takes longer than a minute."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.ask("GET", path)
            except TransientError:
                if time.monotonic() > until:
                    raise
                time.sleep(1)
                with suppress(TransientError):
                    self.connect()


def _refusal(code: int, text: str) -> PlatformError:
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, LookupError, TypeError):
        detail = text
    words = detail if isinstance(detail, str) else json.dumps(detail)
    words = " ".join(words.split())[:400]
    if code in (400, 409, 422):
        return UsageError(f"Airflow refuses: {words}", hint="START_DATE=2024-05-01 END_DATE=2024-05-17, or neither.")
    if code in (401, 403):
        return AccessError(f"Airflow does not let us in: {words}", hint="`make up` gives the admin its password again.")
    if code == 404:
        return ConfigError(f"Airflow does not know it: {words}", hint="`make up` brings the DAGs; they take a minute.")
    return TransientError(f"Airflow answers {code}: {words}", hint="`make status` shows what is not ready.")
