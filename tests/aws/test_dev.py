"""From an empty account to the answer, and back: the development environment on a simulated AWS.

One test, as each step needs what the steps before it made.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pyiceberg.table import StaticTable

from etl.lake import tables as iceberg
from etl.lake.store import Lake
from etl.postgres import embedded
from etl.simulate import server
from etl.simulate.faults import Faults
from etl.sources.spacex import simulator as spacex
from tests.aws import account, rights, runs, warehouse
from tests.aws.simulated import ROOT_KEYS, Simulated
from tests.aws.terraform import Terraform
from tests.conftest import ROOT

ETL = Path(sys.executable).parent / "etl"
pytestmark = pytest.mark.thorough


def test_from_an_empty_account_to_the_answer_and_back(tmp_path: Path, subtests: pytest.Subtests) -> None:
    with (
        account.an_account(tmp_path) as (aws, code),
        warehouse.rds(tmp_path, aws.place) as dsn,
        server.serve(spacex.make_app(Faults([]))) as simulator,
    ):
        bootstrap = account.bootstrapped(aws, code)
        ci_is_trusted_in_its_environment_only(aws, subtests)
        hasty = {"ETL_SPACEX__BASE_URL": simulator.url, "ETL_HTTP__RETRY_S": "1"}
        dev = account.environment(aws, code, "dev", bootstrap, etl_settings=json.dumps(hasty))
        account.apply(dev, subtests)
        platform = dev.outputs()["platform"]

        machines_lead_somewhere(aws, subtests)
        a_second_apply_meets_the_lock(aws, dev, subtests)
        whoever_plans_reads_no_data(aws, platform, subtests)
        no_password_is_in_the_state(aws, platform, subtests)
        the_lake_is_reached_by_tls_only(aws, platform, subtests)
        analysts_find_the_questions_in_athena(aws, platform, subtests)
        what_is_watched_exists(aws, platform, subtests)
        with subtests.test("the owner's task makes roles and tables in an empty warehouse"):
            assert runs.owner_task(aws, platform["owner_task"]) == 0, aws.tasks_log()

        pipeline = Pipeline(aws, platform, simulator.url)
        pipeline.publishes_what_a_local_run_publishes(dsn, tmp_path, subtests)
        analysts_read_what_is_published(aws, platform, dsn, subtests)
        pipeline.tries_again_if_waiting_helps(subtests)
        pipeline.tells_once_of_a_failure(subtests)
        pipeline.needs_what_it_is_allowed(subtests)
        account.destroy(aws, dev, subtests, "data-platform-dev")


def ci_is_trusted_in_its_environment_only(aws: Simulated, subtests: pytest.Subtests) -> None:
    """Read from the trust itself: the simulated AWS would let anybody in."""
    roles = {"dev": "dev-ci", "prod": "prod-ci", "dev-plan": "dev-plan", "prod-plan": "prod-plan"}
    for name, role_name in roles.items():
        with subtests.test("jobs of one environment of this repository get its role", environment=name):
            role = aws.client("iam").get_role(RoleName=f"data-platform-{role_name}")["Role"]
            [statement] = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"]["Federated"].endswith("oidc-provider/token.actions.githubusercontent.com")
            assert statement["Condition"] == {
                "StringEquals": {
                    "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                    "token.actions.githubusercontent.com:sub": f"repo:{account.REPOSITORY}:environment:{name}",
                }
            }


def whoever_plans_reads_no_data(aws: Simulated, platform: dict[str, Any], subtests: pytest.Subtests) -> None:
    """A pull request runs code of its own with this role."""
    role = aws.client("iam").get_role(RoleName="data-platform-dev-plan")["Role"]["Arn"]
    keys = aws.keys_of(role)
    aws.client("s3").put_object(Bucket=platform["lake_bucket"], Key="note", Body=b"data")
    [bucket] = [b["Name"] for b in aws.client("s3").list_buckets()["Buckets"] if "state" in b["Name"]]
    with subtests.test("a plan reads its state, and neither data nor passwords"), aws.enforcing():
        assert aws.client("s3", keys).get_object(Bucket=bucket, Key="dev/terraform.tfstate")["Body"].read()
        for refused in ({"Bucket": platform["lake_bucket"], "Key": "note"}, {"Bucket": bucket, "Key": "prod/x"}):
            with pytest.raises(ClientError, match=r"AccessDenied|Forbidden|403"):
                aws.client("s3", keys).get_object(**refused)
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.client("secretsmanager", keys).get_secret_value(SecretId=platform["login_secret_arns"]["analyst"])
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.client("s3", keys).put_object(Bucket=bucket, Key="dev/terraform.tfstate", Body=b"another")
    aws.client("s3").delete_object(Bucket=platform["lake_bucket"], Key="note")


def machines_lead_somewhere(aws: Simulated, subtests: pytest.Subtests) -> None:
    """What AWS refuses and moto does not: a name that is not unique in a machine, a way that leads nowhere."""
    states = aws.client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        with subtests.test("each state has a name of its own and leads to one that exists", machine=machine["name"]):
            definition = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"]
            names = list(_names(json.loads(definition)))
            assert len(names) == len(set(names))
            assert all(len(name) <= 80 for name in names)


def _names(machine: dict[str, Any]) -> Iterator[str]:
    states = machine["States"]
    yield from states
    ways = {machine["StartAt"]}
    for state in states.values():
        choices = [*state.get("Choices", []), *state.get("Catch", []), state]
        ways |= {choice["Next"] for choice in choices if "Next" in choice} | {state.get("Default", machine["StartAt"])}
        assert "Next" in state or "Choices" in state or state.get("End") or state["Type"] in ("Fail", "Succeed")
        if "ItemProcessor" in state:
            yield from _names(state["ItemProcessor"])
    assert ways == states.keys(), ways ^ states.keys()


def a_second_apply_meets_the_lock(aws: Simulated, dev: Terraform, subtests: pytest.Subtests) -> None:
    with subtests.test("a second apply at the same time meets the lock"):
        [bucket] = [b["Name"] for b in aws.client("s3").list_buckets()["Buckets"] if "state" in b["Name"]]
        lock = {"Bucket": bucket, "Key": "dev/terraform.tfstate.tflock"}
        aws.client("s3").put_object(**lock, Body=json.dumps({"ID": "another", "Who": "somebody"}).encode())
        try:
            refused = dev.run("plan", "-no-color")
        finally:
            aws.client("s3").delete_object(**lock)
        assert refused.returncode == 1
        assert "Error acquiring the state lock" in refused.stderr


def no_password_is_in_the_state(aws: Simulated, platform: dict[str, Any], subtests: pytest.Subtests) -> None:
    with subtests.test("no password is in the state"):
        secrets = aws.client("secretsmanager")
        passwords = [
            json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])["password"]
            for arn in platform["login_secret_arns"].values()
        ]
        assert len(set(passwords)) == len(passwords) == 4
        state = _state(aws)
        assert "data-platform-dev" in state
        assert not [password for password in passwords if password in state]


def _state(aws: Simulated) -> str:
    s3 = aws.client("s3")
    [bucket] = [b["Name"] for b in s3.list_buckets()["Buckets"] if "state" in b["Name"]]
    return str(s3.get_object(Bucket=bucket, Key="dev/terraform.tfstate")["Body"].read().decode())


def the_lake_is_reached_by_tls_only(aws: Simulated, platform: dict[str, Any], subtests: pytest.Subtests) -> None:
    with subtests.test("the lake answers to TLS only"):
        note = {"Bucket": platform["lake_bucket"], "Key": "note"}
        aws.client("s3").put_object(**note, Body=b"by TLS")
        with pytest.raises(ClientError, match=r"AccessDenied|Forbidden|403"):
            aws.client("s3", ROOT_KEYS, encrypted=False).get_object(**note)
        aws.client("s3").delete_object(**note)


def analysts_find_the_questions_in_athena(aws: Simulated, platform: dict[str, Any], subtests: pytest.Subtests) -> None:
    athena = aws.client("athena", aws.keys_of(platform["role_arns"]["analyst"]))
    group = {"WorkGroup": platform["workgroup"]}
    with subtests.test("an analyst finds every question as a named query, and may ask it"), aws.enforcing():
        ids = athena.list_named_queries(**group, MaxResults=50)["NamedQueryIds"]
        found = [athena.get_named_query(NamedQueryId=each)["NamedQuery"] for each in ids]
        assert {query["Name"] for query in found} == {file.stem for file in (ROOT / "sql/questions").glob("*/*.sql")}
        [reuses] = [query for query in found if query["Name"] == "most_reused_core"]
        assert "data_platform_dev_gold.core_usage" in reuses["QueryString"]
        assert athena.start_query_execution(QueryString=reuses["QueryString"], **group)["QueryExecutionId"]
    with subtests.test("what a question may read, and where its answer goes, is the workgroup's to say"):
        asked = aws.client("athena").get_work_group(**group)["WorkGroup"]["Configuration"]
        assert asked["EnforceWorkGroupConfiguration"]
        assert asked["BytesScannedCutoffPerQuery"] == 10 * 2**30
        assert asked["ResultConfiguration"]["EncryptionConfiguration"]["EncryptionOption"] == "SSE_KMS"


def analysts_read_what_is_published(
    aws: Simulated, platform: dict[str, Any], dsn: str, subtests: pytest.Subtests
) -> None:
    """As Athena does for them: with their rights, from Glue to the files."""
    keys = aws.keys_of(platform["role_arns"]["analyst"])
    glue, s3 = aws.client("glue", keys), aws.client("s3", keys)
    url = f"{platform['lake_url']}&tls_ca_file_path={aws.place.certificate}"
    published = warehouse.content(dsn)
    with (
        subtests.test("an analyst reads in Glue's tables what is in the warehouse"),
        pytest.MonkeyPatch.context() as patched,
        aws.enforcing(),
    ):
        for name, value in {"AWS_ENDPOINT_URL": aws.place.https, **keys}.items():
            patched.setenv(name.upper(), value)
        files = {"py-io-impl": f"{iceberg.__name__}._Files", "lake": Lake(url)}
        for name in (name for name, rows in published.items() if rows):
            layer, _, table = name.partition(".")
            held = glue.get_table(DatabaseName=f"data_platform_dev_{layer}", Name=table)["Table"]
            read = StaticTable.from_metadata(held["Parameters"]["metadata_location"], files).scan().to_arrow()
            assert read.num_rows == len(published[name]), name
    with subtests.test("and nothing else"), aws.enforcing():
        bucket, prefix = platform["lake_bucket"], platform["lake_url"].split("?")[0].rpartition("/")[2]
        for layer in ("bronze", "silver"):
            with pytest.raises(ClientError, match="AccessDenied"):
                s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/{layer}/")
        with pytest.raises(ClientError, match="AccessDenied"):
            glue.get_tables(DatabaseName="data_platform_dev_bronze")
        with pytest.raises(ClientError, match="AccessDenied"):
            glue.delete_table(DatabaseName="data_platform_dev_gold", Name="core_usage")


def what_is_watched_exists(aws: Simulated, platform: dict[str, Any], subtests: pytest.Subtests) -> None:
    """A name that is misspelt would leave an alarm silent for ever."""
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    with subtests.test("each alarm tells the topic, and says what to look at"):
        assert len(alarms) == 11
        assert {action for alarm in alarms for action in alarm["AlarmActions"]} == {platform["topic_arn"]}
        assert all(len(alarm["AlarmDescription"]) > 40 for alarm in alarms)
    with subtests.test("each alarm watches what is there"):
        watched = {
            dimension["Value"]
            for alarm in alarms
            for metric in (
                alarm,
                *(query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics", [])),
            )
            for dimension in metric.get("Dimensions", [])
        }
        expected = {
            *platform["state_machine_arns"].values(),
            "data-platform-dev-warehouse",
            "data-platform-dev-not-started",
        }
        assert watched == expected
    with subtests.test("the trail's files are signed and encrypted"):
        [trail] = aws.client("cloudtrail").describe_trails()["trailList"]
        assert trail["LogFileValidationEnabled"]
        assert trail["KmsKeyId"]


class Pipeline:
    """The state machine of spacex, started by an engineer, with rights enforced."""

    def __init__(self, aws: Simulated, platform: dict[str, Any], simulator: str) -> None:
        self.aws, self.simulator = aws, simulator
        self.machine = platform["state_machine_arns"]["spacex"]
        self.engineer = aws.keys_of(platform["role_arns"]["engineer"])
        self.messages = self._subscribed(platform["topic_arn"])

    def publishes_what_a_local_run_publishes(self, dsn: str, folder: Path, subtests: pytest.Subtests) -> None:
        with subtests.test("it publishes what a local run publishes, bit for bit"):
            assert self.run()["status"] == "SUCCEEDED", self.aws.tasks_log()
            published = warehouse.content(dsn)
            assert published == self._of_a_local_run(folder)
            assert len(published["gold.core_usage"]) > 70
            assert self.received() == []

    def tries_again_if_waiting_helps(self, subtests: pytest.Subtests) -> None:
        with subtests.test("exit code 75 is tried again, later and later, until it works"):
            self._fault("unavailable*4")
            ran = self.run()
            self._end_faults()
            assert ran["status"] == "SUCCEEDED", f"{ran}\n{self.aws.tasks_log()}"
            assert any(name.startswith("once more") for name in runs.states_of(self.aws, ran["executionArn"]))
            assert self.received() == []

    def tells_once_of_a_failure(self, subtests: pytest.Subtests) -> None:
        with subtests.test("a contract that is broken is not tried again, and told of once"):
            self._fault("refusal*")
            ran = self.run()
            self._end_faults()
            assert ran["status"] == "FAILED"
            assert not any(name.startswith("once more") for name in runs.states_of(self.aws, ran["executionArn"]))
            [message] = self.received()
            assert "spacex failed. etl" in message
            assert "exit code 76 at attempt 1" in message
            assert ran["executionArn"] in message

    def needs_what_it_is_allowed(self, subtests: pytest.Subtests) -> None:
        with subtests.test("each action that is allowed is known to be needed, or why that is not seen"):
            known = {
                action for actions in rights.NEEDED_BY_A_RUN.values() for action in actions
            } | rights.NOT_SEEN.keys()
            known |= {action for actions in rights.NEEDED_TO_TELL.values() for action in actions}
            assert set().union(*rights.allowed(self.aws).values()) == known
        for role, actions in rights.NEEDED_BY_A_RUN.items():
            for action in actions:
                with subtests.test("without it, a run fails", role=role, action=action):
                    if action == "glue:CreateTable":
                        self.aws.client("glue").delete_table(DatabaseName="data_platform_dev_gold", Name="core_usage")
                    with rights.without(self.aws, role, action):
                        assert self.run()["status"] == "FAILED", self.aws.tasks_log()
                    assert len(self.received()) == 1
        for role, actions in rights.NEEDED_TO_TELL.items():
            for action in actions:
                with subtests.test("without it, nobody hears of a failure", role=role, action=action):
                    self._fault("refusal*")
                    with rights.without(self.aws, role, action):
                        assert self.run()["status"] == "FAILED"
                    self._end_faults()
                    assert self.received() == []

    def run(self, **given: Any) -> dict[str, Any]:
        with self.aws.enforcing():
            return runs.execution(self.aws, self.machine, self.engineer, **given)

    def received(self) -> list[str]:
        sqs = self.aws.client("sqs")
        found = sqs.receive_message(QueueUrl=self.messages, MaxNumberOfMessages=10).get("Messages", [])
        for message in found:
            sqs.delete_message(QueueUrl=self.messages, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"])["Message"] for message in found]

    def _subscribed(self, topic: str) -> str:
        queue = self.aws.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
        attributes = self.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        self.aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"])
        return str(queue)

    def _of_a_local_run(self, folder: Path) -> dict[str, list[tuple[Any, ...]]]:
        local = {
            "ETL_SPACEX__BASE_URL": self.simulator,
            "ETL_LAKE__URL": str(folder / "local-lake"),
            "ETL_WAREHOUSE__EMBEDDED": str(folder / "local"),
        }
        subprocess.run([ETL, "run", "spacex"], env=_clean() | local, check=True, capture_output=True, cwd=ROOT)
        with embedded.server(folder / "local") as dsn:
            return warehouse.content(dsn)

    def _fault(self, fault: str) -> None:
        self._faults("POST", json.dumps([fault]).encode())

    def _end_faults(self) -> None:
        self._faults("DELETE")

    def _faults(self, method: str, body: bytes | None = None) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.simulator}/_faults", body, method=method)).close()


def _clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG", "ETL_"))}
