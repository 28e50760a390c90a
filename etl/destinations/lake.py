"""Gold as files of the lake, for what no longer belongs into Postgres."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from etl.core.source import Source
from etl.engines.base import Engine, Selected
from etl.lake import layout, silver
from etl.lake.store import Lake


def make(lake: Lake, source: Source, run_id: str, engine: Engine, statements: Mapping[str, str]) -> dict[str, Selected]:
    """Make each gold table anew from the newest silver of every day; `statements`: by table, its text."""
    tables = silver.state(lake, source)
    made = {}
    for table in source.gold:
        path = partial(layout.part, "gold", table.name, run_id)
        made[table.name] = engine.select(lake, statements[table.name], tables, table, path)
        silver.keep_only(lake, "gold", table.name, run_id, made[table.name].files)
    return made
