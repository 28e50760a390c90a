"""The lake as a destination: gold as Parquet files, for what no longer belongs in Postgres."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from etl.core.errors import UsageError
from etl.core.events import Listener
from etl.core.outcomes import AuditResult, TableOutcome
from etl.core.source import Source
from etl.destinations.base import Capabilities, Rows
from etl.engines.base import Engine, Selected
from etl.lake import layout, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.sql.statements import statement


@dataclass(frozen=True)
class LakeDestination:
    """Silver is there as soon as it is transformed; publishing makes gold from the newest silver of every day."""

    lake: Lake
    engine: Engine
    name: ClassVar = "lake"
    capabilities: ClassVar = Capabilities(
        shares_ledger_transaction=False,
        transactional_ddl=False,
        enforces_keys=False,
        advisory_locks=False,
        staging="none",
    )

    @property
    def namespace(self) -> str:
        return self.lake.url

    @contextmanager
    def open(self, source: Source, transformed: Transformed | None, _emit: Listener) -> Iterator[LakePublication]:
        """Where one run's gold is made."""
        if transformed is None:
            raise UsageError(
                "The lake takes whole extractions only.", hint=f"Read the days again: `etl run {source.name}`."
            )
        yield LakePublication(self.lake, self.engine, source, transformed)


@dataclass
class LakePublication:
    """One run's gold; its silver is in the lake already."""

    lake: Lake
    engine: Engine
    source: Source
    transformed: Transformed
    audits: list[AuditResult] = field(default_factory=list)

    def stage(self, _rows: Rows, _keep: Collection[str]) -> int:
        """Nothing moves."""
        return sum(self.transformed.rows.values())

    def audit(self) -> None:
        """The lake has no audits."""

    def publish(self) -> list[TableOutcome]:
        """Make each gold table from the newest silver of every day. Its content is not compared with the previous."""
        gold = {name: made.rows for name, made in self._make().items()}
        rows = self.transformed.rows | gold
        return [TableOutcome(name, count, count, None, True) for name, count in rows.items()]

    def _make(self) -> dict[str, Selected]:
        tables = silver.state(self.lake, self.source)
        made = {}
        for table in self.source.gold:
            path = partial(layout.part, "gold", table.name, self.transformed.extraction_id)
            made[table.name] = self.engine.select(self.lake, statement(f"gold/{table.name}"), tables, table, path)
            silver.keep_only(self.lake, "gold", table.name, self.transformed.extraction_id, made[table.name].files)
        return made
