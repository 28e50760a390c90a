from typing import Any

import pytest
import yaml

from etl.core.errors import ConfigError
from k8s.installer.install import lake, manifests, spark

API = [{"to": [{"ipBlock": {"cidr": "192.0.2.2/32"}}], "ports": [{"protocol": "TCP", "port": 6443}]}]
NAMESPACES = ("data-platform", "etl", "airflow", "monitoring", "simulator", "object-store", "enrichment")


def rendered(**options: Any) -> list[dict[str, Any]]:
    everything = dict.fromkeys(("simulate", "object_store", "logs", "spark", "enrichment", "cnpg"), True)
    wanted = manifests.Wanted(**{**everything, **options})
    return [item for item in yaml.safe_load_all(manifests.render(API, wanted)) if item]


def of(kind: str, **options: Any) -> list[dict[str, Any]]:
    return [item for item in rendered(**options) if item["kind"] == kind]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_everything_is_denied_by_default(namespace: str) -> None:
    policies = [item for item in of("NetworkPolicy") if item["metadata"]["namespace"] == namespace]
    denies = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert denies in [policy["spec"] for policy in policies]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_every_namespace_admits_only_restricted_pods(namespace: str) -> None:
    (found,) = [item for item in of("Namespace") if item["metadata"]["name"] == namespace]
    assert found["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_only_those_who_must_reach_the_api_server() -> None:
    reaching = {
        (item["metadata"]["namespace"], item["metadata"]["name"])
        for item in of("NetworkPolicy")
        if item["spec"].get("egress") == API
    }
    assert reaching == {
        ("airflow", "scheduler-to-kubernetes"),
        ("monitoring", "to-kubernetes"),
        ("etl", "spark-to-kubernetes"),
        ("data-platform", "certificate"),
        ("data-platform", "instances-to-kubernetes"),
        ("data-platform", "operator-to-kubernetes"),
    }


def test_only_etl_pods_take_a_role_of_a_cloud_and_only_if_one_is_given() -> None:
    role = "arn:aws:iam::123456789012:role/etl"
    with_role = [
        item["metadata"] for item in of("ServiceAccount", pods_role=role) if item["metadata"].get("annotations")
    ]
    assert [(one["namespace"], one["name"], one["annotations"]) for one in with_role] == [
        ("etl", "etl", {"eks.amazonaws.com/role-arn": role})
    ]
    assert not any(item["metadata"].get("annotations") for item in of("ServiceAccount"))


def test_etl_pods_reach_the_internet_but_no_private_address() -> None:
    (policy,) = [item for item in of("NetworkPolicy") if item["metadata"]["name"] == "etl"]
    blocks = [peer["ipBlock"] for rule in policy["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
    assert {"10.0.0.0/8", "169.254.0.0/16", "fc00::/7"} <= {net for block in blocks for net in block["except"]}


def test_only_kubelets_and_webhooks_are_open_to_everyone() -> None:
    open_ports = [
        rule["ports"]
        for item in of("NetworkPolicy")
        for direction, peers in (("ingress", "from"), ("egress", "to"))
        for rule in item["spec"].get(direction, [])
        if not rule.get(peers)
    ]
    assert open_ports == [[{"protocol": "TCP", "port": port}] for port in (9443, 10250)]


def test_airflow_and_spark_may_launch_pods_and_grafana_may_read_dashboards_and_nothing_else() -> None:
    roles = {role["metadata"]["name"]: role for role in of("Role")}
    bindings = {binding["roleRef"]["name"]: binding for binding in of("RoleBinding")}
    assert (
        roles.keys()
        == bindings.keys()
        == {
            "pod-launcher",
            "dashboard-reader",
            "executor-launcher",
            "certificate",
        }
    )
    may = {
        name: {
            (binding["metadata"]["namespace"], binding["subjects"][0]["namespace"], binding["subjects"][0]["name"]): {
                resource for rule in roles[name]["rules"] for resource in rule["resources"]
            }
        }
        for name, binding in bindings.items()
    }
    assert may == {
        "pod-launcher": {("etl", "airflow", "airflow-scheduler"): {"pods", "pods/log", "events"}},
        "executor-launcher": {("etl", "etl", "spark"): {"pods"}},
        "dashboard-reader": {("monitoring", "monitoring", "kube-prometheus-stack-grafana"): {"configmaps"}},
        "certificate": {("data-platform", "data-platform", "certificate"): {"secrets"}},
    }
    assert roles["certificate"]["rules"][0]["resourceNames"] == ["warehouse-tls"]
    assert set(roles["dashboard-reader"]["rules"][0]["verbs"]) == {"get", "list", "watch"}
    assert not of("ClusterRole")


def test_the_simulator_and_its_policies_exist_only_on_request() -> None:
    assert "simulator" not in str(rendered(simulate=False))


def test_the_object_store_and_its_policies_exist_only_on_request() -> None:
    assert "object-store" not in str(rendered(object_store=False, cnpg=False))


def test_only_etl_pods_and_archiving_instances_reach_the_object_store_which_calls_nobody() -> None:
    policies = [item for item in of("NetworkPolicy") if item["metadata"]["namespace"] == "object-store"]
    [rule] = [rule for item in policies for rule in item["spec"].get("ingress", [])]
    etl, instances = rule["from"]
    assert etl == {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "etl"}}}
    assert instances["podSelector"] == manifests.OF_CNPG
    assert not [item for item in policies if "egress" in item["spec"]]


def test_the_account_and_policies_of_spark_exist_only_on_request() -> None:
    assert "executor-launcher" not in str(rendered(spark=False))
    without = manifests.Wanted(spark=False, logs=True)
    assert [path.name for path in manifests.unwanted(without)] == [
        "network-alerts-out.yaml",
        "network-archive-out.yaml",
        "network-cnpg.yaml",
        "network-ingress.yaml",
        "network-task-logs-out.yaml",
        "spark.yaml",
    ]


def test_driver_and_executors_talk_on_the_ports_in_the_settings_of_spark() -> None:
    (policy,) = [item for item in of("NetworkPolicy") if item["metadata"]["name"] == "spark"]
    settings = dict(
        line.split() for line in spark.settings()["data"]["spark-defaults.conf"].splitlines() if line[:5] == "spark"
    )
    ports = {
        settings[name] for name in ("spark.driver.port", "spark.driver.blockManager.port", "spark.blockManager.port")
    }
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        (rule,) = policy["spec"][direction]
        assert rule[peers] == [{"podSelector": policy["spec"]["podSelector"]}]
        assert {str(port["port"]) for port in rule["ports"]} == ports


def test_an_executor_is_as_restricted_as_any_pod_and_knows_nothing_of_the_warehouse() -> None:
    pod = yaml.safe_load(spark.settings()["data"]["executor.yaml"])["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    secrets = [one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one]
    assert "warehouse" not in secrets


def test_spark_requires_a_lake_that_all_executors_can_reach() -> None:
    spark.require_shared("s3://bucket/lake")
    with pytest.raises(ConfigError, match="on a volume"):
        spark.require_shared(lake.VOLUME)


def test_the_policies_for_logs_exist_only_on_request() -> None:
    assert "loki" in {item["metadata"]["name"] for item in of("NetworkPolicy")}
    assert "loki" not in {item["metadata"]["name"] for item in of("NetworkPolicy", logs=False)}


def test_whatever_runs_the_server_the_same_clients_reach_it() -> None:
    def peers(cnpg: bool) -> list[Any]:
        [server] = [item for item in of("NetworkPolicy", cnpg=cnpg) if item["metadata"]["name"] == "postgres"]
        reached = [
            rule["to"][0]["podSelector"]
            for item in of("NetworkPolicy", cnpg=cnpg)
            for rule in item["spec"].get("egress", [])
            if rule["ports"] == [{"protocol": "TCP", "port": 5432}]
        ]
        assert all(one == server["spec"]["podSelector"] for one in reached)
        return [server["spec"]["ingress"], len(reached)]

    assert peers(cnpg=True) == peers(cnpg=False)


def test_an_archive_outside_the_cluster_is_reached_on_its_port() -> None:
    policies = of("NetworkPolicy", archive_ports=(9000,))
    [policy] = [item for item in policies if item["metadata"]["name"] == "instances-to-archive"]
    assert policy["spec"]["egress"][0]["ports"] == [{"protocol": "TCP", "port": 9000}]
    assert not [item for item in of("NetworkPolicy") if item["metadata"]["name"] == "instances-to-archive"]


def named(name: str, **options: Any) -> dict[tuple[str, str], dict[str, Any]]:
    found = [item for item in of("NetworkPolicy", **options) if item["metadata"]["name"] == name]
    return {
        (one["metadata"]["namespace"], str(one["spec"]["podSelector"]["matchLabels"])): one["spec"] for one in found
    }


@pytest.mark.parametrize(
    ("place", "peer"),
    [
        ("traefik", {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "traefik"}}}),
        ("10.20.0.0/16", {"ipBlock": {"cidr": "10.20.0.0/16"}}),
    ],
)
def test_an_ingress_controller_reaches_airflow_and_grafana_and_nothing_else(place: str, peer: dict[str, Any]) -> None:
    policies = named("from-ingress", ingress_from=place)
    assert {key[0]: spec["ingress"] for key, spec in policies.items()} == {
        "airflow": [{"from": [peer], "ports": [{"protocol": "TCP", "port": 8080}]}],
        "monitoring": [{"from": [peer], "ports": [{"protocol": "TCP", "port": 3000}]}],
    }
    assert not named("from-ingress")


def test_task_logs_leave_by_the_components_that_write_and_read_them_for_public_addresses_only() -> None:
    [spec] = named("task-logs-out", task_logs_out=True).values()
    [components] = spec["podSelector"]["matchExpressions"]
    assert components["values"] == ["scheduler", "api-server"]
    [etl] = [item["spec"] for item in of("NetworkPolicy") if item["metadata"]["name"] == "etl"]
    assert spec["egress"] == etl["egress"][-1:]
    assert not named("task-logs-out")


def test_an_external_warehouse_is_reached_on_its_port() -> None:
    policies = of("NetworkPolicy", warehouse_port=6432, is_warehouse_external=True)
    (policy,) = [item for item in policies if item["metadata"]["name"] == "to-postgres"]
    (rule,) = policy["spec"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 6432}]
    assert {"ipBlock": {"cidr": "0.0.0.0/0"}} in rule["to"]
