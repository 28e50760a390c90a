import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from etl.core.errors import AccessError, ConfigError, TransientError
from k8s.installer.cluster import airflow, shell
from k8s.installer.errors import FailedError
from k8s.installer.install import diagnosis
from k8s.installer.install.steps import StoppedError
from k8s.installer.paths import ROOT
from k8s.installer.verbs import status, trigger

HELM = ["helm", "upgrade"]


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (
            "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
            TransientError,
            "Someone",
        ),
        ("The connection to the server 127.0.0.1:1 was refused - did you specify", TransientError, "does not answer"),
        ("error: You must be logged in to the server (Unauthorized)", AccessError, "credentials"),
        ('Error from server (Forbidden): secrets is forbidden: User "x" cannot list', AccessError, "permission"),
        ('error: context "x" does not exist', ConfigError, "no such context"),
        ("Error: UPGRADE FAILED: cannot patch: spec.template: field is immutable", ConfigError, "in place"),
        ("Error: failed to parse charts/values/x.yaml: yaml: line 2", ConfigError, "cannot be rendered"),
        ('Error: looks like "https://x" is not a valid chart repository', TransientError, "downloaded"),
    ],
)
def test_the_complaint_of_a_program_becomes_a_line_and_a_hint(said: str, kind: type[Exception], words: str) -> None:
    error = shell.translated(HELM, said)
    assert type(error) is kind
    assert words in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("command", "said", "kind", "words"),
    [
        (
            "docker push",
            "dial tcp 10.0.0.1:443: connect: connection refused",
            TransientError,
            "registry does not answer",
        ),
        ("docker push", "denied: requested access to the resource is denied", AccessError, "wants a login"),
        ("docker buildx", "unknown flag: --format\n\nUsage:  docker [OPTIONS] COMMAND", ConfigError, "plugin buildx"),
        ("docker buildx", "docker: unknown command: docker buildx", ConfigError, "plugin buildx"),
        ("docker buildx", "ERROR: r.example.org/app:1: not found", ConfigError, "not have this image"),
        ("buildah push", "pinging: toomanyrequests: You have reached your pull rate limit", TransientError, "too many"),
        ("docker push", "Cannot connect to the Docker daemon at unix:///x", ConfigError, "engine is not running"),
    ],
)
def test_what_a_registry_complains_about_is_not_blamed_on_the_cluster(
    command: str, said: str, kind: type[Exception], words: str
) -> None:
    error = shell.translated(command.split(), said)
    assert type(error) is kind
    assert words in error.message
    assert "cluster" not in error.message


def test_an_unknown_complaint_keeps_its_own_words() -> None:
    error = shell.translated(HELM, "WARNING: skew\nError: UPGRADE FAILED: no space left on device\n")
    assert error.message == "helm upgrade failed: no space left on device"


def test_a_secret_on_stdin_is_in_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "kubectl"
    fake.write_text("#!/bin/sh\ncat >/dev/null\necho 'error: it broke' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(shell.ToolError) as raised:
        shell.run(["kubectl", "apply", "-f", "-"], stdin="hunter2")
    assert "hunter2" not in f"{raised.value!r} {raised.value.output} {raised.value.message}"


def run(*arguments: str, module: str = "k8s.installer", **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    environment = {"PATH": "/nowhere", "HOME": "/nowhere", **env}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("verb", ["up", "secrets", "status", "alerts", "credentials", "ui", "psql", "trigger", "down"])
def test_without_kubectl_every_verb_says_where_to_get_it(verb: str) -> None:
    ended = run(verb)
    assert ended.returncode == 78
    assert "kubectl is not installed on this machine." in ended.stdout + ended.stderr
    assert "https://kubernetes.io/docs/tasks/tools/" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"ENVIRONMENT": "staging"}, "There is no environment 'staging'."),
        ({"IMAGE_TOOL": "podman"}, "'podman' is not supported."),
        ({"CHARTS": "/nowhere"}, "/nowhere is not a folder."),
        ({"WAREHOUSE_HOST": "db"}, "needs both its host and the certificate"),
        ({"YES": "perhaps"}, "not a valid boolean"),
    ],
)
def test_an_invalid_variable_is_refused_before_the_cluster_is_asked(env: dict[str, str], words: str) -> None:
    ended = run("up", **env)
    assert ended.returncode == 64
    assert words in ended.stderr
    assert "hint: " in ended.stderr


