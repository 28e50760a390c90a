"""### Near-Earth objects

Every morning, reads the close approaches of the next two months, and of the last one again, from
[JPL](https://ssd-api.jpl.nasa.gov), with the risk list and all known objects, and publishes them into the warehouse if
they pass every audit. The first run reads a year.
"""

from __future__ import annotations

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "neo",
    description="Near-Earth objects: close approaches and risks from JPL into silver and gold.",
    about=__doc__,
    schedule="0 7 * * *",
    by_days=True,
    steps=[
        Step("check"),
        Step("extract", memory="512Mi"),  # one pod: JPL answers one request at a time
        Step("transform", memory="1Gi"),
        Step("publish", memory="512Mi"),
    ],
)
