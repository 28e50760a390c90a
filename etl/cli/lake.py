"""What the lake holds, whether it is whole, what may be deleted, and how it stays small."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from etl.cli.console import lake as shown
from etl.cli.options import optional_source_argument, plan_option
from etl.cli.startup import start
from etl.core.errors import LakeUnavailableError
from etl.core.source import Source
from etl.destinations.lake.following import names as tables_of
from etl.lake import compaction, expiry, inventory, sweeping
from etl.lake.layout import LAYERS
from etl.pipeline.reconciliation import forget
from etl.postgres.connection import Warehouse
from etl.runtime import Runtime
from etl.sources import NAMES


@click.group()
def lake() -> None:
    """List, check, expire and compact what the lake holds."""


@lake.command()
@optional_source_argument
@click.option(
    "--last", "most", default=50, show_default=True, type=click.IntRange(1), help="How many of each source to list."
)
def ls(source_name: str | None, most: int) -> None:
    """List the newest extractions in the lake, with their state and size, and the tables."""
    runtime = start()
    listed = inventory.list_files(runtime.lake(), _sources(runtime, source_name))
    shown.show(runtime.lake().url, listed, inventory.read(runtime.lake(), listed, most))
    with runtime.warehouse() as warehouse, warehouse.transaction():
        warehouse.run("session/one_moment")
        if names := [name for each in _names(source_name) for name in _catalogued(runtime, warehouse, each)]:
            tables = runtime.tables_of(warehouse)
            shown.show_tables([table for name in names if (table := tables.find(name))])


@lake.command()
@optional_source_argument
@click.option("--older-than", "age", required=True, help="Such as 90d, 12w or 36h; younger ones are kept.")
@click.option("--layer", "layers", multiple=True, type=click.Choice(LAYERS), help="Only this layer; may be repeated.")
@plan_option
def expire(source_name: str | None, age: str, layers: tuple[str, ...], only_plan: bool) -> None:
    """Delete old extractions, and old snapshots of tables. What has the newest rows of something is kept.

    Keep snapshots for longer than backups of the warehouse: a restored one names the snapshots of its time. With
    --layer, tables stay as they are.
    """
    older_than = expiry.parse_age(age)
    runtime = start()
    now = datetime.now(UTC)
    extractions = inventory.list_extractions(runtime.lake(), _sources(runtime, source_name))
    plan = expiry.make_plan(extractions, older_than, now, layers or LAYERS)
    shown.show_expiry(plan, age)
    if not only_plan and plan.to_delete:
        expiry.apply(plan, runtime.lake(), shown.show_deleted)
    if not layers:
        with runtime.warehouse() as warehouse:
            for name in _names(source_name):
                if tables := _catalogued(runtime, warehouse, name):
                    _sweep(runtime, warehouse, name, tables, older_than, now, only_plan=only_plan)


@lake.command()
@optional_source_argument
@click.option(
    "--smaller-than",
    "most_mb",
    default=128,
    show_default=True,
    type=click.IntRange(1),
    help="Merge extractions with less silver than this, in MB, and files of tables.",
)
@plan_option
def compact(source_name: str | None, most_mb: int, only_plan: bool) -> None:
    """Merge small extractions of successive days, and small files of tables. `etl lake expire` then deletes them."""
    runtime = start()
    for name in _names(source_name):
        source = runtime.source(name)
        if source_name or not source.serves_everything:  # whose extractions have no days: refused only if asked for
            plan = compaction.make_plan(runtime.lake(), source, most_mb * 10**6)
            shown.show_compactions(plan)
            if not only_plan:
                compaction.apply(plan, runtime.lake(), shown.show_compacted)
        _rewrite(runtime, source, most_mb * 10**6, only_plan=only_plan)


@lake.command()
def check() -> None:
    """Compare the catalogue of the tables with the files in the lake, and with Glue if it follows."""
    from etl.lake import checking

    runtime = start()
    with runtime.tables() as tables:
        found = list(checking.check(runtime.lake(), tables, runtime.glue()))
        shown.show_findings(found, len(tables.names()))
    if found:
        raise LakeUnavailableError(
            f"{len(found)} things are wrong with the tables in {runtime.lake().url}.",
            hint="`etl lake repair` puts the catalogue right; what is missing comes back with `etl rebuild`.",
        )


@lake.command()
def repair() -> None:
    """Have the catalogue name the newest metadata of each table that it does not lead to, and Glue what it names."""
    from etl.lake import checking

    runtime = start()
    with runtime.warehouse() as warehouse:
        with warehouse.transaction():
            published = {row["run_id"] for row in warehouse.run("ledger/published_runs", {"destination": "lake"})}
            repaired = list(checking.repair(runtime.lake(), runtime.tables_of(warehouse), published.__contains__))
            lost = {each.table for each in repaired if each.metadata is None}
            for name in NAMES:
                if lost & _tables_of(runtime, name):
                    forget(warehouse, runtime.source(name), "lake", None)
        followed = [each for name in NAMES for each in runtime.follow(warehouse, runtime.source(name))]
    shown.show_repairs(repaired, followed)


def _rewrite(runtime: Runtime, source: Source, smaller_than: int, *, only_plan: bool) -> None:
    """Merge the small files of a source's tables, all at once."""
    from etl.destinations.lake import compaction as rewriting

    with runtime.warehouse() as warehouse:
        with runtime.locked_tables(warehouse, source) as tables, runtime.engine("local") as engine:
            rewrites = rewriting.make_plan(tables, source, smaller_than)
            shown.show_rewrites(rewrites)
            if not only_plan:
                for rewrite, files in rewriting.apply(rewrites, runtime.lake(), engine):
                    shown.show_rewritten(rewrite, files)
        if not only_plan:
            runtime.follow(warehouse, source)


def _sweep(
    runtime: Runtime,
    warehouse: Warehouse,
    source_name: str,
    names: list[str],
    older_than: timedelta,
    now: datetime,
    *,
    only_plan: bool,
) -> None:
    """Forget the snapshots of a source's tables, all at once, then delete."""
    with runtime.locked_tables(warehouse, runtime.source(source_name)) as tables:
        found = [table for each in names if (table := tables.find(each))]
        plan = [sweeping.make_plan(runtime.lake(), table, older_than, now) for table in found]
        shown.show_sweeps(plan)
        for sweep in plan:
            if sweep.snapshots and not only_plan:
                sweep.table.expire(sweep.snapshots)
    if not only_plan:
        runtime.follow(warehouse, runtime.source(source_name))  # before the files go that its older metadata name
    for sweep in () if only_plan else plan:
        sweeping.delete(runtime.lake(), sweep)


def _names(source_name: str | None) -> list[str]:
    return [source_name] if source_name else list(NAMES)


def _tables_of(runtime: Runtime, source_name: str) -> set[str]:
    return set(tables_of(runtime.source(source_name)))


def _catalogued(runtime: Runtime, warehouse: Warehouse, source_name: str) -> list[str]:
    """Those of a source's tables that the lake has, in one query: reading them takes a library that loads slowly."""
    wanted = _tables_of(runtime, source_name)
    return [row["name"] for row in warehouse.run("listings/lake_tables") if row["name"] in wanted]


def _sources(runtime: Runtime, source_name: str | None) -> list[Source]:
    return [runtime.source(name) for name in _names(source_name)]
