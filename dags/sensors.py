"""### Sensors

Reads yesterday's weather at a grid of virtual sensors from the [Open-Meteo archive](https://open-meteo.com) every
morning, and the last five days again for late corrections, and publishes it into the warehouse if it passes every
audit. The first run reads a year.
"""

from __future__ import annotations

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "sensors",
    description="Weather at a grid of sensors: from Open-Meteo's archive into silver and gold.",
    about=__doc__,
    schedule="30 6 * * *",  # half an hour after spacex: they share one node
    by_days=True,
    steps=[
        Step("check"),
        # One part for each request: the grid of 100 sensors takes two, of 50 sensors each. More parts share the work
        # of a larger grid (ETL_SENSORS__ROWS and so on, in Secret etl/etl); together they spend the API's one budget.
        Step("extract", parts=2, memory="512Mi"),
        Step("transform", memory="1Gi"),  # DuckDB takes up to 512 MB, and spills the rest
        Step("publish", memory="512Mi"),
    ],
)
