"""The steps of the pipeline, one by one, all together, and for past intervals."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path

import click

from etl import destinations
from etl.cli import ask, family, reports
from etl.cli.console import answers, output, progress, runs
from etl.cli.options import (
    DAYS_FOLLOW,
    GOES_INTO,
    INTERVALS_FOLLOW,
    Day,
    Days,
    accept_loss_option,
    data_interval,
    destination_option,
    engine_option,
    extraction_option,
    interval_options,
    parse_part,
    plan_option,
    previous_interval,
    source_argument,
    source_or_family_argument,
)
from etl.cli.startup import pipeline, start
from etl.pipeline import backfill as past
from etl.pipeline import rebuild as rebuilding
from etl.pipeline.selection import complete_extraction, transformed_extraction
from etl.pipeline.steps import Target
from etl.runtime import Runtime, simulator
from etl.sources import FAMILIES


@click.command()
@source_argument
@interval_options
@destination_option(DAYS_FOLLOW, or_both=True)
def check(source_name: str, days: Days, destination: str) -> None:
    """Test in seconds whether a run can succeed. An impossible interval is refused here already."""
    runtime = start()
    source = runtime.source(source_name)
    interval = runtime.interval(source, *days, destination)
    # A pod may start a moment before its network policies.
    with runtime.client(source, attempts=3) as client, pipeline(runtime, source) as steps:
        about = f" for {interval}" if interval else ""
        output.say(f"{source.api.base_url} answers{about}: {steps.check(client, interval)}.")


@click.command()
@source_argument
@interval_options
@extraction_option
@click.option("--part", help="Only a share, such as 2/4; every share needs the same --extraction and --to.")
@click.option("--transform", "then_transform", is_flag=True, help="Turn it into silver as well.")
@destination_option(DAYS_FOLLOW, or_both=True)
def extract(
    source_name: str,
    days: Days,
    extraction_id: str | None,
    part: str | None,
    then_transform: bool,
    destination: str,
) -> None:
    """Keep the API's answers in the lake's bronze layer. Prints the extraction's ID."""
    share = parse_part(part, extraction_id, then_transform)
    runtime = start()
    source = runtime.source(source_name)
    interval = runtime.interval(source, *days, destination)
    with pipeline(runtime, source) as steps:
        with runtime.client(source) as client:
            extracted = steps.extract(client, interval, extraction_id, share)
        if then_transform:
            steps.transform(extracted)
    click.echo(extracted)


@click.command()
@source_argument
@interval_options
@extraction_option
@engine_option
def transform(source_name: str, days: Days, extraction_id: str | None, engine: str) -> None:
    """Turn the newest extraction into silver. Prints the extraction's ID."""
    runtime = start()
    source = runtime.source(source_name)
    extracted = complete_extraction(runtime.lake(), source, previous_interval(days), extraction_id)
    with pipeline(runtime, source, engine) as steps:
        click.echo(steps.transform(extracted).extraction_id)


@click.command()
@source_argument
@interval_options
@extraction_option
@click.option("--even-if-older", is_flag=True, help="Publish it even if a later extraction is published already.")
@accept_loss_option
@engine_option
@destination_option(GOES_INTO, or_both=True)
def publish(
    source_name: str,
    days: Days,
    extraction_id: str | None,
    even_if_older: bool,
    accept_loss: bool,
    engine: str,
    destination: str,
) -> None:
    """Stage, audit and publish the newest silver."""
    runtime = start()
    source = runtime.source(source_name)
    transformed = transformed_extraction(runtime.lake(), source, previous_interval(days), extraction_id)
    with (
        pipeline(runtime, source, engine, accepts_loss=accept_loss) as steps,
        runtime.warehouse() as warehouse,
    ):
        for name in destinations.named(destination):
            into = runtime.destination(name, warehouse, steps.engine)
            published = steps.publish(warehouse, transformed, into, even_if_older=even_if_older)
            runs.show_published(published, transformed)


@click.command()
@source_or_family_argument
@interval_options
@click.option("--or-simulate", is_flag=True, help="If the API does not answer within 3 s, run on the simulator.")
@click.option("--report", "report_file", type=click.Path(path_type=Path), help="Write the report page to this file.")
@accept_loss_option
@engine_option
@destination_option(DAYS_FOLLOW, or_both=True)
def run(
    source_name: str,
    days: Days,
    or_simulate: bool,
    report_file: Path | None,
    accept_loss: bool,
    engine: str,
    destination: str,
) -> None:
    """Check, extract, transform, stage, audit and publish. Then show the answers.

    SOURCE may be a family, such as nasa: then all of its sources run, whatever becomes of each.
    """
    if report_file is not None:
        reports.refuse_impossible(source_name, destination)
    runtime = start(for_people=or_simulate)
    run_one = partial(
        _run,
        runtime,
        days=days,
        or_simulate=or_simulate,
        report_file=report_file,
        accept_loss=accept_loss,
        engine=engine,
        destination=destination,
    )
    if source_name in FAMILIES:
        family.run_each(runtime, source_name, run_one)
    else:
        run_one(source_name)
    runs.show_next(report_file)


