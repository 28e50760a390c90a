"""Airflow's REST API: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html"""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import requests
import stamina

from etl.core.errors import AccessError, ConfigError, PlatformError, TransientError, UsageError
from k8s.installer.cluster import forward
from k8s.installer.cluster.kubectl import AIRFLOW, Cluster

SERVICE, PORT = "airflow-api-server", 8080
LOGIN = "/auth/token"
TIMEOUT_S = 30
RESTART_S = 60  # how long a restart of the API server may take


class Airflow:
    """A login, which is renewed, over a port-forward that is replaced when the pod behind it goes away."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._session = forward.session()
        self._forward = ExitStack()
        self._url = ""

    def __enter__(self) -> Airflow:
        stamina.instrumentation.set_on_retry_hooks(())  # a retry is not worth a line of output
        self.connect()
        self._log_in()
        return self

    def __exit__(self, *_: object) -> None:
        self._forward.close()
        self._session.close()

    def connect(self) -> None:
        """Forward a port, in place of the previous one."""
        self._forward.close()
        port = self._forward.enter_context(forward.to(self._cluster, AIRFLOW, SERVICE, PORT))
        self._url = f"http://127.0.0.1:{port}"

    def _log_in(self) -> None:
        token = self.ask("POST", LOGIN, self._cluster.secret(AIRFLOW, "airflow-admin"))["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request and its answer. Raises: UsageError, AccessError, ConfigError, TransientError."""
        try:
            answer = self._send(method, path, body)
            if answer.status_code == 401 and path != LOGIN:  # the login has expired
                self._log_in()
                answer = self._send(method, path, body)
            if answer.ok:
                return answer.json() if answer.content else None
        except (requests.RequestException, ValueError) as error:
            hint = "`make status` shows what is not ready."
            raise TransientError(f"Airflow does not answer: {error}", hint=hint) from error
        raise refusal(answer.status_code, answer.text)

    def _send(self, method: str, path: str, body: Any) -> requests.Response:
        return self._session.request(method, self._url + path, json=body, timeout=TIMEOUT_S)

    def get(self, path: str) -> Any:
        """A GET that survives a restart of the API server. Raises: as `ask`, if that takes longer than a minute."""
        for attempt in stamina.retry_context(
            on=TransientError, attempts=None, timeout=RESTART_S, wait_initial=1, wait_max=1, wait_jitter=0
        ):
            with attempt:
                if attempt.num > 1:
                    self.connect()
                return self.ask("GET", path)
        raise AssertionError("stamina either returns or raises")


def refusal(code: int, text: str) -> PlatformError:
    """The error that an HTTP status stands for."""
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, LookupError, TypeError):
        detail = text
    words = detail if isinstance(detail, str) else json.dumps(detail)
    words = " ".join(words.split())[:400]
    if code in (400, 409, 422):
        hint = "Dates are given as START_DATE=2024-05-01 END_DATE=2024-05-17; only DAG=backfill must have them."
        return UsageError(f"Airflow refuses the request: {words}", hint=hint)
    if code in (401, 403):
        # It says the same if it cannot reach its database.
        hint = "`make status` says whether its database can be reached; if so, `make up` resets the admin's password."
        return AccessError(f"Airflow does not accept the login: {words}", hint=hint)
    if code == 404:
        hint = "`make up` installs the DAGs; Airflow lists them a minute later."
        return ConfigError(f"Airflow does not know that: {words}", hint=hint)
    return TransientError(f"Airflow answers {code}: {words}", hint="`make status` shows what is not ready.")
