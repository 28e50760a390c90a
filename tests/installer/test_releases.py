import re
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from etl.core.errors import ConfigError
from k8s.installer import paths
from k8s.installer.cluster import helm
from k8s.installer.cluster.helm import Revision
from k8s.installer.cluster.kubectl import Cluster
from k8s.installer.install import images, ingress, releases, secrets, task_logs
from k8s.installer.install.capacity import NEEDED, ON_TOP, Capacity, mebibytes, millicores, needed
from k8s.installer.install.options import Options
from k8s.installer.install.receivers import Receivers
from k8s.installer.install.releases import OPTIONAL, RELEASES, Inputs, Release
from k8s.installer.versions import versions

ALL = (*RELEASES, *OPTIONAL)
ETL_PODS = Capacity(200, 1024)  # the largest step of a run: one pod transforms sensors, or two of 512 MiB extract them


def inputs_of(values: dict[tuple[str, str], dict[str, str]]) -> Inputs:
    """The inputs of a release that needs Secrets, with these values and what is derived from them."""
    options = Options()
    store = secrets.derive(secrets.Store(values), *options.warehouse_address)
    return Inputs(options, "data-platform-etl:0123456789ab", Receivers(), {"secrets": store})


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return inputs_of(secrets.complete({}, with_object_store=True).values)


def test_the_newest_revision_counts(helm_secrets: list[dict[str, Any]]) -> None:
    found = helm.newest(helm_secrets)
    assert found["data-platform", "warehouse"] == Revision("deployed", "", "sh.helm.release.v1.warehouse.v3")
    assert found["monitoring", "statsd-exporter"].fingerprint == "df5bf40749f3c3d70371"


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"])
def test_an_interrupted_revision_is_recognised(status: str) -> None:
    assert Revision(status, "", "x").is_pending


def test_a_fingerprint_follows_chart_values_and_files(tmp_path: Path) -> None:
    chart, values = tmp_path / "chart", tmp_path / "values.yaml"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("name: x")
    values.write_text("a: 1")
    marks = [releases.fingerprint(chart, [values], {"image": "x:1"})]
    assert releases.fingerprint(chart, [values], {"image": "x:1"}) == marks[0]
    marks.append(releases.fingerprint(chart, [values], {"image": "x:2"}))
    values.write_text("a: 2")
    marks.append(releases.fingerprint(chart, [values], {"image": "x:2"}))
    (chart / "Chart.yaml").write_text("name: y")
    marks.append(releases.fingerprint(chart, [values], {"image": "x:2"}))
    assert len(set(marks)) == 4
    assert all(len(mark) <= 63 and mark.isalnum() for mark in marks), "it is a label's value"


def test_no_value_holds_a_secret(inputs: Inputs) -> None:
    entries = [entry for values in inputs.secrets.values.values() for entry in values.items()]
    secret = [value for name, value in entries if len(value) > 8 and name not in ("PGHOST", "PGSSLMODE", "PGDATABASE")]
    for release in ALL:
        text = str(release.values(inputs))
        assert not any(value in text for value in secret), release.name


def test_only_what_uses_a_changed_password_changes(inputs: Inputs) -> None:
    logins = ("data-platform", "warehouse-logins")
    changed = {**inputs.secrets.values, logins: {**inputs.secrets.values[logins], "analyst": "another"}}
    other = inputs_of(changed)
    affected = {release.name for release in ALL if release.values(inputs) != release.values(other)}
    assert affected == {"warehouse", "postgres-exporter", "kube-prometheus-stack"}


@pytest.mark.parametrize("release", ALL, ids=lambda release: release.name)
def test_a_release_needs_every_step_whose_result_is_in_its_values(release: Release, inputs: Inputs) -> None:
    own = {name: result for name, result in inputs.results.items() if name in release.needs}
    assert release.values(replace(inputs, results=own)) == release.values(inputs)


BY_NAME = {"host": "data.example.org", "ingress_class": "traefik", "ingress_from": "traefik"}


def given(inputs: Inputs, name: str, **options: Any) -> dict[str, Any]:
    """What a release is given with these options."""
    [release] = [one for one in ALL if one.name == name]
    return release.values(replace(inputs, options=Options(**options)))


def test_task_logs_are_in_a_bucket_that_two_accounts_open_by_a_role(inputs: Inputs) -> None:
    role = "arn:aws:iam::123456789012:role/airflow"
    values = given(inputs, "airflow", task_logs="s3://logs/airflow", task_logs_role=role)
    assert values["config"]["logging"]["remote_base_log_folder"] == "s3://logs/airflow"
    assert values["config"]["logging"]["remote_log_conn_id"] == ""
    assert [part for part in values if role in str(values[part])] == ["scheduler", "apiServer"]
    for part in ("scheduler", "apiServer"):
        assert values[part]["serviceAccount"]["annotations"] == {"eks.amazonaws.com/role-arn": role}
    assert "secret" not in values
    assert task_logs.are_in_a_bucket(values)
    assert not task_logs.are_in_a_bucket(given(inputs, "airflow"))


