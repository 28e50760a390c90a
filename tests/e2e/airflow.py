"""Airflow's REST API, as its users call it. Source: https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html"""

from __future__ import annotations

from typing import Any

import requests

from tests.e2e.kube import wait_for

ENDED = {"success", "failed"}


class Airflow:
    """A session of one user; runs of a DAG are triggered, followed and read."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._session = requests.Session()
        answer = requests.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=60)
        assert answer.status_code == 201, answer.text
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """One request of the API, version 2."""
        return self._session.request(method, f"{self.url}/api/v2/{path}", timeout=60, **arguments)

    def get(self, path: str, **parameters: str) -> Any:
        """The answer of a request that must succeed."""
        answer = self.call("GET", path, params=parameters)
        assert answer.ok, answer.text
        return answer.json()

    def trigger(self, dag: str, **conf: str) -> requests.Response:
        """Ask for a run; the answer tells whether the parameters were accepted."""
        return self.call("POST", f"dags/{dag}/dagRuns", json={"logical_date": None, "conf": conf})

    def start(self, dag: str, **conf: str) -> str:
        """A run that is accepted: its id."""
        answer = self.trigger(dag, **conf)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """Where the run stands."""
        return str(self.get(f"dags/{dag}/dagRuns/{run}")["state"])

    def end(self, dag: str, run: str, seconds: float = 600) -> str:
        """Wait until the run has ended: how it did."""
        return wait_for(
            f"end of {dag} {run}", lambda: state if (state := self._patiently(dag, run)) in ENDED else None, seconds
        )

    def _patiently(self, dag: str, run: str) -> str | None:
        try:
            return self.state(dag, run)
        except (requests.ConnectionError, requests.Timeout):  # whoever kills components must bear that
            return None

    def tasks(self, dag: str, run: str) -> dict[str, dict[str, Any]]:
        """The task instances of a run by name, each with its state, tries and times; of a mapped task any one."""
        found = self.get(f"dags/{dag}/dagRuns/{run}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def mapped(self, dag: str, run: str, task: str) -> list[dict[str, Any]]:
        """All instances of a mapped task, by their indices."""
        found = self.get(f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/listMapped")["task_instances"]
        return sorted(found, key=lambda one: int(one["map_index"]))

    def clear_failed(self, dag: str, run: str) -> None:
        """What *Clear* does in the UI to what failed, and to what could not begin because of that."""
        wanted = {"dag_run_id": run, "only_failed": True, "dry_run": False, "reset_dag_runs": True}
        answer = self.call("POST", f"dags/{dag}/clearTaskInstances", json=wanted)
        assert answer.ok, answer.text

    def log(self, dag: str, run: str, task: str, attempt: int = 1, index: int = -1) -> str:
        """The log of one try of a task, as the UI shows it."""
        path = f"dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}"
        content = self.get(path, full_content="true", map_index=str(index))["content"]
        return "\n".join(line if isinstance(line, str) else str(line.get("event", line)) for line in content)