def _run(
    runtime: Runtime,
    source_name: str,
    *,
    days: Days,
    or_simulate: bool,
    report_file: Path | None,
    accept_loss: bool,
    engine: str,
    destination: str,
) -> str:
    """Run one source; return how it ended, in a word."""
    with ExitStack() as stack:
        warehouse = stack.enter_context(runtime.warehouse())
        source = runtime.source(source_name)
        interval = runtime.interval(source, *days, destination)
        if or_simulate:
            source = stack.enter_context(runtime.live_or_simulated(source_name, warehouse))
            runs.show_origin(source, runtime.source(source_name), simulator(source_name).ABOUT)
        client = stack.enter_context(runtime.client(source))
        steps = stack.enter_context(pipeline(runtime, source, engine, accepts_loss=accept_loss))
        first, *others = destinations.named(destination)
        summary = steps.run(client, warehouse, interval, runtime.destination(first, warehouse, steps.engine))
        runs.show_summary(summary)
        for other in others:
            into = runtime.destination(other, warehouse, steps.engine)
            runs.show_published(steps.publish(warehouse, summary.transformed, into), summary.transformed)
        answers.show(ask.answers_from(runtime, warehouse, first, source_name))
        if report_file is not None:
            reports.write(warehouse, source_name, report_file)
        return summary.published.status


@click.command()
@source_argument
@click.option("--from", "start_date", type=Day(), required=True, help="Start date, UTC.")
@click.option("--to", "end_date", type=Day(), required=True, help="End date, exclusive.")
@click.option("--every", default="1month", show_default=True, help="Length of an interval, such as 7day or 1year.")
@plan_option
@click.option(
    "--parallel", default=1, show_default=True, type=click.IntRange(1, 16), help="Intervals to extract in parallel."
)
@click.option("--again", is_flag=True, help="Repeat intervals that are published already.")
@destination_option(INTERVALS_FOLLOW, or_both=True)
def backfill(
    source_name: str,
    start_date: date,
    end_date: date,
    every: str,
    only_plan: bool,
    parallel: int,
    again: bool,
    destination: str,
) -> None:
    """Run past intervals, oldest first. The same command again resumes where it stopped."""
    whole, length = data_interval(start_date, end_date), past.Every.parse(every)
    runtime = start()
    source = runtime.source(source_name)
    with ExitStack() as stack:
        client = stack.enter_context(runtime.client(source))
        engine = stack.enter_context(runtime.engine("local"))
        steps = runtime.pipeline(source, engine)
        sessions = {name: stack.enter_context(runtime.warehouse()) for name in destinations.named(destination)}
        targets = [Target(runtime.destination(name, each, engine), each) for name, each in sessions.items()]
        plan = past.make_plan(steps, targets, whole, length, again=again)
        runs.show_plan(plan)
        if not only_plan:
            on_step = stack.enter_context(progress.of_backfill(plan, parallel))
            past.execute(plan, steps, client, targets, parallel, runs.show_interval, on_step)


@click.command()
@source_argument
@plan_option
@accept_loss_option
@engine_option
@destination_option(GOES_INTO)
def rebuild(source_name: str, only_plan: bool, accept_loss: bool, engine: str, destination: str) -> None:
    """Publish again what the warehouse has lost. It reads the lake alone, and resumes where it stopped.

    Every extraction that the ledger does not know is published, oldest first. Records that were corrected in
    quarantine are not in the lake: they come back with a backup, or by correcting them again.
    """
    runtime = start()
    source = runtime.source(source_name)
    with (
        pipeline(runtime, source, engine, accepts_loss=accept_loss) as steps,
        runtime.warehouse() as warehouse,
    ):
        plan = rebuilding.make_plan(steps, warehouse, destination)
        runs.show_rebuild(plan)
        if only_plan:
            return
        into = runtime.destination(destination, warehouse, steps.engine)
        missing = rebuilding.execute(plan, steps, warehouse, into, runs.show_published, runs.show_refused)
        if missing:
            raise missing[0].error
