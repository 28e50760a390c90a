"""### Sensors on Spark

For what has outgrown one machine and Postgres: decades of days, or hundreds of thousands of sensors. The parsers and
the SQL are those of DAG `sensors`, run by Spark's executors; silver and gold stay in the lake, as Parquet, and the
warehouse and its watermark are not touched. This DAG exists if the platform was installed with `make up SPARK=1`; the
number and size of its executors are set in `k8s/spark/spark-defaults.conf`.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "sensors",
    dag_id="sensors_spark",
    description="Weather at a grid of sensors: from Open-Meteo's archive into the lake's silver and gold, by Spark.",
    about=__doc__,
    schedule=None,  # what outgrows a machine runs on request only
    timeout=timedelta(hours=24),
    by_days=True,
    destination="lake",
    steps=[
        Step("check"),
        Step("extract", parts=4, memory="512Mi"),
        Step("transform", on_spark=True),
        Step("publish", on_spark=True),
    ],
)
