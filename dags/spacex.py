"""### SpaceX

Reads the launches and cores of the [SpaceX API](https://github.com/r-spacex/SpaceX-API) every morning and publishes
them into the warehouse if they pass every audit. The API always serves its whole state, so each run reads all of it.
"""

from __future__ import annotations

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "spacex",
    description="SpaceX launches and cores: from the public API into silver and gold.",
    about=__doc__,
    schedule="0 6 * * *",
    steps=[
        Step("check"),
        Step("extract", memory="512Mi"),
        Step("publish", memory="512Mi"),
    ],
)
