"""The DAGs as Airflow parses them."""

from __future__ import annotations

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator

from tests.dags.folder import FOLDER

BAG = DagBag(FOLDER, include_examples=False)
DAGS: dict[str, DAG] = dict(BAG.dags)
UPKEEP = "lake_maintenance"  # about all sources
BACKFILL = "backfill"  # about the source that it is asked for
OF_SOURCES = {name: dag for name, dag in DAGS.items() if name not in (UPKEEP, BACKFILL)}
SHOW = "pictures"  # of picture_facts: the one task that is about what is published, not about an extraction
WITHOUT_A_POD = [(BACKFILL, "months")]
TASKS = [(name, task) for name, dag in DAGS.items() for task in dag.task_ids if (name, task) not in WITHOUT_A_POD]


def number_of_parts(dag: str, task_id: str = "extract") -> int:
    """How many pods share a task of that DAG; 1 if only its run knows."""
    task = DAGS[dag].get_task(task_id)
    calls = task.expand_input.value["arguments"] if isinstance(task, MappedOperator) else None
    return len(calls) if isinstance(calls, list) else 1
