"""### Photos from Mars

Every morning, reads the raw images that the rovers [Curiosity and Perseverance](https://mars.nasa.gov) took yesterday,
and those of the last 30 days again, as photos arrive late, and publishes them into the warehouse if they pass every
audit. Some days have no photo; when the Sun is between Mars and Earth, two weeks have none. The first run reads a
month; `etl backfill mars` reads all photos since 2012.
"""

from __future__ import annotations

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "mars",
    description="Raw images of the rovers on Mars: from two NASA feeds into silver and gold.",
    about=__doc__,
    schedule="15 7 * * *",
    by_days=True,
    steps=[
        Step("check"),
        Step("extract", memory="512Mi"),
        Step("publish", memory="512Mi"),
    ],
)
