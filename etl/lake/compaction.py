"""Compaction: many small runs become one that holds the newest rows of each of their days, each row as it was.

A plan is a value; printing it and carrying it out walk the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from etl.core.errors import UsageError
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.lake import layout, parquet, silver
from etl.lake.layout import Stored
from etl.lake.silver import Transformed
from etl.lake.store import Lake

SMALL = 128 * 2**20  # bytes of silver; a larger run is not written once more
LAST = 0xFFFFFF


@dataclass(frozen=True)
class Share:
    """Days of which a run has the newest rows."""

    run: Transformed
    interval: DataInterval


@dataclass(frozen=True)
class Compaction:
    """Runs of days that follow one another, and the run that is to hold their newest rows."""

    extraction_id: str
    shares: tuple[Share, ...]
    bytes: int

    @property
    def interval(self) -> DataInterval:
        return DataInterval(self.shares[0].interval.start, self.shares[-1].interval.end)

    @property
    def runs(self) -> int:
        return len({share.run.extraction_id for share in self.shares})


@dataclass(frozen=True)
class Plan:
    """All compactions of a source, oldest days first; `untouched` runs with newest rows stay as they are."""

    source: Source
    compactions: tuple[Compaction, ...]
    untouched: int


def make_plan(lake: Lake, source: Source, smaller_than: int = SMALL) -> Plan:
    """See which runs that still hold newest rows are smaller than that and can be joined.

    Only what follows without a gap, and came from the same place, becomes one. Raises: UsageError for a source with a
    whole state: the newest run holds all of it.
    """
    if source.serves_everything:
        raise UsageError(
            f"The newest run of {source.name} holds everything: there is nothing to compact.",
            hint="`etl lake expire` drops what is older.",
        )
    runs = list(silver.runs(lake, source))
    newest = [Share(run, interval) for run, interval in reversed(silver.newest_by_day(runs))]
    sizes = _sizes(lake)
    small = [share for share in newest if _size(share.run, sizes) < smaller_than]
    taken = {run.extraction_id for run in runs}
    compactions = []
    for shares in _stretches(small):
        parts = {share.run.extraction_id: share.run for share in shares}
        if len(parts) > 1:
            extraction_id = _id_after(max(parts), taken)
            taken.add(extraction_id)
            compactions.append(Compaction(extraction_id, shares, sum(_size(run, sizes) for run in parts.values())))
    joined = {share.run.extraction_id for compaction in compactions for share in compaction.shares}
    return Plan(source, tuple(compactions), len({share.run.extraction_id for share in newest} - joined))


def carry_out(plan: Plan, lake: Lake, on_compacted: Callable[[Compaction, Transformed], None]) -> None:
    """Write each compacted run, then its note. One that was killed half-way writes the same files again."""
    for compaction in plan.compactions:
        rows = {dataset.name: _write(lake, compaction, dataset) for dataset in plan.source.datasets}
        transformed = Transformed(
            compaction.extraction_id,
            plan.source.name,
            compaction.shares[0].run.origin,
            (compaction.interval.start.isoformat(), compaction.interval.end.isoformat()),
            rows=rows,
            files={name: [layout.part("silver", name, compaction.extraction_id, 1)] for name in rows},
            holds=list(_holds(compaction.shares)),
        )
        silver.write(lake, transformed)
        on_compacted(compaction, transformed)


def _write(lake: Lake, compaction: Compaction, dataset: Dataset) -> int:
    """The rows of all shares, oldest days first; returns how many there are."""
    with parquet.rows_into(
        lake, layout.part("silver", dataset.name, compaction.extraction_id, 1), dataset.schema
    ) as rows:
        for share in compaction.shares:
            files = tuple(share.run.files[dataset.name])
            for batch in parquet.rows_of(lake, Stored(dataset, files, share.interval)):
                rows.write(batch)
    return rows.rows


def _holds(shares: tuple[Share, ...]) -> Iterator[list[str]]:
    """By which run each stretch of days was read: what a compacted run has from others stays theirs."""
    for share in shares:
        for days, read_by in sorted(silver.read_by(share.run)):
            start, end = max(days.start, share.interval.start), min(days.end, share.interval.end)
            if start < end:
                yield [start.isoformat(), end.isoformat(), read_by]


def _stretches(shares: list[Share]) -> Iterator[tuple[Share, ...]]:
    """Shares cut wherever days are missing between them or the origin changes."""
    stretch: list[Share] = []
    for share in shares:
        begins = share.interval.start, share.run.origin
        if stretch and (stretch[-1].interval.end, stretch[-1].run.origin) != begins:
            yield tuple(stretch)
            stretch = []
        stretch.append(share)
    if stretch:
        yield tuple(stretch)


def _id_after(extraction_id: str, taken: Collection[str]) -> str:
    """The next free name after that of the newest run that is joined.

    So the compacted run is as old as its newest rows, wherever age or order matters: a run that began since is newer.
    """
    instant, _, number = extraction_id.partition("-")
    for following in range(int(number, 16) + 1, LAST + 1):
        found = f"{instant}-{following:06x}"
        if found not in taken:
            return found
    raise UsageError(f"There is no free name after {extraction_id}.", hint="Read a later day, and compact again.")


def _sizes(lake: Lake) -> dict[str, int]:
    return {file.path: file.bytes for file in lake.stored("silver")}


def _size(run: Transformed, sizes: dict[str, int]) -> int:
    """Bytes of a run's silver."""
    return sum(sizes.get(path, 0) for paths in run.files.values() for path in paths)
