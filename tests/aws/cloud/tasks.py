"""ECS: a task on Fargate is a process here, with its definition's environment, secrets and role."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from moto.core.exceptions import JsonRESTError
from moto.ecs.models import EC2ContainerServiceBackend

from tests.aws.cloud import roles
from tests.aws.cloud.access import caller_may
from tests.aws.cloud.place import REGION, Place

SERVICE = "ecs-tasks.amazonaws.com"
PROGRAMS = Path(sys.executable).parent  # where `etl` is, which the image's ENTRYPOINT names


def run_as_processes(place: Place) -> None:
    register = EC2ContainerServiceBackend.run_task

    def run_task(self: Any, cluster: str, name: str, count: int, overrides: Any, *rest: Any, **more: Any) -> list[Any]:
        definition = self.describe_task_definition(name)
        for role in (definition.task_role_arn, definition.execution_role_arn):
            if not caller_may("iam:PassRole", role):
                raise JsonRESTError("AccessDeniedException", f"not authorized to perform: iam:PassRole on {role}")
        tasks = register(self, cluster, name, count, overrides, *rest, **more)
        for task in tasks:
            task.advance = lambda: None  # it ends when its process does
            task.last_status = "RUNNING"
            threading.Thread(target=_work, args=(place, task, definition, overrides or {}), daemon=True).start()
        return list(tasks)

    EC2ContainerServiceBackend.run_task = run_task
    # moto adds up what containers reserve; on Fargate the task says what it needs, and containers need not.
    nothing = {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}
    EC2ContainerServiceBackend._calculate_task_resource_requirements = lambda *_: nothing


def _work(place: Place, task: Any, definition: Any, overrides: Mapping[str, Any]) -> None:
    [container] = definition.container_definitions
    [override] = overrides.get("containerOverrides") or [{}]
    command = [
        *(container.get("entryPoint") or ["etl"]),
        *(override.get("command") or container.get("command") or []),
    ]
    try:
        environment = _environment(place, definition, container)
    except Exception as error:  # a container that cannot be started has no exit code
        task.stopped_reason = f"ResourceInitializationError: {error}"[:250]
        place.note(f"{' '.join(command)} → did not start: {error}")
        for part in task.containers:
            part.exitCode = part.exit_code = None
    else:
        done = subprocess.run(command, env=environment, cwd=tempfile.gettempdir(), capture_output=True, text=True)
        place.note(f"{' '.join(command)} → {done.returncode} {(done.stdout + done.stderr)[-1500:]}")
        for part in task.containers:
            part.exitCode = part.exit_code = done.returncode
    task.last_status = "STOPPED"


def _environment(place: Place, definition: Any, container: Mapping[str, Any]) -> dict[str, str]:
    given = {entry["name"]: entry["value"] for entry in container.get("environment", [])}
    if "ETL_LAKE__URL" in given:  # Arrow reads no AWS_CA_BUNDLE
        given["ETL_LAKE__URL"] += f"&tls_ca_file_path={place.certificate}"
    machine = {
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        "HOME": tempfile.gettempdir(),
        "AWS_ENDPOINT_URL": place.https,
        "AWS_CA_BUNDLE": str(place.certificate),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION,
    }
    identity = {name.upper(): value for name, value in roles.keys(definition.task_role_arn, SERVICE).items()}
    return machine | identity | given | _secrets(place, definition, container) | dict(place.stand_ins())


def _secrets(place: Place, definition: Any, container: Mapping[str, Any]) -> dict[str, str]:
    """Fetched over HTTP as the execution role, so that its rights count: `<arn>:<key>:<stage>:<version>`."""
    client = boto3.client(
        "secretsmanager",
        region_name=REGION,
        endpoint_url=place.http,
        **roles.keys(definition.execution_role_arn, SERVICE),
    )
    found = {}
    for secret in container.get("secrets", []):
        *arn, key, _stage, _version = secret["valueFrom"].split(":")
        found[secret["name"]] = json.loads(client.get_secret_value(SecretId=":".join(arn))["SecretString"])[key]
    return found
