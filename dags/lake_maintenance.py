"""### Lake maintenance

Every Sunday, merges small files, source by source, and then deletes what nobody needs any more: extractions whose rows
have newer ones, old snapshots of tables, and their files. The newest rows of everything are kept, and so is what was
current within the last `older_than`, for time travel and for a warehouse restored from a backup: keep that longer than
backups. Where nothing is published into the lake, there are no tables, and little to do.

| Task | What its pod does |
|---|---|
| `compact` | `etl lake compact`: of all sources, one after the other |
| `expire` | `etl lake expire`: of all sources |

**Trigger it by hand** with `{"older_than": "30d"}` to make room. It and a run that publishes wait for each other.
"""

from __future__ import annotations

from datetime import timedelta

import lineage
from airflow.sdk import DAG, CronTriggerTimetable, Param
from factory import RETRY_POLICY
from pods import EtlStep

OLDER_THAN = "90d"

with DAG(
    "lake_maintenance",
    description="The lake's tables stay small: their files are merged, and old ones deleted.",
    doc_md=__doc__,
    tags=["lake", "etl"],
    schedule=CronTriggerTimetable("0 3 * * 0", timezone="UTC"),  # hours before the first source is read
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    is_paused_upon_creation=False,
    default_args={"owner": "data-platform", **RETRY_POLICY},
    params={
        "older_than": Param(
            OLDER_THAN,
            type="string",
            pattern=r"^[1-9][0-9]*[hdw]$",
            title="Older than",
            description="What ceased to be current longer ago is deleted, such as 90d, 12w or 36h.",
        )
    },
    user_defined_macros=lineage.MACROS,
) as dag:
    compact = EtlStep(
        task_id="compact",
        arguments=["lake", "compact"],
        needs_lake=True,
        memory="1Gi",  # DuckDB takes up to 512 MB
    )
    compact >> EtlStep(
        task_id="expire",
        arguments=["lake", "expire", "--older-than", "{{ params.older_than }}"],
        needs_lake=True,
        memory="512Mi",
    )
