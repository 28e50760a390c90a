"""### Sensors: check → extract, in several pods at once → transform → publish

Reads yesterday's weather at a grid of virtual sensors from the [Open-Meteo archive](https://open-meteo.com) every
morning, the last five days with it for late corrections, and publishes it into the warehouse if it passes every audit.
The first run reads a year.

| Task | What its pods do |
|---|---|
| `check` | looks at the days, asks the API one small question, and says what the run will ask of the API's budget |
| `extract` | keeps the API's answers in the lake (bronze); each of its pods asks for a share of the sensors |
| `transform` | turns the answers of all of them into typed rows (silver) |
| `publish` | stages, audits and publishes that silver, all at once or not at all; then the next run starts later |

**Trigger it by hand** with nothing for what is not published yet, or with
`{"start_date": "2024-01-01", "end_date": "2024-02-01"}` for these days (UTC; the end is the first day left out).

**When a task is red**, its log ends with one line that says what is wrong and one that says what to do. It has been
tried again already if waiting could help; a spent budget is waited for. After the repair, *Clear* the failed task: the
run goes on from there, with the answers that it has. *Clear* `check` and all that follows to ask the API anew.
"""

from __future__ import annotations

from datetime import timedelta

import interval
from airflow.sdk import DAG, CronTriggerTimetable
from interval import SETTLED_ARGUMENTS
from pods import SETTLED_RUN_ID, TRIES, EtlStep

# As many pods extract as the grid of 100 sensors has requests, of 50 each. More of them share the work of a larger grid
# (ETL_SENSORS__ROWS and so on, in Secret etl/etl); all together they spend the one budget that the API allows.
PARTS = 2

with DAG(
    "sensors",
    description="Weather at a grid of sensors: from Open-Meteo's archive into silver and gold.",
    doc_md=__doc__,
    tags=["sensors", "etl"],
    schedule=CronTriggerTimetable("30 6 * * *", timezone="UTC"),  # half an hour after spacex: they share one node
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    is_paused_upon_creation=False,
    default_args={"owner": "data-platform", **TRIES},
    params=interval.PARAMS,
) as dag:
    check = EtlStep(
        task_id="check",
        arguments=["check", "sensors", *interval.ARGUMENTS],
        pre_execute=interval.settle,
    )
    extract = EtlStep.partial(
        task_id="extract",
        map_index_template="{{ task.arguments[-1] }}",
        needs_lake=True,
        memory="512Mi",
    ).expand(
        arguments=[
            ["extract", "sensors", *SETTLED_ARGUMENTS, "--run-id", SETTLED_RUN_ID, "--part", f"{number}/{PARTS}"]
            for number in range(1, PARTS + 1)
        ]
    )
    transform = EtlStep(
        task_id="transform",
        arguments=["transform", "sensors", "--run-id", SETTLED_RUN_ID],
        needs_lake=True,
        memory="1Gi",  # DuckDB takes up to 512 MB, and spills the rest
    )
    publish = EtlStep(
        task_id="publish",
        arguments=["publish", "sensors", "--run-id", SETTLED_RUN_ID],
        needs_lake=True,
        memory="512Mi",
    )
    check >> extract >> transform >> publish
