"""Airflow's REST API, as its users call it. Source: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html"""

from __future__ import annotations

from typing import Any

import requests

from etl.core.errors import TransientError
from tests.e2e import kube

ENDED = {"success", "failed"}


class Airflow:
    """A session of the administrator whom `make credentials` shows; it outlives the API server's pod."""

    def __init__(self) -> None:
        self._session = kube.session()
        admin = kube.secret("airflow", "airflow-admin")
        login = {"username": admin["username"], "password": admin["password"]}
        answer = self._session.post(f"{self._url()}/auth/token", json=login, timeout=60)
        assert answer.status_code == 201, answer.text
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def _url(self) -> str:
        return f"http://127.0.0.1:{kube.port('airflow', 'airflow-api-server', 8080)}"

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """One request to version 2 of the API."""
        return self._session.request(method, f"{self._url()}/api/v2/{path}", timeout=60, **arguments)

    def get(self, path: str, **parameters: str) -> Any:
        """The body of an answer that must be a success."""
        answer = self.call("GET", path, params=parameters)
        assert answer.ok, answer.text
        return answer.json()

    def knows(self, dag: str) -> bool:
        """Whether a DAG is there; one whose file was removed is not."""
        answer = self.call("GET", f"dags/{dag}")
        return answer.ok and not answer.json()["is_stale"]

    def trigger(self, dag: str, **conf: str) -> requests.Response:
        """Ask for a run; the answer says whether its parameters were accepted."""
        return self.call("POST", f"dags/{dag}/dagRuns", json={"logical_date": None, "conf": conf})

    def switch_on(self, dag: str) -> None:
        """What the switch beside a paused DAG does in the UI."""
        answer = self.call("PATCH", f"dags/{dag}", json={"is_paused": False})
        assert answer.ok, answer.text

    def start(self, dag: str, **conf: str) -> str:
        """Trigger a run, which must be accepted, of a DAG that may still have to be read. Returns its ID."""
        kube.wait_for(f"DAG {dag}", lambda: self.knows(dag))
        answer = self.trigger(dag, **conf)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["dag_run_id"])

    def end(self, dag: str, run: str, seconds: float = 600) -> str:
        """Wait until the run has ended. Returns its state."""
        return kube.wait_for(f"end of {dag} {run}", lambda: self._state_at_the_end(dag, run), seconds)

    def _state_at_the_end(self, dag: str, run: str) -> str | None:
        try:
            answer = self.call("GET", f"dags/{dag}/dagRuns/{run}")
        except (requests.ConnectionError, requests.Timeout, TransientError):  # scenarios kill what it depends on
            return None
        assert answer.ok or answer.status_code >= 500, answer.text
        state = answer.json()["state"] if answer.ok else None
        return state if state in ENDED else None

    def succeed(self, dag: str, **conf: str) -> str:
        """Trigger a run that must succeed, and wait for its end. Returns its ID."""
        run = self.start(dag, **conf)
        assert self.end(dag, run) == "success", self.tasks(dag, run)
        return run

    def tasks(self, dag: str, run: str) -> dict[str, dict[str, Any]]:
        """The task instances of a run by name, each with its state, tries and times; any one of a mapped task."""
        found = self.get(f"dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def mapped(self, dag: str, run: str, task: str) -> list[dict[str, Any]]:
        """All instances of a mapped task, in the order of their indices."""
        found = self.get(f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/listMapped")["task_instances"]
        return sorted(found, key=lambda one: int(one["map_index"]))

    def clear_failed(self, dag: str, run: str) -> None:
        """What *Clear* in the UI does to failed tasks and to those that could not start because of them."""
        wanted = {"dag_run_id": run, "only_failed": True, "dry_run": False, "reset_dag_runs": True}
        answer = self.call("POST", f"dags/{dag}/clearTaskInstances", json=wanted)
        assert answer.ok, answer.text

    def log(self, dag: str, run: str, task: str, attempt: int = 1, index: int = -1) -> str:
        """The log of one try of a task, as the UI shows it."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}"
        content = self.get(path, full_content="true", map_index=str(index))["content"]
        return "\n".join(line if isinstance(line, str) else str(line.get("event", line)) for line in content)
