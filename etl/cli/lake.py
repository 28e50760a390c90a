"""What the lake holds, what may be deleted, and how it stays small."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from etl.cli.console import lake as shown
from etl.cli.options import optional_source_argument, plan_option, source_argument
from etl.cli.startup import start
from etl.lake import compaction, expiry, inventory
from etl.lake.inventory import Extraction
from etl.lake.layout import LAYERS
from etl.runtime import Runtime
from etl.sources import NAMES


@click.group()
def lake() -> None:
    """List, expire and compact what the lake holds."""


@lake.command()
@optional_source_argument
@click.option(
    "--last", "most", default=50, show_default=True, type=click.IntRange(1), help="How many of each source to list."
)
def ls(source_name: str | None, most: int) -> None:
    """List the newest extractions in the lake, with their state and size."""
    runtime = start()
    shown.show(runtime.lake().url, _extractions(runtime, source_name), most)


@lake.command()
@optional_source_argument
@click.option("--older-than", "age", required=True, help="Such as 90d, 12w or 36h; younger ones are kept.")
@click.option("--layer", "layers", multiple=True, type=click.Choice(LAYERS), help="Only this layer; may be repeated.")
@plan_option
def expire(source_name: str | None, age: str, layers: tuple[str, ...], only_plan: bool) -> None:
    """Delete old extractions. Those that still hold the newest rows of something are kept."""
    older_than = expiry.parse_age(age)
    runtime = start()
    plan = expiry.make_plan(_extractions(runtime, source_name), older_than, datetime.now(UTC), layers or LAYERS)
    shown.show_expiry(plan, age)
    if not only_plan and plan.to_delete:
        expiry.apply(plan, runtime.lake(), shown.show_deleted)


@lake.command()
@source_argument
@click.option(
    "--smaller-than",
    "most_mb",
    default=128,
    show_default=True,
    type=click.IntRange(1),
    help="Merge extractions with less silver than this, in MB.",
)
@plan_option
def compact(source_name: str, most_mb: int, only_plan: bool) -> None:
    """Merge small extractions of successive days. `etl lake expire` then deletes the originals."""
    runtime = start()
    plan = compaction.make_plan(runtime.lake(), runtime.source(source_name), most_mb * 10**6)
    shown.show_compactions(plan)
    if not only_plan:
        compaction.apply(plan, runtime.lake(), shown.show_compacted)


def _extractions(runtime: Runtime, source_name: str | None) -> list[Extraction]:
    names = [source_name] if source_name else NAMES
    return inventory.list_extractions(runtime.lake(), [runtime.source(name) for name in names])
