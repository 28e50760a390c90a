"""What `make status` says about a platform that is not as it should be."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from etl.core.errors import TransientError
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.errors import FailedError
from k8s.installer.install import certificate, condition, secrets
from k8s.installer.verbs import status

FULL = 'FATAL:  could not write lock file "postmaster.pid": No space left on device'


class Silent(Cluster):
    """Postgres does not answer; its log is given."""

    def __init__(self, log: str) -> None:
        super().__init__("recorded")
        self.log = log

    def find(self, kind: str, *_: Any) -> dict[str, Any] | None:
        return {} if kind == "service" else None

    def kubectl(self, *arguments: str, stdin: str | None = None, fine: Any = (0,)) -> str:
        if arguments[0] == "exec":
            raise FailedError("kubectl exec failed: command terminated with exit code 2", hint="")
        return self.log if "--previous" not in arguments else ""


@pytest.mark.parametrize(
    ("log", "text", "hint"),
    [
        (f"starting\n{FULL}\n", "its volume is full", "VolumeFillingUp"),
        ("PANIC:  could not write to file: No space left on device\nshut down\n", "its volume is full", "grow"),
        ("FATAL:  data directory has wrong ownership\n", "wrong ownership", "logs service/postgres"),
        ("error: The data is from PostgreSQL 16, the image has 17.\n", "from PostgreSQL 16", "logs service/postgres"),
        ("", "exit code 2", "logs service/postgres"),
    ],
)
def test_a_server_that_does_not_answer_says_why_itself(log: str, text: str, hint: str) -> None:
    (problem,) = condition.of_server(Silent(log))
    assert text in problem.text
    assert hint in problem.hint


def test_a_dag_that_cannot_be_imported_is_named_with_its_error() -> None:
    trace = "Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'pandas'\n"
    problem = status.unread_file({"filename": "spacex.py", "stack_trace": trace})
    assert problem.text == "DAG file spacex.py cannot be imported: ModuleNotFoundError: No module named 'pandas'"
    assert "dags/spacex.py" in problem.hint


class Holding(Cluster):
    """Only these Secrets, and a server."""

    def __init__(self, values: secrets.Values) -> None:
        super().__init__("recorded")
        self.values = values

    def find(self, *_: Any) -> dict[str, Any]:
        return {}

    def list(self, _kinds: str, namespace: str | None = None, *_: str) -> list[dict[str, Any]]:
        return [
            {
                "metadata": {"namespace": where, "name": name},
                "data": {entry: base64.b64encode(value.encode()).decode() for entry, value in entries.items()},
            }
            for (where, name), entries in self.values.items()
            if where == namespace
        ]


@pytest.mark.parametrize(("age", "text"), [(826, "has expired"), (800, "expires"), (0, "")])
def test_a_certificate_that_expires_is_named_before_and_after(age: int, text: str) -> None:
    values = secrets.complete({}).values
    now = datetime.now(UTC) - timedelta(days=age)
    found = Holding({**values, secrets.TLS: certificate.make(certificate.POSTGRES, now)})
    problems = condition.of_secrets(found, {})
    assert [text in problem.text and "warehouse-tls" in problem.text for problem in problems] == [True] * bool(text)


def test_a_secret_that_was_deleted_is_named() -> None:
    values = secrets.complete({}).values
    del values["airflow", "airflow-jwt"]
    (problem,) = condition.of_secrets(Holding(values), {})
    assert "airflow-jwt is missing" in problem.text


SILENCE = TransientError("Prometheus does not answer", hint="")


@pytest.mark.parametrize(
    ("run", "content", "alarm", "is_well"),
    [
        (["last run of DAG spacex: success, x"], ["published"], [status.NOTHING_FIRES], True),
        (["last run of DAG spacex: failed, x"], ["published"], [status.NOTHING_FIRES], False),
        (["last run of DAG spacex: success, x"], ["published"], ["critical: PostgresDown"], False),
        (SILENCE, ["published"], [status.NOTHING_FIRES], False),
        (["last run of DAG spacex: success, x"], SILENCE, [status.NOTHING_FIRES], False),
        (["last run of DAG spacex: success, x"], ["published"], SILENCE, False),
    ],
)
def test_all_is_well_only_if_all_of_it_could_be_asked(run: Any, content: Any, alarm: Any, is_well: bool) -> None:
    assert (status.verdict(run, content, alarm) == "Everything works.") is is_well
