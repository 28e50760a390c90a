"""What the values tell Airflow is something that this Airflow knows: it silently ignores a misspelt option."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import airflow
import pytest
import yaml
from airflow._shared.observability.metrics.metrics_registry import YAML_REGISTRY_PATH, read_metrics_yaml

VALUES = Path(__file__).parents[2] / "charts" / "values"
MAPPING = Path(__file__).parents[2] / "monitoring" / "statsd" / "mapping.yaml"
REGISTERED = [metric["name"] for metric in read_metrics_yaml(yaml_path=str(YAML_REGISTRY_PATH))]
OURS = "etl_pods_ended"  # dags/pod_operator.py
KNOWN = yaml.safe_load((Path(airflow.__file__).parent / "config_templates" / "config.yml").read_text())


@pytest.mark.parametrize("file", ["airflow.yaml", "airflow-prod.yaml"])
def test_every_option_exists(file: str) -> None:
    config = yaml.safe_load((VALUES / file).read_text())["config"]
    told = {f"{section}.{option}" for section, options in config.items() for option in options}
    assert told <= {f"{section}.{option}" for section in KNOWN for option in KNOWN[section]["options"]}


def test_every_metric_that_is_mapped_is_one_that_airflow_sends() -> None:
    sent = {f"airflow.{name}" for name in (*REGISTERED, OURS)}
    globs = [rule["match"] for rule in yaml.safe_load(MAPPING.read_text())["mappings"] if "match_type" not in rule]
    assert len(globs) >= 20
    assert [glob for glob in globs if not fnmatch.filter(sent, glob)] == []
