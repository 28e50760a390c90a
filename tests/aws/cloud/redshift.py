"""Redshift as Terraform's provider waits for it: a cluster that is there at once, with what it was given."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.redshift.models import Cluster, RedshiftBackend
from moto.redshift.responses import RedshiftResponse


def complete() -> None:
    Cluster.cluster_availability_status = "Available"
    Cluster.availability_zone_relocation_status = "disabled"
    Cluster.multi_az = "Disabled"
    Cluster.manual_snapshot_retention_period = -1
    Cluster.maintenance_track_name = "current"
    Cluster.cluster_nodes = property(lambda self: [{"NodeRole": role} for role in _roles(self.number_of_nodes)])
    _remember_default_role()
    _remember_parameters()


def _roles(nodes: int) -> list[str]:
    return ["SHARED"] if nodes == 1 else ["LEADER", *(f"COMPUTE-{number}" for number in range(nodes))]


def _remember_default_role() -> None:
    """And the owner's password, which Redshift keeps in Secrets Manager if it is asked to."""
    create = RedshiftResponse.create_cluster

    def create_cluster(self: RedshiftResponse) -> Any:
        answer = create(self)
        name = self._get_param("ClusterIdentifier")
        cluster = self.redshift_backend.clusters[name]
        cluster.default_iam_role_arn = self._get_param("DefaultIamRoleArn")
        if self._get_param("ManageMasterPassword"):
            place = f"arn:aws:secretsmanager:{self.region}:{self.current_account}:secret:redshift!{name}-owner"
            cluster.master_password_secret_arn = place
            cluster.master_password_secret_kms_key_id = self._get_param("MasterPasswordSecretKmsKeyId")
        return answer

    RedshiftResponse.create_cluster = create_cluster


def _remember_parameters() -> None:
    """A parameter that was set says by whom."""
    known: dict[str, dict[str, dict[str, str]]] = {}
    describe = RedshiftBackend.describe_cluster_parameters

    def modify_cluster_parameter_group(self: RedshiftResponse) -> ActionResult:
        name = self._get_param("ParameterGroupName")
        for given in self._get_param("Parameters", []):
            chosen = {field: given[field] for field in ("ParameterName", "ParameterValue")} | {"Source": "user"}
            known.setdefault(name, {})[given["ParameterName"]] = chosen
        return ActionResult({"ParameterGroupName": name, "ParameterGroupStatus": "updated"})

    def describe_cluster_parameters(self: RedshiftBackend, parameter_group_name: str) -> Any:
        return (
            list(known[parameter_group_name].values())
            if parameter_group_name in known
            else describe(self, parameter_group_name)
        )

    RedshiftResponse.modify_cluster_parameter_group = modify_cluster_parameter_group
    RedshiftBackend.describe_cluster_parameters = describe_cluster_parameters
