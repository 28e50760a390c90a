"""The simulated AWS as tests use it: started, asked, and told whether it enforces rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from tests.aws.cloud.place import REGION, Place
from tests.conftest import ROOT

# What `left_of` asks for: service, operation, the list in its answer, and the name in each entry.
LISTED = (
    ("s3", "list_buckets", "Buckets", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("secretsmanager", "list_secrets", "SecretList", "Name"),
    ("stepfunctions", "list_state_machines", "stateMachines", "name"),
    ("scheduler", "list_schedules", "Schedules", "Name"),
    ("ecr", "describe_repositories", "repositories", "repositoryName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("glue", "get_databases", "DatabaseList", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("cloudtrail", "list_trails", "Trails", "Name"),
    ("redshift", "describe_clusters", "Clusters", "ClusterIdentifier"),
)
ROOT_KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@contextmanager
def cloud(folder: Path) -> Iterator[Simulated]:
    """A simulated AWS that is empty, and gone in the end."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG", "ETL_"))},
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(2**30),
    }
    with (folder / "cloud.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.aws.cloud", str(folder)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            yield Simulated(_served(process, folder))
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


def _served(process: subprocess.Popen[bytes], folder: Path) -> Place:
    while not (folder / "served.json").exists():
        assert process.poll() is None, (folder / "cloud.log").read_text()
        time.sleep(0.05)
    addresses = json.loads((folder / "served.json").read_text())
    return Place(folder, addresses["http"], addresses["https"])


class Simulated:
    def __init__(self, place: Place) -> None:
        self.place = place

    @property
    def environment(self) -> dict[str, str]:
        """For Terraform: where AWS is. What this AWS lacks is refused at once, and must not be tried again for long."""
        return {
            "AWS_ENDPOINT_URL": self.place.https,
            "AWS_CA_BUNDLE": str(self.place.certificate),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_MAX_ATTEMPTS": "2",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, keys: Mapping[str, str] = ROOT_KEYS, *, encrypted: bool = True) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.place.https if encrypted else self.place.http,
            verify=str(self.place.certificate),
            **keys,
        )

    def keys_of(self, role_arn: str) -> dict[str, str]:
        """Keys of a person who has taken a role."""
        given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    @contextmanager
    def enforcing(self) -> Iterator[None]:
        """Rights count within this block; outside of it, everybody may do everything."""
        self._unchecked("0")
        try:
            yield
        finally:
            self._unchecked("inf")

    def _unchecked(self, requests: str) -> None:
        request = urllib.request.Request(
            f"{self.place.http}/moto-api/reset-auth", data=requests.encode(), headers={"Content-Type": "text/plain"}
        )
        urllib.request.urlopen(request).close()

    def left_of(self, name: str) -> list[str]:
        """What the account holds whose name begins so, but for CI's role; and networks, which only have a tag."""
        held = [
            thing
            for service, operation, kind, key in LISTED
            for page in self.client(service).get_paginator(operation).paginate()
            for thing in (each[key] if key else each for each in page.get(kind, []))
        ]
        networks = self.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": [name]}])["Vpcs"]
        return sorted(
            [
                thing
                for thing in held
                if name in thing.replace("_", "-") and not thing.endswith((f"{name}-ci", f"{name}-plan"))
            ]
            + [vpc["VpcId"] for vpc in networks]
        )

    def tasks_log(self) -> str:
        """What the last tasks said."""
        return (self.place.folder / "tasks.log").read_text()[-5000:]
