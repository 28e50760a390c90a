"""### Near-Earth objects, as NeoWs lists them

Every morning, reads the passes of the last 30 days from NASA's [NeoWs](https://api.nasa.gov) and publishes them into
the warehouse if they pass every audit, so that they can be compared with JPL's own (the DAG *neo*).
"""

from __future__ import annotations

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "neows",
    description="Near-Earth objects: passes from NASA's NeoWs into silver, to compare with JPL's.",
    about=__doc__,
    schedule="30 7 * * *",
    by_days=True,
    key="ETL_NASA__API_KEY",
    steps=[
        Step("check"),
        Step("extract", memory="512Mi"),
        Step("publish", memory="512Mi"),
    ],
)
