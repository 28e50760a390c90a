"""How a step of a DAG runs: as one pod of our image, in namespace `etl`. A DAG says what and when; this says how.

A step's pod has a name made from DAG, task, run and, if the task is mapped, its index, so that there is never more than
one at a time: whoever comes second, such as a new try after the scheduler died, finds the name taken, waits for that
pod and takes its result. Only when a person cleared the run meanwhile, the pod of before is taken away first.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.utils.pod_manager import detect_pod_terminate_early_issues
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.observability.stats import Stats
from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError, ReadTimeoutError

NAMESPACE = "etl"
LOOK_AGAIN = 0.1  # seconds between two looks at a pod that starts or ends; while its log is followed nobody looks
PATIENCE = 15  # seconds for which something that a pod needs may be missing: `make up` may be at work
TEMPORARY = "4Gi"  # at most, in /tmp: what DuckDB cannot hold in memory, and a file on its way to S3
SPARK_CONF = "/etc/spark"  # ConfigMap spark: the files of k8s/spark/
STARTING = 300  # seconds until a pod must have started: the cluster may be full, or the image on its way

LABELS = {"app.kubernetes.io/name": "etl", "app.kubernetes.io/part-of": "data-platform"}
CLEARED = "clear_number"  # the label that tells how often a person has cleared the run
KILLED = frozenset({137, 143})  # out of memory, evicted, its node drained
TRANSIENT = KILLED | {os.EX_TEMPFAIL}

# How every task is tried again, for `default_args`: a mapped task takes these from there only.
TRIES: dict[str, Any] = {
    "retries": 4,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=2),
}

# etl's name for an extraction. All tries of a run share it, so that a killed extraction goes on where it stopped;
# a run that is cleared gets a later one, and reads the API anew.
RUN_ID = (
    "{{ dag_run.start_date.strftime('%Y%m%dT%H%M%SZ-')"
    " ~ '%05x%x' % (dag_run.start_date.microsecond, [dag_run.clear_number or 0, 15] | min) }}"
)

# The same as it was when task `check` began, where several pods work on one extraction: whichever of them is cleared
# later goes on with what the others did, on the same days. Who clears `check` as well reads the API anew.
_SETTLED = "ti.xcom_pull('check', key='run_id')"
SETTLED_RUN_ID = f"{{{{ {_SETTLED} }}}}"
SETTLED_DAY = f"macros.ds_format({_SETTLED}[:8], '%Y%m%d', '%Y-%m-%d')"  # an expression: the day in that name


def settle_run_id(context: Any) -> None:
    """What `check` does before its pod, if later tasks use SETTLED_RUN_ID."""
    context["ti"].xcom_push("run_id", context["task"].render_template(RUN_ID, context))


def platform(name: str) -> str:
    """What `make up` wrote beside the DAGs: `etl_image`, `spark_image`, and `lake_claim`, blank for a lake on S3."""
    file = Path(__file__).with_name("platform.json")
    try:
        return str(json.loads(file.read_text())[name])
    except (OSError, ValueError, LookupError) as error:
        raise AirflowException(f"{file} does not say {name}. `make up` writes it.") from error


class EtlStep(KubernetesPodOperator):
    """One call of `etl` in a pod of its own.

    Fails at once, with the pod's own message, when waiting does not help; else tries again as TRIES say.
    `needs_lake`: whether the lake's volume, if it is on one, is mounted at /lake. `cpu`, `memory`: requests; memory is
    the limit, too.
    """

    def __init__(
        self,
        *,
        arguments: Sequence[str],
        needs_lake: bool = False,
        cpu: str = "100m",
        memory: str = "256Mi",
        **options: Any,
    ) -> None:
        every_pod: dict[str, Any] = {
            "image": platform("etl_image"),
            "image_pull_policy": "IfNotPresent",
            "namespace": NAMESPACE,
            "kubernetes_conn_id": None,
            "in_cluster": True,
            "random_name_suffix": False,
            "labels": LABELS,
            "service_account_name": "etl",
            "automount_service_account_token": False,
            "security_context": _pod_security(),
            "container_security_context": _container_security(),
            "container_resources": _resources(cpu, memory),
            "env_from": _settings(),
            "volumes": _volumes(needs_lake),
            "volume_mounts": _mounts(needs_lake),
            "termination_grace_period": 5,  # every step may be killed anywhere, so there is little to wait for
        }
        super().__init__(arguments=list(arguments), **every_pod | options)

    def build_pod_request_obj(self, context: Any = None) -> k8s.V1Pod:
        self.arguments = [argument for argument in self.arguments if argument]
        pod = super().build_pod_request_obj(context)
        if context:
            pod.metadata.name = pod_name(self.dag_id, self.task_id, context["run_id"], context["ti"].map_index)
            pod.metadata.labels[CLEARED] = str(context["dag_run"].clear_number or 0)
        return pod

    def execute_sync(self, context: Any) -> None:
        """Make the pod or find it, follow it to its end, take it away and judge it."""
        wanted = self.build_pod_request_obj(context)
        self.pod = self._make_or_find(wanted)
        self._await_start(self.pod)
        ended = self._follow(self.pod)
        self._count(why_ended(ended))
        if not has_succeeded(ended):
            for warning in self._warnings(ended):
                self.log.warning("%s", warning)
        self.pod_manager.delete_pod(ended)
        judge(ended)

    def _make_or_find(self, wanted: k8s.V1Pod) -> k8s.V1Pod:
        name, going = wanted.metadata.name, False
        while True:
            try:
                pod = self.client.create_namespaced_pod(wanted.metadata.namespace, wanted)
                self.log.info("Made pod %s: etl %s", name, " ".join(self.arguments))
                return pod
            except ApiException as error:
                if error.status != 409:  # the name is not taken, but the pod refused
                    raise refusal(error) from None
            found = self._read(wanted)
            if found is not None and found.metadata.deletion_timestamp is None:
                if found.metadata.labels.get(CLEARED) == wanted.metadata.labels[CLEARED]:
                    self.log.info("Found pod %s of an earlier try: going on with it", name)
                    return found
                self.pod_manager.delete_pod(found)
            if not going:
                self.log.info("Waiting until pod %s of an earlier try is gone", name)
                going = True
            time.sleep(LOOK_AGAIN)

    def _await_start(self, pod: k8s.V1Pod) -> None:
        begin, told = time.monotonic(), ""
        while not has_started(now := self._read_existing(pod)):
            waited = time.monotonic() - begin
            reason = self._why_not_started(now) if waited > 3 else ""
            if reason != told:
                self.log.warning("Pod %s has not started yet: %s", now.metadata.name, reason)
                told = reason
            if waited > PATIENCE and (detect_pod_terminate_early_issues(now) or "not found" in reason):
                self._give_up(now, AirflowFailException(f"Pod {now.metadata.name} cannot start. {reason}"))
            if waited > STARTING:
                self._give_up(now, AirflowException(f"Pod {now.metadata.name} did not start. {reason}"))
            time.sleep(LOOK_AGAIN if waited < 3 else 1)

    def _why_not_started(self, pod: k8s.V1Pod) -> str:
        waiting = [s.state.waiting for s in pod.status.container_statuses or [] if s.state and s.state.waiting]
        reasons = [f"{w.reason}: {w.message}" for w in waiting if w.message]
        reasons += [c.message for c in pod.status.conditions or [] if c.type == "PodScheduled" and c.message]
        return "; ".join(dict.fromkeys([*reasons, *self._warnings(pod)[-1:]]))

    def _warnings(self, pod: k8s.V1Pod) -> list[str]:
        """What Kubernetes has to say of this very pod, not of an earlier one of its name."""
        events = self.pod_manager.read_pod_events(pod).items
        return [e.message for e in events if e.type == "Warning" and e.involved_object.uid == pod.metadata.uid]

    def _give_up(self, pod: k8s.V1Pod, error: AirflowException) -> None:
        self._count("NotStarted")
        self.pod_manager.delete_pod(pod)
        raise error

    def _count(self, reason: str) -> None:
        """Tell how the pod ended: it is taken away so soon that whoever looks now and then never sees it."""
        Stats.incr("etl_pods_ended", tags={"dag_id": self.dag_id, "task_id": self.task_id, "reason": reason})

    def _follow(self, pod: k8s.V1Pod) -> k8s.V1Pod:
        """The pod when it has ended; until then its log lines appear in ours."""
        last = ""
        while True:
            for stamp, line in self._log_lines(pod, last):
                self.log.info("%s", line)
                last = stamp
            for _ in range(50):  # the log's end is known up to a second before the container's
                if has_ended(now := self._read_existing(pod)):
                    return now
                time.sleep(LOOK_AGAIN)
            # Still running: it was the connection that ended.

    def _log_lines(self, pod: k8s.V1Pod, last: str) -> Iterator[tuple[str, str]]:
        """(time stamp, text) of each line after the one that was written at `last`."""
        try:
            stream = self.client.read_namespaced_pod_log(
                pod.metadata.name,
                pod.metadata.namespace,
                container=self.base_container_name,
                follow=True,
                timestamps=True,
                _preload_content=False,
                _request_timeout=(10, 300),
            )
            for line in stream:
                stamp, _, text = line.decode(errors="backslashreplace").rstrip("\n").partition(" ")
                if stamp > last:
                    yield stamp, text
        except ReadTimeoutError:
            pass  # the pod had nothing to say for a while
        except (ApiException, HTTPError) as error:
            self.log.warning("The pod's log broke off: %s", getattr(error, "reason", error))

    def _read(self, pod: k8s.V1Pod) -> k8s.V1Pod | None:
        try:
            return self.pod_manager.read_pod(pod)
        except ApiException as error:
            if error.status == 404:
                return None
            raise

    def _read_existing(self, pod: k8s.V1Pod) -> k8s.V1Pod:
        if (now := self._read(pod)) is None:
            self._count("Lost")
            raise AirflowException(f"Pod {pod.metadata.name} is gone: someone deleted it, or its node.")
        return now


class SparkStep(EtlStep):
    """One call of `etl … --engine spark`: its pod is Spark's driver and makes executors, pods of the same image.

    What these are like stands in k8s/spark/. All of them must reach the lake, so it is on S3. With the driver's pod
    Kubernetes takes its executors away, however it ended.
    """

    def __init__(self, *, arguments: Sequence[str], **options: Any) -> None:
        super().__init__(
            arguments=arguments,
            cpu="250m",
            memory="1280Mi",  # 640 for the JVM (ETL_SPARK__MEMORY), the rest for its threads, its code and Python
            image=platform("spark_image"),
            service_account_name="spark",
            automount_service_account_token=True,
            labels=LABELS | {"spark-role": "driver"},
            env_vars=_environment_of_driver(),
            volumes=[*_volumes(), k8s.V1Volume(name="spark", config_map=k8s.V1ConfigMapVolumeSource(name="spark"))],
            volume_mounts=[*_mounts(), k8s.V1VolumeMount(name="spark", mount_path=SPARK_CONF, read_only=True)],
            **options,
        )


def pod_name(dag_id: str, task_id: str, run_id: str, map_index: int = -1) -> str:
    """`spacex-extract-1f3a9c2b`, or `sensors-extract-0-1f3a9c2b` of a mapped task: one for all tries in a run."""
    index = f"-{map_index}" if map_index >= 0 else ""
    what = f"{dag_id}-{task_id}".lower().replace("_", "-")[:48].strip("-.")
    return f"{what}{index}-{sha256(f'{dag_id}/{task_id}{index}/{run_id}'.encode()).hexdigest()[:8]}"


def has_started(pod: k8s.V1Pod) -> bool:
    """Whether its container has."""
    state = _state(pod)
    return bool(state.running or state.terminated) or pod.status.phase in ("Running", "Succeeded", "Failed")


def has_ended(pod: k8s.V1Pod) -> bool:
    """Whether its container has; the pod itself is said to have ended only a second later, when it is cleared away."""
    return bool(_state(pod).terminated) or pod.status.phase in ("Succeeded", "Failed")


def has_succeeded(pod: k8s.V1Pod) -> bool:
    """Whether a pod that has ended did what it should."""
    ended = _state(pod).terminated
    return ended.exit_code == os.EX_OK if ended else pod.status.phase == "Succeeded"


def why_ended(pod: k8s.V1Pod) -> str:
    """Why a pod ended, in one of the few words of Kubernetes: Completed, OOMKilled, Evicted or Error."""
    if has_succeeded(pod):
        return "Completed"
    ended = _state(pod).terminated
    known = {"OOMKilled", "Evicted"}.intersection({ended and ended.reason, pod.status.reason})
    return next(iter(known), "Error")


def judge(pod: k8s.V1Pod) -> None:
    """Return if the pod succeeded.

    Raises: AirflowFailException (no further try) if waiting does not help; AirflowException if it may.
    """
    if has_succeeded(pod):
        return
    ended = _state(pod).terminated
    code = ended.exit_code if ended else None
    nothing = "The pod was killed." if code in KILLED else "The pod left no message; its last log lines tell more."
    said = (ended and ended.message) or pod.status.message or nothing
    causes = [f"exit code {code}" if ended else "no exit code", ended and ended.reason, pod.status.reason]
    kind = AirflowException if code is None or code in TRANSIENT else AirflowFailException
    raise kind(f"{said.strip()}\n({', '.join(filter(None, causes))})")


def _state(pod: k8s.V1Pod) -> k8s.V1ContainerState:
    statuses = pod.status.container_statuses or []
    return statuses[0].state if statuses and statuses[0].state else k8s.V1ContainerState()


def refusal(error: ApiException) -> AirflowException:
    """Why Kubernetes did not take a pod. A full quota empties again and a busy API recovers; nothing else does."""
    try:
        said = json.loads(error.body)["message"]
    except (TypeError, ValueError, LookupError):
        said = error.reason
    may_pass = "exceeded quota" in said or error.status == 429 or error.status >= 500
    kind = AirflowException if may_pass else AirflowFailException
    return kind(f"Kubernetes refused the pod: {said}")


def _pod_security() -> k8s.V1PodSecurityContext:
    return k8s.V1PodSecurityContext(
        run_as_non_root=True,
        run_as_user=65532,
        run_as_group=65532,
        fs_group=65532,
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
    )


def _container_security() -> k8s.V1SecurityContext:
    return k8s.V1SecurityContext(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=k8s.V1Capabilities(drop=["ALL"]),
    )


def _resources(cpu: str, memory: str) -> k8s.V1ResourceRequirements:
    return k8s.V1ResourceRequirements(requests={"cpu": cpu, "memory": memory}, limits={"memory": memory})


def _environment_of_driver() -> list[k8s.V1EnvVar]:
    """Where Spark finds Kubernetes, its configuration, and what its braces stand for; executors call back at the IP."""
    told = {
        "ETL_SPARK__MASTER": "k8s://https://kubernetes.default.svc",
        "ETL_SPARK__MEMORY": "640m",
        "SPARK_CONF_DIR": SPARK_CONF,
        "SPARK_IMAGE": platform("spark_image"),
    }
    of_the_pod = {
        "POD_NAME": "metadata.name",
        "SPARK_LOCAL_IP": "status.podIP",
        "SPARK_LOCAL_HOSTNAME": "status.podIP",
    }
    return [
        *(k8s.V1EnvVar(name=name, value=value) for name, value in told.items()),
        *(
            k8s.V1EnvVar(
                name=name, value_from=k8s.V1EnvVarSource(field_ref=k8s.V1ObjectFieldSelector(field_path=field))
            )
            for name, field in of_the_pod.items()
        ),
    ]


def _settings() -> list[k8s.V1EnvFromSource]:
    """Settings by reference: no value of a Secret is in a pod's manifest, in Airflow's database or in a log."""
    return [
        k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name="etl")),
        k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="warehouse")),
        k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="object-store", optional=True)),
        # A person's, and the last one wins.
        k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="etl", optional=True)),
    ]


def _volumes(needs_lake: bool = False) -> list[k8s.V1Volume]:
    volumes = [
        k8s.V1Volume(name="tmp", empty_dir=k8s.V1EmptyDirVolumeSource(size_limit=TEMPORARY)),
        k8s.V1Volume(name="warehouse-ca", config_map=k8s.V1ConfigMapVolumeSource(name="warehouse-ca")),
        k8s.V1Volume(
            name="object-store-ca", config_map=k8s.V1ConfigMapVolumeSource(name="object-store-ca", optional=True)
        ),
    ]
    if needs_lake and (claim_name := platform("lake_claim")):
        claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=claim_name)
        volumes.append(k8s.V1Volume(name="lake", persistent_volume_claim=claim))
    return volumes


def _mounts(needs_lake: bool = False) -> list[k8s.V1VolumeMount]:
    mounts = [
        k8s.V1VolumeMount(name="tmp", mount_path="/tmp"),  # noqa: S108
        k8s.V1VolumeMount(name="warehouse-ca", mount_path="/etc/warehouse", read_only=True),
        k8s.V1VolumeMount(name="object-store-ca", mount_path="/etc/object-store", read_only=True),
    ]
    if needs_lake and platform("lake_claim"):
        mounts.append(k8s.V1VolumeMount(name="lake", mount_path="/lake"))
    return mounts
