"""The production environment on a simulated AWS: applied, unchanged by a second plan, protected, and removed again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from k8s.installer import __main__ as installer
from k8s.installer import environments
from k8s.installer.install import options
from tests.aws import account
from tests.aws.simulated import Simulated

# What no environment has by itself, as it wants a certificate of one's own.
ENRICHMENT = """{{
      image_version   = "1.0.0"
      certificate_arn = "{certificate}"
      keys            = {{ pipeline = "{hash}" }}
      tasks           = 2
    }}"""
# Nor has any a cluster by itself, which costs more than all else.
CLUSTER = """{
      kubernetes_version = "1.33"
      node_type          = "m7i.large"
      nodes              = 3
      admin_cidrs        = []
      ingress = { host = "data.example.org", class = "traefik", certificate = "letsencrypt", from = "traefik" }
    }"""
SPARK = '{ image_version = "1.0.0", max_cpu = 64 }'
pytestmark = pytest.mark.thorough


def test_prod_is_applied_and_protects_what_holds_data(tmp_path: Path, subtests: pytest.Subtests) -> None:
    with account.an_account(tmp_path) as (aws, code):
        prod = account.environment(aws, code, "prod")
        settings = prod.folder / "settings.tf"
        certificate = aws.client("acm").request_certificate(DomainName="pictures.example.org")["CertificateArn"]
        wanted = ENRICHMENT.format(certificate=certificate, hash="0" * 64)
        text = re.sub("(enrichment +)= null", rf"\1= {wanted}", settings.read_text())
        text = re.sub("(spark +)= null", rf"\1= {SPARK}", text)
        settings.write_text(re.sub("(cluster +)= null", rf"\1= {CLUSTER}", text))
        account.apply(prod, subtests)
        platform = prod.outputs()["platform"]
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
        with subtests.test("Redshift is reached by tasks only, by TLS only, and reads silver by a role of its own"):
            redshift = aws.client("redshift")
            [cluster] = redshift.describe_clusters()["Clusters"]
            assert cluster["Encrypted"]
            assert cluster["EnhancedVpcRouting"]
            assert not cluster["PubliclyAccessible"]
            group = cluster["ClusterParameterGroups"][0]["ParameterGroupName"]
            parameters = redshift.describe_cluster_parameters(ParameterGroupName=group)["Parameters"]
            assert {p["ParameterName"]: p["ParameterValue"] for p in parameters}["require_ssl"] == "true"
            rules = aws.client("ec2").describe_security_group_rules(
                Filters=[{"Name": "group-id", "Values": [cluster["VpcSecurityGroups"][0]["VpcSecurityGroupId"]]}]
            )["SecurityGroupRules"]
            [way_in] = [rule for rule in rules if not rule["IsEgress"]]
            assert (way_in["FromPort"], way_in["ToPort"]) == (5439, 5439)
            assert way_in["ReferencedGroupInfo"]["GroupId"]
        with subtests.test("each source is published there after the warehouse"):
            states = aws.client("stepfunctions")
            for machine in states.list_state_machines()["stateMachines"]:
                held = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])["definition"]
                assert json.loads(held)["States"]["publish"]["Next"] == "publish_redshift"
                assert "--destination redshift" in held
        with subtests.test("pictures are described behind HTTPS, within the VPC"):
            balancers = aws.client("elbv2")
            [balancer] = balancers.describe_load_balancers()["LoadBalancers"]
            assert balancer["Scheme"] == "internal"
            [listener] = balancers.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
            assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
            [service] = aws.client("ecs").describe_services(cluster="data-platform-prod", services=["enrichment"])[
                "services"
            ]
            assert service["desiredCount"] == 2
            assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"
        with subtests.test("Kubernetes is asked from within the VPC, by those whom an entry names, who only read"):
            kubernetes = aws.client("eks")
            cluster = kubernetes.describe_cluster(name="data-platform-prod")["cluster"]
            assert cluster["resourcesVpcConfig"]["endpointPrivateAccess"]
            assert not cluster["resourcesVpcConfig"]["endpointPublicAccess"]
            assert cluster["accessConfig"]["authenticationMode"] == "API"
            roles = aws.client("iam").list_roles()["Roles"]
            [administrator] = [role["Arn"] for role in roles if role["RoleName"].endswith("-administrator")]
            [policy] = kubernetes.list_associated_access_policies(
                clusterName="data-platform-prod", principalArn=administrator
            )["associatedAccessPolicies"]
            assert policy["policyArn"].endswith("/AmazonEKSAdminViewPolicy")
        with subtests.test("pods of the pipeline, and no others, may do what a task may"):
            may = [
                aws.client("iam").get_role_policy(RoleName=f"data-platform-prod-{role}", PolicyName=name)
                for role, name in (("eks-pods-etl", "lake"), ("task", "work"))
            ]
            assert may[0]["PolicyDocument"] == may[1]["PolicyDocument"]
            [role] = [role for role in roles if role["RoleName"] == "data-platform-prod-eks-pods-etl"]
            [statement] = role["AssumeRolePolicyDocument"]["Statement"]
            [subject] = [v for name, v in statement["Condition"]["StringEquals"].items() if name.endswith(":sub")]
            assert subject == "system:serviceaccount:etl:etl"
        with subtests.test("what Terraform says is an environment of `make up`"):
            file = tmp_path / "aws.toml"
            file.write_text(platform["make_up"])
            set_by_it = environments.read(file, installer.installer.commands["up"])
            assert set_by_it["lake_url"] == platform["lake_url"]
            assert set_by_it["pods_role"] == role["Arn"]
            assert options.Options(**set_by_it).host == "data.example.org"
        airflow_writes_its_logs_and_nothing_else(aws, set_by_it, subtests)
        spark_may_do_what_a_task_may(aws, platform, subtests)
        with subtests.test("a source is missed after a day and a bit"):
            alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
            assert len([alarm for alarm in alarms if "-awaited-" in alarm["AlarmName"]]) == 5
        with subtests.test("the warehouse cannot be deleted"), pytest.raises(ClientError, match="protect"):
            aws.client("rds").delete_db_instance(DBInstanceIdentifier="data-platform-prod-warehouse")
        with subtests.test("it can, once somebody has lifted the protection"):
            settings.write_text(re.sub("protected( +)= true", r"protected\1= false", settings.read_text()))
            prod("apply", "-auto-approve", "-no-color", "-parallelism=30", "-refresh=false")
        account.destroy(aws, prod, subtests, "data-platform-prod")


def airflow_writes_its_logs_and_nothing_else(
    aws: Simulated, set_by_it: dict[str, str], subtests: pytest.Subtests
) -> None:
    bucket, _, folder = set_by_it["task_logs"].removeprefix("s3://").partition("/")
    log = {"Bucket": bucket, "Key": f"{folder}/dag_id=spacex/attempt=1.log"}
    s3 = aws.client("s3", aws.keys_of(set_by_it["task_logs_role"]))
    with subtests.test("Airflow finds no log, writes it, and reads it"), aws.enforcing():
        with pytest.raises(ClientError, match="404"):
            s3.head_object(**log)
        s3.put_object(**log, Body=b"done")
        assert s3.get_object(**log)["Body"].read() == b"done"
    with subtests.test("it writes no other logs, and reads no data"), aws.enforcing():
        lake = set_by_it["lake_url"].removeprefix("s3://").partition("/")[0]
        for refused in ({"Bucket": bucket, "Key": "access/lake/1"}, {"Bucket": lake, "Key": "lake/bronze/1"}):
            with pytest.raises(ClientError, match=r"AccessDenied|Forbidden|403"):
                s3.put_object(**refused, Body=b"")


def spark_may_do_what_a_task_may(aws: Simulated, platform: dict[str, Any], subtests: pytest.Subtests) -> None:
    job = json.loads(platform["spark_job"])
    with subtests.test("a job is what EMR Serverless understands"):
        asked = aws.client("emr-serverless").meta.service_model.operation_model("StartJobRun").input_shape
        report = ParamValidator().validate({"clientToken": "added by every client", **job}, asked)
        assert not report.has_errors(), report.generate_report()
    iam = aws.client("iam")
    with subtests.test("its role has the rights of a task, reads one login, writes one log, and no more"):
        work, start = (
            iam.get_role_policy(RoleName="data-platform-prod-spark", PolicyName=name)["PolicyDocument"]
            for name in ("work", "start")
        )
        assert work == iam.get_role_policy(RoleName="data-platform-prod-task", PolicyName="work")["PolicyDocument"]
        allowed = {action for statement in start["Statement"] for action in _listed(statement["Action"])}
        logs = {"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents", "logs:DescribeLogGroups"}
        assert allowed == {"secretsmanager:GetSecretValue"} | logs
    keys = aws.keys_of(job["executionRoleArn"])
    with subtests.test("it reads and writes the lake, and knows no password but the pipeline's"), aws.enforcing():
        note = {"Bucket": platform["lake_bucket"], "Key": "lake/silver/note"}
        aws.client("s3", keys).put_object(**note, Body=b"by Spark")
        assert aws.client("s3", keys).get_object(**note)["Body"].read() == b"by Spark"
        aws.client("s3", keys).delete_object(**note)
        secrets = aws.client("secretsmanager", keys)
        assert secrets.get_secret_value(SecretId=platform["login_secret_arns"]["etl_loader"])["SecretString"]
        with pytest.raises(ClientError, match="AccessDenied"):
            secrets.get_secret_value(SecretId=platform["login_secret_arns"]["engineer"])


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
