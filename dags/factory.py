"""A DAG from what its file declares: when a source is read, in which steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import consent
import extraction
import interval
import lineage
from airflow.sdk import DAG, CronTriggerTimetable, chain
from airflow.sdk.exceptions import AirflowFailException
from manual import manual
from pipeline import Pipeline, Step
from pods import EtlStep, SparkStep

# In `default_args`, because a mapped task takes them from there only.
RETRY_POLICY: dict[str, Any] = {
    "retries": 4,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=2),
}


PARAMS = interval.PARAMS | consent.PARAMS


def source_dag(
    source: str,
    *,
    description: str,
    about: str | None,
    schedule: str | None,
    steps: Iterable[Step],
    dag_id: str | None = None,
    by_days: bool = False,
    destination: str | None = None,
    key: str | None = None,
    asks_enrichment: bool = False,
    timeout: timedelta = timedelta(hours=6),
) -> DAG:
    """The DAG of a source, or another one of it with a `dag_id` of its own.

    `about`: the beginning of its manual, in Markdown. `schedule`: a cron expression, in UTC; None: on request only.
    `key`: the setting with the API's key. Only pods that ask the API get it; without it `make up` leaves the DAG out.
    `asks_enrichment`: its pods have pictures described and shown, and get the URLs and the key of what does so. Not
    everybody has it: the DAG is paused until somebody switches it on.
    The rest is as Pipeline says. A DAG's file must contain the word "airflow", or Airflow ignores it.
    """
    pipeline = Pipeline(source, tuple(steps), by_days, destination)
    on_spark = any(step.on_spark for step in pipeline.steps)
    with DAG(
        dag_id or source,
        description=description,
        doc_md=manual(about or f"### {source}", pipeline),
        tags=[source, "etl", *(["spark"] if on_spark else [])],
        schedule=schedule and CronTriggerTimetable(schedule, timezone="UTC"),  # no data interval: `etl` knows the days
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timeout,
        is_paused_upon_creation=asks_enrichment,
        default_args={"owner": "data-platform", **RETRY_POLICY},
        params=PARAMS,
        user_defined_macros=extraction.MACROS | lineage.MACROS,
    ) as dag:
        chain(*(_task(pipeline, step, _needs(step, key, asks_enrichment)) for step in pipeline.steps))
    return dag


def _needs(step: Step, key: str | None, asks_enrichment: bool) -> dict[str, bool]:
    """What the pods of a step get in secret, by arguments of EtlStep."""
    return {
        "needs_keys": key is not None and step.asks_the_api,
        "needs_enrichment": asks_enrichment and step.asks_enrichment,
    }


def _task(pipeline: Pipeline, step: Step, needs: Mapping[str, bool]) -> Any:
    """The task of a step: one pod, or one for each part; what it `needs` in secret."""
    calls = pipeline.arguments(step)
    if step.on_spark:
        return SparkStep(task_id=step.command, arguments=calls[0])
    pod: dict[str, Any] = {"task_id": step.command, "needs_lake": step.needs_lake, "memory": step.memory}
    pod |= needs
    if len(calls) > 1:
        return EtlStep.partial(**pod, map_index_template="{{ task.arguments[-1] }}").expand(arguments=calls)
    if step.command == "check":
        pod["pre_execute"] = _begin
    return EtlStep(**pod, arguments=calls[0])


def _begin(context: Any) -> None:
    """What the first task does before its pod starts."""
    refuse_unknown(context)
    extraction.settle(context)


def refuse_unknown(context: Any) -> None:
    """Fail if a parameter is misspelt: it would be ignored, and the run would be about everything.

    `etl check` reports what is wrong with the values, such as an end before the start.
    """
    known = context["dag"].params
    if unknown := set(context["params"]) - set(known):
        names = ", ".join(sorted(unknown))
        raise AirflowFailException(f"Unknown parameter: {names}. Known are {', '.join(known)}.")
