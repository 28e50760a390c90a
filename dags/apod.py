"""### Astronomy picture of the day

Every morning, reads yesterday's picture from [NASA's APOD](https://science.nasa.gov/apod), and the last seven days
again for late corrections, and publishes them into the warehouse if they pass every audit. Some days have no picture.
The first run reads a year; `etl backfill apod` reads the archive since 1995.
"""

from __future__ import annotations

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "apod",
    description="Astronomy pictures of the day: from NASA's archive into silver and gold.",
    about=__doc__,
    schedule="45 6 * * *",  # a picture appears at 04:05 or 05:05 UTC
    by_days=True,
    steps=[
        Step("check"),
        Step("extract", memory="512Mi"),
        Step("publish", memory="512Mi"),
    ],
)
