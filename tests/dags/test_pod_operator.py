"""A task from its pod's first moment to its last: what is retried, what fails at once, what is never done twice."""

from __future__ import annotations

import contextlib
import inspect
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.observability.metrics import statsd_logger
from airflow.sdk.observability.stats import Stats
from pod_operator import pod_name
from urllib3.exceptions import HTTPError, ReadTimeoutError

from etl.core import errors
from tests.dags.cluster import GONE, Clock, Cluster, ended, evicted, pending, refused, running
from tests.dags.folder import REPOSITORY
from tests.dags.parsed import DAGS
from tests.dags.runs import SCHEDULED, context, rendered

NAME = pod_name("spacex", "check", SCHEDULED)
VALUES = REPOSITORY / "charts" / "values" / "airflow.yaml"
SAID = "error: An audit failed.\nhint: See `etl status`."


@pytest.fixture
def statsd(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where Airflow sends its metrics, with the settings of charts/values/airflow.yaml."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(5)
        settings = {**yaml.safe_load(VALUES.read_text())["config"]["metrics"], "statsd_host": "127.0.0.1"}
        settings["statsd_port"] = collector.getsockname()[1]
        for name, value in settings.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__{name.upper()}", str(value))
        monkeypatch.setattr(Stats, "instance", statsd_logger.get_statsd_logger())
        monkeypatch.setattr(Stats, "_instance_pid", os.getpid())
        yield collector


def run(cluster: Cluster, dag: str = "spacex", task_id: str = "check", **options: Any) -> None:
    """One try of a task, in that cluster."""
    given = context(dag, task_id, **options)
    task = rendered(given)
    task.client, task.clock = cluster, Clock()
    task.execute(given)


def test_a_pod_that_succeeds_is_deleted() -> None:
    cluster = Cluster([pending(), running(), ended(0)])
    run(cluster)
    assert (len(cluster.created), cluster.deleted, cluster.pods) == (1, [NAME], {})


def test_a_pod_that_ends_immediately_need_never_be_seen_running() -> None:
    run(Cluster([ended(0)]))


PLATFORM_ERRORS = [
    error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, errors.PlatformError)
]


@pytest.mark.parametrize("error", PLATFORM_ERRORS, ids=lambda error: error.__name__)
def test_each_error_of_etl_is_retried_exactly_if_waiting_helps(error: type[errors.PlatformError]) -> None:
    with pytest.raises(AirflowException) as raised:
        run(Cluster([running(), ended(error.exit_code, SAID)]))
    assert isinstance(raised.value, AirflowFailException) is not issubclass(error, errors.TransientError)


@pytest.mark.parametrize("code", [1, 2, 64, 65, 69, 70, 76, 77, 78, 126, 127, 134, 139])
def test_what_waiting_does_not_help_fails_immediately_with_the_pods_own_message(code: int) -> None:
    cluster = Cluster([running(), ended(code, SAID)])
    with pytest.raises(AirflowFailException) as raised:
        run(cluster)
    assert str(raised.value).startswith(SAID)
    assert f"exit code {code}" in str(raised.value)
    assert cluster.deleted == [NAME]


@pytest.mark.parametrize("last", [ended(os.EX_TEMPFAIL, SAID), ended(137, reason="OOMKilled"), ended(143), evicted()])
def test_what_waiting_may_help_is_retried(last: Any) -> None:
    cluster = Cluster([running(), last])
    with pytest.raises(AirflowException) as raised:
        run(cluster)
    assert not isinstance(raised.value, AirflowFailException)
    assert cluster.deleted == [NAME]


def test_out_of_memory_says_so() -> None:
    with pytest.raises(AirflowException, match=r"The pod was killed.\n\(exit code 137, OOMKilled\)"):
        run(Cluster([running(), ended(137, reason="OOMKilled")]))


def test_an_eviction_says_why() -> None:
    with pytest.raises(AirflowException, match=r"low on resource: memory.\n\(no exit code, Evicted\)"):
        run(Cluster([running(), evicted()]))


def test_a_pod_that_someone_deletes_is_retried() -> None:
    with pytest.raises(AirflowException, match="is gone") as raised:
        run(Cluster([running(), GONE]))
    assert not isinstance(raised.value, AirflowFailException)


