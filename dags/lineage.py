"""Which run of Airflow a pod belongs to, in OpenLineage's notation: the parent of what `etl` sends about its step.

`etl` sends lineage only where OPENLINEAGE_URL, or another of OpenLineage's variables, says where; without one this is
not read.
"""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

VARIABLE = "OPENLINEAGE_PARENT_ID"
PARENT = "airflow/{{ dag.dag_id }}/{{ lineage_run(dag.dag_id, run_id) }}"


def lineage_run(dag_id: str, run_id: str) -> str:
    """The same OpenLineage run for all pods of a DAG's run."""
    return str(uuid5(NAMESPACE_URL, f"airflow/{dag_id}/{run_id}"))


# For templates.
MACROS = {"lineage_run": lineage_run}