def test_the_former_name_still_works_and_says_the_new_one() -> None:
    ended = run("status", "-h", module="k8s.platform")
    assert ended.returncode == 0
    assert ended.stdout == run("status", "-h").stdout
    assert "python -m k8s.installer" in ended.stderr


def test_what_failed_without_being_a_bug_or_a_mistake_has_an_exit_code_of_its_own() -> None:
    kinds = (shell.ToolError, diagnosis.NotReadyError, trigger.RunFailedError, status.UnhealthyError, StoppedError)
    assert {kind.exit_code for kind in kinds} == {FailedError.exit_code} == {1}


def test_make_help_lists_the_verbs_under_two_headings() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = ("up", "status", "alerts", "credentials", "ui", "psql", "trigger", "down", "destroy")
    on_kubernetes = listed.index("On Kubernetes")
    assert listed.index("make run") < on_kubernetes
    assert all(listed.index(f"  make {verb} ") > on_kubernetes for verb in verbs)


@pytest.mark.parametrize(("code", "exit_code"), [(422, 64), (401, 77), (404, 78), (503, 75)])
def test_airflow_s_refusals_have_the_exit_codes_of_their_kind(code: int, exit_code: int) -> None:
    error = airflow.refusal(code, '{"detail": "because"}')
    assert error.exit_code == exit_code
    assert "because" in error.message


@pytest.mark.parametrize(("index", "name"), [(-1, "extract"), (0, "extract-0"), (1, "extract-1")])
def test_a_mapped_task_is_named_with_its_index(index: int, name: str) -> None:
    assert trigger.name_of({"task_id": "extract", "map_index": index}) == name


class Pages:
    """Airflow's answers about a run with many tasks, a hundred at a time."""

    def __init__(self, tasks: int) -> None:
        self.tasks = [{"task_id": "backfill", "map_index": number} for number in range(tasks)]

    def get(self, path: str) -> dict[str, Any]:
        limit, offset = map(int, re.findall(r"=(\d+)", path))
        return {"task_instances": self.tasks[offset : offset + limit], "total_entries": len(self.tasks)}


@pytest.mark.parametrize("tasks", [0, 1, 100, 122, 200])
def test_every_task_of_a_run_is_followed_however_many_months_it_has(tasks: int) -> None:
    answers = Pages(tasks)
    assert trigger.all_tasks(cast(airflow.Airflow, answers), "/api/v2/dags/backfill/dagRuns/1") == answers.tasks


def test_status_shows_the_last_run_of_each_dag() -> None:
    run = {"state": "success", "start_date": "2026-11-21T06:00:00Z"}
    assert status.line_of("spacex", "0 6 * * *", run) == "last run of DAG spacex: success, 2026-11-21T06:00:00Z"
    assert status.line_of("spacex", "0 6 * * *", {**run, "start_date": None}).endswith("not started")
    assert status.line_of("sensors", "30 6 * * *", None) == "DAG sensors has not run yet: make trigger DAG=sensors"


def test_status_asks_nobody_to_trigger_what_runs_on_request_only() -> None:
    assert status.line_of("backfill", None, None) == "DAG backfill runs on request only, and has not yet"


def test_a_task_s_log_is_shown_without_its_folding_marks() -> None:
    content = [
        {"event": "::group::Log message source details"},
        {"event": "error: the API is gone\nhint: wait"},
        "plain",
    ]
    assert trigger.log_lines({"content": content}) == ["error: the API is gone", "hint: wait", "plain"]