@pytest.mark.parametrize(
    ("life", "reason"),
    [
        ([running(), ended(0)], "Completed"),
        ([running(), ended(65, SAID, "Error")], "Error"),
        ([running(), ended(137, reason="OOMKilled")], "OOMKilled"),
        ([running(), evicted()], "Evicted"),
        ([running(), GONE], "Lost"),
        ([pending("CreateContainerConfigError", 'secret "warehouse" not found')] * 30, "NotStarted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_statsd_hears_how_each_pod_ended(life: Any, reason: str, statsd: socket.socket) -> None:
    with contextlib.suppress(AirflowException):
        run(Cluster(life))
    assert statsd.recv(1000).decode() == f"airflow.etl_pods_ended,dag_id=spacex,task_id=check,reason={reason}:1|c"


def test_a_retry_continues_with_the_pod_of_a_killed_try() -> None:
    cluster = Cluster()
    cluster.put(NAME, [running(), running(), ended(0)])
    run(cluster)
    assert (cluster.created, cluster.deleted) == ([], [NAME])


def test_a_retry_takes_the_result_of_a_pod_that_ended_while_nobody_looked() -> None:
    cluster = Cluster()
    cluster.put(NAME, [ended(65, SAID)])
    with pytest.raises(AirflowFailException, match="An audit failed"):
        run(cluster)
    assert cluster.created == []


def test_a_retry_of_a_share_finds_its_own_pod_and_not_that_of_another_share() -> None:
    first, second = (pod_name("sensors", "extract", SCHEDULED, index) for index in (0, 1))
    cluster = Cluster([running(), ended(0)])
    cluster.put(first, [running(), ended(0)])
    run(cluster, "sensors", "extract", index=1)
    assert [pod.metadata.name for pod in cluster.created] == [second]
    run(cluster, "sensors", "extract", index=0, tries=2)
    assert len(cluster.created) == 1
    assert cluster.deleted == [second, first]


def test_a_new_pod_waits_until_the_old_one_is_gone() -> None:
    cluster = Cluster([ended(0)])
    cluster.put(NAME, [running(), running(), running(), GONE], deletion_timestamp=datetime.now(UTC))
    run(cluster)
    assert len(cluster.created) == 1


def test_a_run_that_was_cleared_does_not_take_an_earlier_result() -> None:
    cluster = Cluster([ended(0)])
    cluster.put(NAME, [ended(65, SAID)])
    run(cluster, cleared=1)
    assert (len(cluster.created), cluster.deleted) == (1, [NAME, NAME])


def test_a_pod_may_be_silent_for_a_long_time(capsys: pytest.CaptureFixture[str]) -> None:
    silence = ReadTimeoutError(None, "", "Read timed out.")
    run(Cluster([running()] * 60 + [ended(0)], logs=[[silence], ["2026-11-21T06:10:00.1Z late\n"]]))
    said = capsys.readouterr().out
    assert "] late " in said
    assert "broke off" not in said


def test_the_pods_log_appears_once_even_if_its_connection_broke_off(capsys: pytest.CaptureFixture[str]) -> None:
    first = ["2026-11-21T06:00:01.1Z one\n", "2026-11-21T06:00:02.1Z two\n", HTTPError("connection lost")]
    second = ["2026-11-21T06:00:01.1Z one\n", "2026-11-21T06:00:02.1Z two\n", "2026-11-21T06:00:03.1Z three\n"]
    run(Cluster([running()] * 60 + [ended(0)], logs=[first, second]))
    said = capsys.readouterr().out
    assert [said.count(f"] {line} ") for line in ("one", "two", "three")] == [1, 1, 1]
    assert "broke off" in said


@pytest.mark.parametrize(
    "state",
    [
        pending("CreateContainerConfigError", 'secret "warehouse" not found'),
        pending("ErrImagePull", "pull access denied, repository does not exist"),
        pending("InvalidImageName", "couldn't parse image name"),
    ],
)
def test_what_a_pod_lacks_for_good_is_reported_immediately_and_fails_soon(
    state: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = Cluster([state])
    with pytest.raises(AirflowFailException, match=state.container_statuses[0].state.waiting.message):
        run(cluster)
    assert "has not started yet" in capsys.readouterr().out
    assert cluster.deleted == [NAME]


NOT_FOUND = (
    'rpc error: code = NotFound desc = failed to pull and unpack image "registry.example/etl:1": failed to resolve '
    'reference "registry.example/etl:1": registry.example/etl:1: not found',
    'failed to resolve reference "docker.io/x/etl:1": pull access denied, repository does not exist or may require '
    "authorization: server message: insufficient_scope: authorization failed",
    "reading manifest 1 in registry.example/etl: manifest unknown",
    'failed to resolve reference "registry.example/etl:1": unexpected status from HEAD request: 401 Unauthorized',
    "Error response from daemon: manifest for registry.example/etl:1 not found: manifest unknown: manifest unknown",
)
HICCUPS = (
    'failed to do request: Head "https://registry.example/v2/": dial tcp 10.0.0.1:443: connect: connection refused',
    'failed to do request: Head "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
    'failed to do request: Head "https://registry.example/v2/": net/http: TLS handshake timeout',
    "unexpected status from HEAD request to https://registry.example/v2/etl: 503 Service Unavailable",
    "unexpected status from HEAD request to https://registry.example/v2/etl: 500 Internal Server Error",
    "toomanyrequests: You have reached your pull rate limit",
    "failed to copy: httpReadSeeker: failed open: unexpected EOF",
    "failed to fetch anonymous token: unexpected status from GET request: 502 Bad Gateway",
    "pull QPS exceeded",
)


@pytest.mark.parametrize("said", NOT_FOUND)
@pytest.mark.parametrize("back_off", [False, True])
def test_an_image_that_its_registry_does_not_have_fails_within_seconds(said: str, back_off: bool) -> None:
    pulled = pending("ErrImagePull", said)
    if back_off:  # newer kubelets repeat the error here
        pulled = pending("ImagePullBackOff", f'Back-off pulling image "registry.example/etl:1": ErrImagePull: {said}')
    cluster = Cluster([*[pulled] * 6, running(), ended(0)])
    with pytest.raises(AirflowFailException, match="cannot start"):
        run(cluster)


@pytest.mark.parametrize("said", HICCUPS)
def test_a_registry_that_fails_for_a_while_is_waited_for(said: str) -> None:
    back_off = pending("ImagePullBackOff", f'Back-off pulling image "registry.example/etl:1": ErrImagePull: {said}')
    run(Cluster([*[pending("ErrImagePull", said), back_off] * 12, running(), ended(0)]))


@pytest.mark.parametrize("said", HICCUPS)
def test_a_registry_that_fails_for_a_long_time_is_left_to_the_next_try(said: str) -> None:
    with pytest.raises(AirflowException, match="did not start") as raised:
        run(Cluster([pending("ErrImagePull", said)]))
    assert not isinstance(raised.value, AirflowFailException)


def test_an_older_kubelet_says_only_in_its_events_why_it_backs_off() -> None:
    cluster = Cluster([pending("ImagePullBackOff", 'Back-off pulling image "etl:1"')])
    cluster.warnings = [("uid-1", f'Failed to pull image "etl:1": {NOT_FOUND[0]}'), ("uid-1", "Error: ErrImagePull")]
    with pytest.raises(AirflowFailException, match="NotFound"):
        run(cluster)


def test_a_missing_volume_fails_the_task() -> None:
    cluster = Cluster([pending()])
    cluster.warnings = [("uid-1", 'MountVolume.SetUp failed for volume "ca": configmap "warehouse-ca" not found')]
    with pytest.raises(AirflowFailException, match="warehouse-ca"):
        run(cluster)


def test_a_warning_about_an_earlier_pod_of_the_same_name_does_not_count() -> None:
    cluster = Cluster([pending()] * 40 + [ended(0)])
    cluster.warnings = [("uid-of-another", 'secret "warehouse" not found')]
    run(cluster)


def test_what_a_pod_lacks_may_still_arrive() -> None:
    run(Cluster([pending("CreateContainerConfigError", 'secret "warehouse" not found')] * 10 + [running(), ended(0)]))


def test_a_pod_that_does_not_start_is_retried_later() -> None:
    with pytest.raises(AirflowException, match="did not start") as raised:
        run(Cluster([pending()]))
    assert not isinstance(raised.value, AirflowFailException)


@pytest.mark.parametrize(
    ("refusal", "is_final"),
    [
        (refused(403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest"'), True),
        (refused(403, 'pods "x" is forbidden: User "airflow-scheduler" cannot create resource "pods"'), True),
        (refused(422, "Pod is invalid"), True),
        (refused(403, 'pods "x" is forbidden: exceeded quota: etl'), False),
        (refused(429, "too many requests"), False),
        (refused(503, "the server is shutting down"), False),
    ],
)
def test_a_refused_pod_is_retried_exactly_if_that_may_help(refusal: Any, is_final: bool) -> None:
    cluster = Cluster()
    cluster.refusals = [refusal]
    with pytest.raises(AirflowException, match="Kubernetes refused the pod") as raised:
        run(cluster)
    assert isinstance(raised.value, AirflowFailException) is is_final


def test_a_task_that_is_stopped_deletes_its_pod() -> None:
    cluster = Cluster()
    task = DAGS["spacex"].get_task("check").prepare_for_execution()
    task.client = cluster
    task.pod = cluster.put(NAME, [running()])
    task.on_kill()
    assert cluster.deleted == [NAME]


def test_a_task_that_is_stopped_while_it_follows_its_pod_never_counts_as_done() -> None:
    given = context("spacex", "check")
    task = rendered(given)

    def stop() -> Iterator[str]:
        task.on_kill()  # as Airflow does on SIGTERM, and then lets the task go on
        yield ""

    task.client, task.clock = Cluster([running()], logs=[stop()]), Clock()
    with pytest.raises(AirflowException, match="is gone"):
        task.execute(given)


def test_the_log_shows_the_arguments_but_nothing_of_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    run(Cluster([running(), ended(0)]))
    text = capsys.readouterr().out
    assert "etl check spacex" in text
    assert "envFrom" not in text
    assert "secretRef" not in text
