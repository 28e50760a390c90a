"""EKS as the provider asks for it: add-ons and access entries, which moto lacks, and what a cluster was given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from time import time
from typing import Any
from urllib.parse import unquote, urlsplit

from moto.ec2.models import ec2_backends
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.eks import urls
from moto.eks.models import Nodegroup
from moto.eks.responses import EKSResponse

Answer = tuple[int, dict[str, str], str]
ADDONS = re.compile(r"/clusters/(?P<cluster>[^/]+)/addons(?:/(?P<name>[^/]+))?$")
POLICIES = re.compile(r"/clusters/(?P<cluster>[^/]+)/access-entries/(?P<name>.+?)/access-policies(?:/(?P<policy>.+))?$")
ENTRIES = re.compile(r"/clusters/(?P<cluster>[^/]+)/access-entries(?:/(?P<name>.+))?$")
MISSING = {"x-amzn-errortype": "ResourceNotFoundException", "content-type": "application/json"}


def complete() -> None:
    _remember_what_a_cluster_was_given()
    _give_nodes_no_key_that_nobody_gave()
    _keep_tags_of_a_template_out_of_it()
    addons, entries = _served({ADDONS: _addon}), _served({POLICIES: _policy, ENTRIES: _entry})
    for path, serve in (("addons", addons), ("access-entries", entries)):
        urls.url_paths[f"{{0}}/clusters/(?P<name>[^/]+)/{path}$"] = serve
        urls.url_paths[f"{{0}}/clusters/(?P<name>[^/]+)/{path}/(?P<rest>.+)$"] = serve


def _remember_what_a_cluster_was_given() -> None:
    """And its security group, which EKS makes by itself."""
    create, delete = EKSResponse.create_cluster, EKSResponse.delete_cluster

    def create_cluster(self: EKSResponse) -> Any:
        answer = create(self)
        cluster = self.eks_backend.clusters[self._get_param("name")]
        ec2 = ec2_backends[self.current_account][self.region]
        vpc = ec2.get_subnet(cluster.resources_vpc_config["subnetIds"][0]).vpc_id
        group = ec2.create_security_group(f"eks-cluster-sg-{cluster.name}", "made by EKS", vpc)
        cluster.resources_vpc_config |= {"clusterSecurityGroupId": group.id, "vpcId": vpc}
        cluster.access_config = self._get_param("accessConfig")
        cluster.upgrade_policy = {"supportType": "EXTENDED"}
        return answer

    def delete_cluster(self: EKSResponse) -> Any:
        cluster = self.eks_backend.clusters[self._get_param("name")]
        group = cluster.resources_vpc_config["clusterSecurityGroupId"]
        ec2_backends[self.current_account][self.region].delete_security_group(group_id=group)
        return delete(self)

    EKSResponse.create_cluster, EKSResponse.delete_cluster = create_cluster, delete_cluster


def _give_nodes_no_key_that_nobody_gave() -> None:
    initialise = Nodegroup.__init__

    def __init__(self: Nodegroup, *arguments: Any, **options: Any) -> None:  # noqa: N807
        initialise(self, *arguments, **options)
        self.remote_access = options.get("remote_access")

    Nodegroup.__init__ = __init__


def _keep_tags_of_a_template_out_of_it() -> None:
    """What is launched by it gets other ones."""
    initialise = LaunchTemplateVersion.__init__

    def __init__(self: LaunchTemplateVersion, template: Any, number: int, data: Any, description: str) -> None:  # noqa: N807
        tags = [each for each in data.get("TagSpecifications", []) if each["ResourceType"] != "launch-template"]
        initialise(self, template, number, {**data, "TagSpecifications": tags}, description)

    LaunchTemplateVersion.__init__ = __init__


def _served(kinds: Mapping[re.Pattern[str], Callable[..., dict[str, Any]]]) -> Callable[..., Answer]:
    """A resource at each path: made by POST, shown by GET, gone by DELETE."""
    held: dict[str, dict[str, Any]] = {}

    def serve(request: Any, full_url: str, _headers: Any) -> Answer:
        path = unquote(urlsplit(full_url).path)
        kind, found = next((kind, found) for kind in kinds if (found := kind.search(path)))
        given = json.loads(request.data or b"{}")
        if request.method == "POST":
            made = kinds[kind](found, given)
            held[made.pop("at")] = made
            return _said(made)
        if path.endswith("/access-policies"):
            of_it = [each["associatedAccessPolicy"] for at, each in held.items() if at.startswith(path)]
            return _said({"associatedAccessPolicies": of_it})
        if path not in held:
            return 404, MISSING, json.dumps({"message": f"There is no {path}."})
        return _said(held.pop(path) if request.method == "DELETE" else held[path])

    return serve


def _said(document: dict[str, Any]) -> Answer:
    return 200, {"content-type": "application/json"}, json.dumps(document)


def _addon(found: re.Match[str], given: dict[str, Any]) -> dict[str, Any]:
    name = given["addonName"]
    known = {"status": "ACTIVE", "addonVersion": "v1.0.0-eksbuild.1", "health": {"issues": []}}
    made = {**given, **known, **_times(), "clusterName": found["cluster"], "addonArn": f"arn:aws:eks:::addon/{name}"}
    return {"at": f"/clusters/{found['cluster']}/addons/{name}", "addon": made}


def _entry(found: re.Match[str], given: dict[str, Any]) -> dict[str, Any]:
    who = given["principalArn"]
    known = {"type": "STANDARD", "username": who, "kubernetesGroups": [], "accessEntryArn": f"arn:aws:eks:::{who}"}
    made = {**known, **given, **_times(), "clusterName": found["cluster"]}
    return {"at": f"/clusters/{found['cluster']}/access-entries/{who}", "accessEntry": made}


def _policy(found: re.Match[str], given: dict[str, Any]) -> dict[str, Any]:
    made = {**given, "associatedAt": time(), "modifiedAt": time()}
    about = {"clusterName": found["cluster"], "principalArn": found["name"]}
    return {"at": f"{found[0]}/{given['policyArn']}", "associatedAccessPolicy": made, **about}


def _times() -> dict[str, float]:
    return {"createdAt": time(), "modifiedAt": time()}
