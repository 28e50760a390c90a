"""### Backfill

Reads past days of a source and publishes them, month by month, two months at a time. A month that a backfill has
published costs a moment, and one that has been read is not read again, so another run with the same days resumes this.

| Task | What its pods do |
|---|---|
| `check` | validates the days and sends the API one small request, so that a run fails early |
| `months` | has no pod: it lists the months |
| `backfill` | each one reads a month, audits it and publishes it, all or nothing |

**Trigger it by hand** with the `"source"`, named as its DAG is, the days as `"start_date"` and `"end_date"` (UTC; the
end is exclusive), and the `"destination"`: `warehouse`, `lake` or `both`.

A month for which the API's budget is not enough is tried again every ten minutes for a day: ten years may take days.

**When a task has failed**, its log ends with one line that says what is wrong and one that says what to do. *Clear* the
failed tasks after the fix. Months that were published stay so.
"""

from __future__ import annotations

from datetime import timedelta

import interval
import lineage
import months
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param
from factory import RETRY_POLICY, refuse_unknown
from pods import EtlStep

AT_A_TIME = 2  # pods: they share a node with everything else
# What waiting does not help is not tried again anyway.
FOR_A_DAY = {"retries": 150, "retry_delay": timedelta(minutes=10), "retry_exponential_backoff": 0}

with DAG(
    "backfill",
    description="Past days of a source, a month in each pod: read, audited and published.",
    doc_md=__doc__,
    tags=["etl"],
    schedule=None,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(days=7),
    is_paused_upon_creation=False,
    default_args={"owner": "data-platform", **RETRY_POLICY | FOR_A_DAY},
    params={
        "source": Param(
            type="string", pattern=r"^[a-z][a-z0-9_]*$", title="Source", description="Named as its DAG is."
        ),
        "start_date": Param(type="string", format="date", title="Start date (UTC)"),
        "end_date": Param(type="string", format="date", title="End date, exclusive (UTC)"),
        "destination": Param("warehouse", enum=["warehouse", "lake", "both"], title="Destination"),
    },
    user_defined_macros=lineage.MACROS,
) as dag:
    check = EtlStep(
        task_id="check",
        arguments=["check", "{{ params.source }}", *interval.ARGUMENTS],
        needs_keys=True,
        pre_execute=refuse_unknown,
    )
    listed = PythonOperator(task_id="months", python_callable=months.calls)
    check >> listed
    EtlStep.partial(
        task_id="backfill",
        needs_lake=True,
        needs_keys=True,
        needs_enrichment=True,
        memory="1Gi",  # DuckDB takes up to 512 MB
        max_active_tis_per_dagrun=AT_A_TIME,
        map_index_template="{{ task.arguments[3] }}",
    ).expand(arguments=listed.output)
