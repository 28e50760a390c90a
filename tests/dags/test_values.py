"""What the values tell Airflow is something that this Airflow knows: it ignores a misspelt option in silence."""

from __future__ import annotations

from pathlib import Path

import airflow
import pytest
import yaml

VALUES = Path(__file__).parents[2] / "charts" / "values"
KNOWN = yaml.safe_load((Path(airflow.__file__).parent / "config_templates" / "config.yml").read_text())


@pytest.mark.parametrize("file", ["airflow.yaml", "airflow-prod.yaml"])
def test_every_option_exists(file: str) -> None:
    config = yaml.safe_load((VALUES / file).read_text())["config"]
    told = {f"{section}.{option}" for section, options in config.items() for option in options}
    assert told <= {f"{section}.{option}" for section in KNOWN for option in KNOWN[section]["options"]}
