import re

import pytest
import yaml

from k8s.installer.paths import CHARTS, ROOT
from k8s.installer.versions import number, versions


def test_the_image_is_built_on_the_listed_python() -> None:
    (base,) = re.findall(r"^ARG BASE=(\S+)$", (ROOT / "etl" / "Dockerfile").read_text(), re.MULTILINE)
    assert base == versions().images["python"]


def test_the_warehouse_chart_defaults_to_the_listed_postgres() -> None:
    values = yaml.safe_load((CHARTS / "warehouse" / "values.yaml").read_text())
    assert values["image"] == versions().images["postgres"]


def test_both_kinds_of_server_are_of_one_major_version() -> None:
    values = yaml.safe_load((CHARTS / "warehouse" / "values.yaml").read_text())
    assert values["cnpg"]["image"] == versions().images["postgres-cnpg"]
    tags = [versions().images[name].rpartition(":")[2] for name in ("postgres", "postgres-cnpg")]
    assert len({re.split(r"\D", tag)[0] for tag in tags}) == 1


def test_dags_are_tested_against_the_listed_airflow() -> None:
    wanted = versions().images["airflow"].rpartition(":")[2]
    assert f"apache-airflow=={wanted}" in (ROOT / "dags" / "requirements.txt").read_text()


@pytest.mark.parametrize(
    ("text", "parts"),
    [("v1.34.4+k3s1", (1, 34, 4)), ("kind v0.29.0 go1.24", (0, 29, 0)), ("buildah version 1.28.2", (1, 28, 2))],
)
def test_versions_are_read_as_programs_print_them(text: str, parts: tuple[int, ...]) -> None:
    assert number(text) == parts


def test_the_oldest_kubernetes_is_not_newer_than_the_newest() -> None:
    assert number(versions().kubernetes["oldest"]) < number(versions().kubernetes["newest"])
