"""### Sensors on Spark: check → extract, in several pods at once → transform → publish, into the lake

For what has outgrown one machine and Postgres: decades of days, or hundreds of thousands of sensors. The same parsers
and the same SQL as in DAG `sensors`, run by Spark's executors; what they make stays in the lake as Parquet, silver and
gold. The warehouse and its watermark are left as they are. It is here with `make up SPARK=1`.

| Task | What its pods do |
|---|---|
| `check` | looks at the days, asks the API one small question, and says what the run will ask of the API's budget |
| `extract` | keeps the API's answers in the lake (bronze); each of its pods asks for a share of the sensors |
| `transform` | is Spark's driver: its executors turn the answers into typed rows (silver) |
| `publish` | is Spark's driver: its executors make gold from the newest silver of all days that the lake has |

**Trigger it by hand** with the days, `{"start_date": "1990-01-01", "end_date": "2024-01-01"}` (UTC; the end is the
first day left out), or with nothing for what the lake does not have yet. How many executors there are, and how large
they are, stands in `k8s/spark/spark-defaults.conf`.

**When a task is red**, its log ends with one line that says what is wrong and one that says what to do. After the
repair, *Clear* the failed task: the run goes on from there. *Clear* `check` and all that follows to ask the API anew.
"""

from __future__ import annotations

from datetime import timedelta

import interval
from airflow.sdk import DAG
from interval import SETTLED_ARGUMENTS
from pods import SETTLED_RUN_ID, TRIES, EtlStep, SparkStep

INTO_LAKE = ("--sink", "lake")
PARTS = 4  # pods that extract at the same time; the one budget that the API allows is the bound

with DAG(
    "sensors_spark",
    description="Weather at a grid of sensors: from Open-Meteo's archive into the lake's silver and gold, by Spark.",
    doc_md=__doc__,
    tags=["sensors", "etl", "spark"],
    schedule=None,  # what outgrows a machine is asked for, not stumbled upon
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=24),
    is_paused_upon_creation=False,
    default_args={"owner": "data-platform", **TRIES},
    params=interval.PARAMS,
) as dag:
    check = EtlStep(
        task_id="check",
        arguments=["check", "sensors", *interval.ARGUMENTS, *INTO_LAKE],
        pre_execute=interval.settle,
    )
    extract = EtlStep.partial(
        task_id="extract",
        map_index_template="{{ task.arguments[-1] }}",
        needs_lake=True,
        memory="512Mi",
    ).expand(
        arguments=[
            ["extract", "sensors", *SETTLED_ARGUMENTS, *INTO_LAKE, "--run-id", SETTLED_RUN_ID, "--part", f"{n}/{PARTS}"]
            for n in range(1, PARTS + 1)
        ]
    )
    transform = SparkStep(
        task_id="transform",
        arguments=["transform", "sensors", "--run-id", SETTLED_RUN_ID, "--engine", "spark"],
    )
    publish = SparkStep(
        task_id="publish",
        arguments=["publish", "sensors", "--run-id", SETTLED_RUN_ID, "--engine", "spark", *INTO_LAKE],
    )
    check >> extract >> transform >> publish
