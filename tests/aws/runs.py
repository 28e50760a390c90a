"""Starting what Terraform made, and waiting for its end."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from tests.aws.simulated import Simulated

PATIENCE_S = 300


def owner_task(aws: Simulated, request: str) -> int:
    """Run the owner's task, as `aws ecs run-task --cli-input-json` does; its exit code."""
    ecs = aws.client("ecs")
    arguments = json.loads(request)
    [started] = ecs.run_task(**arguments)["tasks"]
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        [task] = ecs.describe_tasks(cluster=arguments["cluster"], tasks=[started["taskArn"]])["tasks"]
        if task["lastStatus"] == "STOPPED":
            return int(task["containers"][0].get("exitCode", -1))
        time.sleep(0.2)
    raise AssertionError("the owner's task did not end")


def execution(aws: Simulated, machine: str, keys: Mapping[str, str], **given: Any) -> dict[str, Any]:
    """Run a state machine to its end, started by who has these keys."""
    states = aws.client("stepfunctions", keys)
    arn = states.start_execution(stateMachineArn=machine, name=uuid.uuid4().hex, input=json.dumps(given))[
        "executionArn"
    ]
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found: dict[str, Any] = states.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.2)
    raise AssertionError(f"{machine} did not end")


def states_of(aws: Simulated, execution_arn: str) -> list[str]:
    """Names of the states that an execution entered, in their order."""
    pages = aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    events = [event for page in pages for event in page["events"]]
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