def test_task_logs_are_in_a_bucket_that_keys_open(inputs: Inputs) -> None:
    values = given(inputs, "airflow", task_logs="s3://logs/airflow")
    [keys] = values["secret"]
    assert (keys["secretName"], keys["envName"]) == ("airflow-remote-logs", "AIRFLOW_CONN_AWS_DEFAULT")
    assert values["config"]["logging"]["remote_log_conn_id"] == "aws_default"


def test_a_bucket_that_nothing_opens_is_refused_before_pods_wait_for_it() -> None:
    class Empty(Cluster):
        def find(self, *_: Any) -> None:
            return None

    with pytest.raises(ConfigError, match="Nothing opens s3://logs/airflow") as caught:
        task_logs.require_keys(Empty("recorded"), Options(task_logs="s3://logs/airflow"))
    assert "airflow-remote-logs" in str(caught.value.hint)
    task_logs.require_keys(Empty("recorded"), Options())


def test_airflow_and_grafana_have_names_with_certificates_that_cert_manager_makes(inputs: Inputs) -> None:
    options = {**BY_NAME, "ingress_certificate": "letsencrypt"}
    airflow, grafana = (given(inputs, name, **options) for name in ("airflow", "kube-prometheus-stack"))
    served, shown = airflow["ingress"]["apiServer"], grafana["grafana"]["ingress"]
    [host] = served["hosts"]
    assert host == {"name": "airflow.data.example.org", "tls": {"enabled": True, "secretName": "airflow-tls"}}
    assert shown["hosts"] == ["grafana.data.example.org"]
    assert shown["tls"] == [{"secretName": "grafana-tls", "hosts": ["grafana.data.example.org"]}]
    for one in (served, shown):
        assert one["ingressClassName"] == "traefik"
        assert one["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt"
    assert airflow["config"]["api"]["base_url"] == "https://airflow.data.example.org"
    assert grafana["grafana"]["grafana.ini"]["server"]["root_url"] == "https://grafana.data.example.org"
    assert ingress.let_in(airflow) == "traefik"
    assert ingress.let_in(given(inputs, "airflow")) == ""


def test_a_balancer_of_aws_brings_its_own_certificate(inputs: Inputs) -> None:
    certificate = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
    options = {**BY_NAME, "ingress_class": "alb", "ingress_certificate": certificate}
    airflow, grafana = (given(inputs, name, **options) for name in ("airflow", "kube-prometheus-stack"))
    served, shown = airflow["ingress"]["apiServer"], grafana["grafana"]["ingress"]
    assert served["hosts"] == [{"name": "airflow.data.example.org"}]
    assert "tls" not in shown
    for one in (served, shown):
        assert one["annotations"]["alb.ingress.kubernetes.io/certificate-arn"] == certificate
        assert one["pathType"] == "Prefix", "a balancer takes / as it is otherwise"


def test_production_adds_its_own_values() -> None:
    for release in ALL:
        plain, prod = releases.value_files(release, ""), releases.value_files(release, "prod")
        assert set(plain) <= set(prod)
        if release not in OPTIONAL and release.name != "monitoring":  # the same everywhere
            assert any("prod" in path.name for path in prod), release.name
            assert "prod" in prod[-1].name, "the last one wins"


def test_every_chart_is_ours_or_has_a_published_version() -> None:
    for release in ALL:
        assert (paths.CHARTS / release.chart).is_dir() or release.chart in versions().charts


Resources = dict[str, dict[str, str]]


def declared(files: Iterable[Path]) -> list[tuple[str, Resources]]:
    """Every `resources` that runs all the time, as the values say; jobs and waiting containers are over by then."""

    def found(where: str, tree: object) -> list[tuple[str, Resources]]:
        if not isinstance(tree, dict):
            return []
        own = tree.get("resources") or {}
        here = [(where, own)] if "memory" in own.get("requests", {}) else []
        skipped = {"resources", "migrateDatabaseJob", "createUserJob", "extraInitContainers", "etl", "backup"}
        return here + [
            item for key, child in tree.items() if key not in skipped for item in found(f"{where}.{key}", child)
        ]

    return [
        item for path in files for item in found(f"{path.parent.name}/{path.stem}", yaml.safe_load(path.read_text()))
    ]


def resources() -> list[tuple[str, Resources]]:
    """Those of what is always there, and of the simulator."""
    files = [paths.CHARTS / chart / "values.yaml" for chart in ("warehouse", "simulator")]
    optional = {release.name for release in OPTIONAL}
    files += [
        path
        for path in sorted(paths.VALUES.glob("*.yaml"))
        if not path.stem.endswith("-prod") and path.stem not in optional
    ]
    found = declared(files)
    # one reloader beside Prometheus, one beside Alertmanager; one sidecar for dashboards, one for data sources
    twice = [item for item in found if item[0].endswith(("prometheusConfigReloader", "grafana.sidecar"))]
    assert len(twice) == 2
    return found + twice


def asked(found: Iterable[tuple[str, Resources]]) -> Capacity:
    requests = [resource["requests"] for _, resource in found]
    return sum((Capacity(millicores(one["cpu"]), mebibytes(one["memory"])) for one in requests), Capacity(0, 0))


def a_run_on_spark() -> Capacity:
    """A driver with its executors."""
    step = (paths.DAGS / "pods.py").read_text().partition("class SparkStep")[2]
    driver = dict(re.findall(r'\b(cpu|memory)="(\w+)"', step))
    conf = dict(re.findall(r"^(spark\S+) +(\S+)$", (paths.SPARK / "spark-defaults.conf").read_text(), re.MULTILINE))
    number = int(conf["spark.executor.instances"])
    memory = sum(int(conf[f"spark.executor.{name}"].removesuffix("m")) for name in ("memory", "memoryOverhead"))
    executors = Capacity(number * millicores(conf["spark.kubernetes.executor.request.cores"]), number * memory)
    return Capacity(millicores(driver["cpu"]), mebibytes(driver["memory"])) + executors


def test_the_limits_of_the_whole_platform_add_up_to_at_most_6_gib() -> None:
    limits = {where: mebibytes(resource["limits"]["memory"]) for where, resource in resources()}
    total = sum(mebibytes(resource["limits"]["memory"]) for _, resource in resources()) + ETL_PODS.memory_mib
    assert total <= 6 * 1024, limits


def test_preflight_needs_what_the_values_request() -> None:
    room = asked(resources()) + ETL_PODS
    assert 0.85 * NEEDED.memory_mib <= room.memory_mib <= NEEDED.memory_mib
    assert 0.5 * NEEDED.cpu_m <= room.cpu_m <= NEEDED.cpu_m


def test_preflight_needs_what_options_add() -> None:
    assert {
        "object_store": asked(declared([paths.CHARTS / "object-store" / "values.yaml"])),
        "enrichment": asked(declared([paths.CHARTS / "enrichment" / "values.yaml"])),
        "logs": asked(declared([paths.VALUES / "loki.yaml", paths.VALUES / "alloy.yaml"])),
        "spark": a_run_on_spark() - ETL_PODS,
        "cnpg": asked(declared([paths.CHARTS / "warehouse" / "values.yaml", paths.VALUES / "cloudnative-pg.yaml"])),
    } == ON_TOP
    assert needed(Options(spark=True)) == NEEDED + ON_TOP["spark"]
    assert needed(Options()) == NEEDED


def test_an_image_is_named_after_its_sources(tmp_path: Path) -> None:
    for name in ("etl", "sql"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("1")
    (tmp_path / "pyproject.toml").write_text("x")
    before = images.tag(tmp_path)
    (tmp_path / "etl" / "__pycache__").mkdir()
    (tmp_path / "etl" / "__pycache__" / "x.pyc").write_text("compiled")
    (tmp_path / "README.md").write_text("words")
    (tmp_path / "sql" / "dashboards").mkdir()
    (tmp_path / "sql" / "dashboards" / "launches.sql").write_text("select 1")
    assert images.tag(tmp_path) == before
    (tmp_path / "sql" / "file").write_text("2")
    assert images.tag(tmp_path) != before


def test_files_that_do_not_count_for_the_tag_are_not_copied_into_the_image() -> None:
    ignored = (paths.ROOT / ".dockerignore").read_text().splitlines()
    assert set(images.LEFT_OUT) <= set(ignored)
    assert all((paths.ROOT / name).is_dir() for name in images.LEFT_OUT)


@pytest.mark.parametrize(
    ("note", "options", "is_there"),
    [
        ("x:1 {now}", Options(), True),
        ("x:1 1000", Options(), False),
        ("x:1 1000", Options(image_registry="registry.example.org"), True),
        ("x:2 {now}", Options(), False),
        ("", Options(image_registry="registry.example.org"), False),
    ],
)
def test_a_node_may_list_its_images_late(note: str, options: Options, is_there: bool) -> None:
    nodes = [{"status": {"images": []}}]
    assert images.is_there(nodes, note.format(now=time.time()), "x:1", options) is is_there
    assert images.is_there([{"status": {"images": [{"names": ["x:1"]}]}}], "", "x:1", Options())


def test_a_node_may_list_an_image_whose_name_a_newer_one_has_taken() -> None:
    assert images.has_image([{"status": {"images": [{"names": None}, {"names": ["x:1"]}]}}], "x:1")


def test_each_image_has_its_own_name_and_note_but_both_follow_the_same_sources() -> None:
    both = (images.SLIM, images.SPARK)
    assert len({image.note for image in both}) == 2
    assert [images.name(Options(), image).rpartition(":")[2] for image in both] == [images.tag()] * 2
    assert all((paths.ROOT / image.dockerfile).is_file() for image in both)
