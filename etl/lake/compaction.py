"""Compaction: many small extractions become one that holds the newest rows of each of their days, unchanged.

A plan is a value; printing it and applying it walk the same list.
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

SMALL = 128 * 2**20  # bytes of silver; a larger extraction is not rewritten
LAST_SUFFIX = 0xFFFFFF


@dataclass(frozen=True)
class Share:
    """Days of which an extraction has the newest rows."""

    extraction: Transformed
    interval: DataInterval


@dataclass(frozen=True)
class Compaction:
    """Extractions of successive days, and the id of the one that will hold their newest rows."""

    extraction_id: str
    shares: tuple[Share, ...]
    bytes: int

    @property
    def interval(self) -> DataInterval:
        return DataInterval(self.shares[0].interval.start, self.shares[-1].interval.end)

    @property
    def extractions(self) -> int:
        return len({share.extraction.extraction_id for share in self.shares})


@dataclass(frozen=True)
class Plan:
    """All compactions of a source, oldest days first; `untouched` counts other extractions with newest rows."""

    source: Source
    compactions: tuple[Compaction, ...]
    untouched: int


def make_plan(lake: Lake, source: Source, smaller_than: int = SMALL) -> Plan:
    """Find the extractions that still hold newest rows, are smaller than that, and can be merged.

    Only those that follow without a gap and have the same origin are merged. Raises: UsageError for a source with a
    whole state: the newest extraction holds all of it.
    """
    if source.serves_everything:
        raise UsageError(
            f"The newest extraction of {source.name} holds everything: there is nothing to compact.",
            hint="`etl lake expire` deletes older ones.",
        )
    extractions = list(silver.extractions(lake, source))
    newest = [Share(extraction, interval) for extraction, interval in reversed(silver.newest_by_day(extractions))]
    sizes = _sizes(lake)
    small = [share for share in newest if _size(share.extraction, sizes) < smaller_than]
    used_ids = {extraction.extraction_id for extraction in extractions}
    compactions = []
    for shares in _stretches(small):
        merged = {share.extraction.extraction_id: share.extraction for share in shares}
        if len(merged) > 1:
            extraction_id = _id_after(max(merged), used_ids)
            used_ids.add(extraction_id)
            size = sum(_size(extraction, sizes) for extraction in merged.values())
            compactions.append(Compaction(extraction_id, shares, size))
    joined = {share.extraction.extraction_id for compaction in compactions for share in compaction.shares}
    return Plan(source, tuple(compactions), len({share.extraction.extraction_id for share in newest} - joined))


def apply(plan: Plan, lake: Lake, on_compacted: Callable[[Compaction, Transformed], None]) -> None:
    """Write each compacted extraction, then its note. Repeated after a kill, it writes the same files again."""
    for compaction in plan.compactions:
        rows = {dataset.name: _write(lake, compaction, dataset) for dataset in plan.source.datasets}
        transformed = Transformed(
            compaction.extraction_id,
            plan.source.name,
            compaction.shares[0].extraction.origin,
            (compaction.interval.start.isoformat(), compaction.interval.end.isoformat()),
            rows=rows,
            files={name: [layout.part("silver", name, compaction.extraction_id, 1)] for name in rows},
            holds=list(_holds(compaction.shares)),
        )
        silver.write(lake, transformed)
        on_compacted(compaction, transformed)


def _write(lake: Lake, compaction: Compaction, dataset: Dataset) -> int:
    """The rows of all shares, oldest days first; without a day, those of the newest. Returns how many there are."""
    with parquet.rows_into(
        lake, layout.part("silver", dataset.name, compaction.extraction_id, 1), dataset.schema
    ) as rows:
        newest = max(compaction.shares, key=lambda share: share.extraction.extraction_id)
        for share in compaction.shares if dataset.day else (newest,):
            files = tuple(share.extraction.files[dataset.name])
            for batch in parquet.rows_of(lake, Stored(dataset, files, share.interval)):
                rows.write(batch)
    return rows.rows


def _holds(shares: tuple[Share, ...]) -> Iterator[list[str]]:
    """Which extraction read each stretch of days; rows of a compacted one keep their original extraction."""
    for share in shares:
        for days, read_by in sorted(silver.read_by(share.extraction)):
            start, end = max(days.start, share.interval.start), min(days.end, share.interval.end)
            if start < end:
                yield [start.isoformat(), end.isoformat(), read_by]


def _stretches(shares: list[Share]) -> Iterator[tuple[Share, ...]]:
    """Shares, split wherever days are missing between them or the origin changes."""
    stretch: list[Share] = []
    for share in shares:
        begins = share.interval.start, share.extraction.origin
        if stretch and (stretch[-1].interval.end, stretch[-1].extraction.origin) != begins:
            yield tuple(stretch)
            stretch = []
        stretch.append(share)
    if stretch:
        yield tuple(stretch)


def _id_after(extraction_id: str, used_ids: Collection[str]) -> str:
    """The next free id after that of the newest extraction to be merged.

    So the compacted one is as old as its newest rows wherever age or order matters: anything begun since is newer.
    """
    instant, _, number = extraction_id.partition("-")
    for following in range(int(number, 16) + 1, LAST_SUFFIX + 1):
        found = f"{instant}-{following:06x}"
        if found not in used_ids:
            return found
    raise UsageError(
        f"There is no free extraction id after {extraction_id}.", hint="Extract a later day, then compact again."
    )


def _sizes(lake: Lake) -> dict[str, int]:
    return {file.path: file.bytes for file in lake.list_files("silver")}


def _size(extraction: Transformed, sizes: dict[str, int]) -> int:
    """Bytes of an extraction's silver."""
    return sum(sizes.get(path, 0) for paths in extraction.files.values() for path in paths)
