"""Each action that a role of the pipeline is allowed, and how it is known to be needed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.aws.simulated import Simulated

NAME = "data-platform-dev"

# Taken away, a run fails: that nothing is wrong with, or one of which a failure must be told.
NEEDED_BY_A_RUN = {
    "task": (
        *("s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        *("glue:GetTable", "glue:CreateTable", "glue:UpdateTable"),
    ),
    "execution": ("secretsmanager:GetSecretValue",),
    "state-machine": ("ecs:RunTask", "ecs:DescribeTasks", "iam:PassRole"),
}
NEEDED_TO_TELL = {"state-machine": ("sns:Publish",)}

# Needed by AWS, but not by the simulated one.
KEYS = "the simulated AWS does not ask keys of KMS"
IMAGES = "a container is a process here: no image is pulled"
LOGS = "a container is a process here: its lines go into a file of the test"
DELIVERY = "the simulated AWS keeps no log of executions"
CRAWLER = "nothing crawls here"
EVENTS = "the simulated AWS asks for a task's state, and hears of none by events"
NOT_SEEN = {
    "s3:AbortMultipartUpload": "only an upload that breaks off is aborted",
    "ecs:StopTask": "only an execution that a person stops, stops its task",
    "states:StartExecution": "nothing fires a schedule here",
    "sqs:SendMessage": "nothing fires a schedule here",
    **dict.fromkeys(("kms:Decrypt", "kms:GenerateDataKey"), KEYS),
    **dict.fromkeys(("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"), IMAGES),
    **dict.fromkeys(("ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"), IMAGES),
    **dict.fromkeys(("logs:CreateLogStream", "logs:PutLogEvents"), LOGS),
    **dict.fromkeys(("logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery"), DELIVERY),
    **dict.fromkeys(("logs:DeleteLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy"), DELIVERY),
    **dict.fromkeys(("logs:DescribeResourcePolicies", "logs:DescribeLogGroups"), DELIVERY),
    **dict.fromkeys(("s3:GetBucketLocation", "logs:CreateLogGroup", "logs:AssociateKmsKey"), CRAWLER),
    **dict.fromkeys(("glue:GetDatabase", "glue:GetTables", "glue:GetPartitions", "glue:BatchGetPartition"), CRAWLER),
    **dict.fromkeys(("glue:BatchCreatePartition", "glue:BatchUpdatePartition"), CRAWLER),
    "glue:GetSecurityConfiguration": CRAWLER,
    **dict.fromkeys(("events:PutTargets", "events:PutRule", "events:DescribeRule"), EVENTS),
}


def allowed(aws: Simulated) -> dict[str, set[str]]:
    """The actions that are allowed to each role of what runs."""
    roles = ("task", "execution", "owner-execution", "state-machine", "scheduler", "crawler", "trail")
    return {
        role: {
            action for _, policy in _policies(aws, role) for s in policy["Statement"] for action in _listed(s["Action"])
        }
        for role in roles
    }


@contextmanager
def without(aws: Simulated, role: str, action: str) -> Iterator[None]:
    """Within this block, the role may not do this."""
    iam = aws.client("iam")
    policies = list(_policies(aws, role))
    for name, policy in policies:
        less = copy.deepcopy(policy)
        for statement in less["Statement"]:
            statement["Action"] = [other for other in _listed(statement["Action"]) if other != action] or ["none:None"]
        iam.put_role_policy(RoleName=f"{NAME}-{role}", PolicyName=name, PolicyDocument=json.dumps(less))
    try:
        yield
    finally:
        for name, policy in policies:
            iam.put_role_policy(RoleName=f"{NAME}-{role}", PolicyName=name, PolicyDocument=json.dumps(policy))


def _policies(aws: Simulated, role: str) -> Iterator[tuple[str, dict[str, Any]]]:
    iam = aws.client("iam")
    for name in iam.list_role_policies(RoleName=f"{NAME}-{role}")["PolicyNames"]:
        yield name, iam.get_role_policy(RoleName=f"{NAME}-{role}", PolicyName=name)["PolicyDocument"]


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
