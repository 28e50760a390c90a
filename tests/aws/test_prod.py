"""The production environment on a simulated AWS: applied, unchanged by a second plan, protected, and removed again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.aws import account

pytestmark = pytest.mark.thorough


def test_prod_is_applied_and_protects_what_holds_data(tmp_path: Path, subtests: pytest.Subtests) -> None:
    with account.an_account(tmp_path) as (aws, code):
        bootstrap = account.bootstrapped(aws, code)
        prod = account.environment(aws, code, "prod", bootstrap)
        account.apply(prod, subtests)
        with subtests.test("people only read"):
            attached = aws.client("iam").list_attached_role_policies(RoleName="data-platform-prod-administrator")
            assert [policy["PolicyName"] for policy in attached["AttachedPolicies"]] == ["ReadOnlyAccess"]
            policy = aws.client("iam").get_role_policy(RoleName="data-platform-prod-engineer", PolicyName="work")
            verbs = {
                action.split(":")[1] for s in policy["PolicyDocument"]["Statement"] for action in _listed(s["Action"])
            }
            assert {verb for verb in verbs if not verb.startswith(("Get", "List", "Describe", "Filter"))} == {"Decrypt"}
        with subtests.test("a gateway in each zone, a second server, and a schedule for each source"):
            assert len(aws.client("ec2").describe_nat_gateways()["NatGateways"]) == 3
            [server] = aws.client("rds").describe_db_instances()["DBInstances"]
            assert server["MultiAZ"]
            assert server["DeletionProtection"]
            assert not server["PubliclyAccessible"]
            schedules = aws.client("scheduler").list_schedules()["Schedules"]
            assert {schedule["State"] for schedule in schedules} == {"ENABLED"}
            assert len(schedules) == 5
        with subtests.test("what holds data cannot be destroyed"):
            refused = prod.run("destroy", "-auto-approve", "-no-color", "-target=module.platform.module.warehouse")
            assert refused.returncode == 1
            assert "deletion protection" in refused.stderr.lower()
        with subtests.test("it can, once somebody has lifted the protection"):
            settings = prod.folder / "settings.tf"
            settings.write_text(re.sub("protected( +)= true", r"protected\1= false", settings.read_text()))
            prod("apply", "-auto-approve", "-no-color", "-parallelism=30")
        account.destroy(aws, prod, subtests, "data-platform-prod")


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
