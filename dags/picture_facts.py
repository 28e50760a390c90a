"""### Facts about pictures

Every morning, asks NASA's image server for the pictures that the DAG `apod` has published and that have no facts yet,
at most 1,024 pixels wide, the newest first and within a budget of bytes; has them described; and publishes the facts
into the warehouse if they pass every audit. It wants the service that describes pictures: it is paused until somebody
has installed it and switches this DAG on (docs/how-to/facts-about-pictures.md). No other DAG waits for it.

Its last task sends the pictures that may be reused to the page of mosaics, if there is one.
"""

from __future__ import annotations

from airflow.sdk import DAG
from factory import source_dag
from pipeline import Step

dag: DAG = source_dag(
    "picture_facts",
    description="What pictures show: from NASA's renditions into silver and gold.",
    about=__doc__,
    schedule="40 7 * * *",  # after apod
    by_days=True,
    asks_enrichment=True,
    steps=[
        Step("check"),
        Step("extract", memory="512Mi"),
        Step("publish", memory="512Mi"),
        Step("pictures"),
    ],
)
