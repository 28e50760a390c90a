"""Two pods that do next to nothing, one after the other: what is left is the platform's own time."""

from airflow.sdk import DAG
from pods import EtlStep

with DAG("trivial", schedule=None, is_paused_upon_creation=False, max_active_runs=1):
    EtlStep(task_id="first", arguments=["--version"]) >> EtlStep(task_id="second", arguments=["--version"])
