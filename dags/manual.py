"""The manual of a DAG in Airflow's UI: what its file says about the source, then what is the same for every source."""

from __future__ import annotations

from inspect import cleandoc

from pipeline import Pipeline, Step

FAILED = """\
**When a task has failed**, its log ends with one line that says what is wrong and one that says what to do. It has
already been retried if waiting could help; an exhausted API budget is waited for. After the fix, *Clear* the failed
task: the run continues from there, with the responses it already has, and publishes these. *Clear* `check` and
everything downstream to read the API again. Nothing is ever published twice."""


def manual(about: str, pipeline: Pipeline) -> str:
    """Markdown that begins with `about`, which begins with a heading."""
    rows = [f"| `{step.command}` | {_purpose(step, pipeline)} |" for step in pipeline.steps]
    table = "\n".join(["| Task | What its pods do |", "|---|---|", *rows])
    return "\n\n".join([cleandoc(about).strip(), table, _by_hand(pipeline), FAILED])


def _purpose(step: Step, pipeline: Pipeline) -> str:
    match step.command:
        case "check":
            cost = ", and reports how much of the API's budget the run will use" if pipeline.by_days else ""
            return f"validates the days and sends the API one small request, so that a run fails early{cost}"
        case "extract":
            rest = "" if pipeline.extracts_only else " and turns them into typed rows (silver)"
            share = "; each pod makes a share of the requests" if step.parts > 1 else ""
            return f"saves the API's responses in the lake (bronze){rest}{share}"
        case "transform" if step.on_spark:
            return "is Spark's driver: its executors turn the responses into typed rows (silver)"
        case "transform":
            return "turns the responses into typed rows (silver)"
        case "pictures":
            return "sends the pictures that may be reused to the page of mosaics, if there is one"
        case _ if step.on_spark:
            return "is Spark's driver: its executors make gold from the newest silver of every day in the lake"
        case _:
            return "stages, audits and publishes this run's silver, all or nothing"


def _by_hand(pipeline: Pipeline) -> str:
    by_default, if_given = (
        ("every day that is not published yet", "for these days")
        if pipeline.by_days
        else ("everything", "to publish these days only")
    )
    return (
        f"**Trigger it by hand** without parameters for {by_default}, or with\n"
        f'`{{"start_date": "2024-01-01", "end_date": "2024-02-01"}}` {if_given} (UTC; the end is exclusive).'
    )
