"""### SpaceX: check → extract → publish

Reads launches and cores of the [SpaceX API](https://github.com/r-spacex/SpaceX-API) every morning and publishes them
into the warehouse, if they pass every audit. The API always serves its whole state, so a run reads all of it.

| Task | What its pod does |
|---|---|
| `check` | looks at the interval and asks the API one small question, to fail in seconds rather than half-way |
| `extract` | keeps the API's answers in the lake (bronze) and turns them into typed rows (silver) |
| `publish` | stages, audits and publishes the newest silver, all at once or not at all |

**Trigger it by hand** with nothing for everything, or with `{"start_date": "2006-03-01", "end_date": "2024-05-17"}`
to publish only launches of these days (UTC; the end is the first day that is left out).

**When a task is red**, its log ends with one line that says what is wrong and one that says what to do. It has been
tried again already if waiting could help. After the repair, *Clear* the failed task: the run goes on from there.
A try that was killed is gone on with, and nothing is ever published twice.
"""

from __future__ import annotations

from datetime import timedelta

import interval
from airflow.sdk import DAG, CronTriggerTimetable
from pods import RUN_ID, TRIES, EtlStep

with DAG(
    "spacex",
    description="SpaceX launches and cores: from the public API into silver and gold.",
    doc_md=__doc__,
    tags=["spacex", "etl"],
    schedule=CronTriggerTimetable("0 6 * * *", timezone="UTC"),  # no interval: a run reads the state of its moment
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    is_paused_upon_creation=False,
    default_args={"owner": "data-platform", **TRIES},
    params=interval.PARAMS,
) as dag:
    check = EtlStep(
        task_id="check",
        arguments=["check", "spacex", *interval.ARGUMENTS],
        pre_execute=interval.refuse_unknown,
    )
    extract = EtlStep(
        task_id="extract",
        arguments=["extract", "spacex", "--transform", *interval.ARGUMENTS, "--run-id", RUN_ID],
        needs_lake=True,
        memory="512Mi",
    )
    publish = EtlStep(
        task_id="publish",
        arguments=["publish", "spacex", *interval.ARGUMENTS],
        needs_lake=True,
        memory="512Mi",
    )
    check >> extract >> publish
