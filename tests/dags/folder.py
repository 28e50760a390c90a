"""The folder from which Airflow reads the DAGs, with what `make up` writes beside them. Import it before Airflow."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PLATFORM = {
    "etl_image": "data-platform-etl:0123456789ab",
    "spark_image": "data-platform-etl-spark:0123456789ab",
    "lake_claim": "lake",
}
HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
FOLDER = HOME / "dags"

shutil.copytree(REPOSITORY / "dags", FOLDER, ignore=shutil.ignore_patterns("__pycache__"))
(FOLDER / "platform.json").write_text(json.dumps(PLATFORM))
os.environ |= {"AIRFLOW_HOME": str(HOME), "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER)}
os.environ |= {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__UNIT_TEST_MODE": "False"}
os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT"] = "0"  # none: the first file waits for all that Airflow imports
sys.path.insert(0, str(FOLDER))  # as Airflow does

HELPERS = {line for line in (FOLDER / ".airflowignore").read_text().split() if line.endswith(".py")}
DAG_FILES = {file.name for file in FOLDER.glob("*.py")} - HELPERS
