"""The DAGs as Airflow parses them."""

from __future__ import annotations

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator

from tests.dags.folder import FOLDER

BAG = DagBag(FOLDER, include_examples=False)
DAGS: dict[str, DAG] = dict(BAG.dags)
UPKEEP = "lake_maintenance"  # the DAG that is about all sources
OF_SOURCES = {name: dag for name, dag in DAGS.items() if name != UPKEEP}
SHOW = "pictures"  # of picture_facts: the one task that is about what is published, not about an extraction
TASKS = [(name, task_id) for name, dag in DAGS.items() for task_id in dag.task_ids]


def number_of_parts(dag: str, task_id: str = "extract") -> int:
    """How many pods share a task of that DAG."""
    task = DAGS[dag].get_task(task_id)
    return len(task.expand_input.value["arguments"]) if isinstance(task, MappedOperator) else 1
