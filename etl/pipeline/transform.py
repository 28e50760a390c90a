"""The transform step: the bronze of an extraction becomes silver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa

from etl.core import events
from etl.core.errors import SourceContractError
from etl.core.events import Listener
from etl.core.source import Endpoint, Source
from etl.engines import work
from etl.engines.base import Engine, Selected
from etl.engines.work import Done
from etl.lake import bronze, layout, silver
from etl.lake.layout import Stored
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.sql.statements import statement

RUN = pa.schema([pa.field("extraction_id", pa.string())]).append(pa.field("processed_at", pa.timestamp("us", tz="UTC")))


def transform(
    lake: Lake,
    source: Source,
    extraction_id: str,
    max_share: float,
    engine: Engine,
    emit: Listener,
) -> Transformed:
    """Turn an extraction's bronze into silver.

    Raises: SourceContractError if more than `max_share` of an endpoint's records are rejected; of some days, more than
        one of them.
    """
    now = datetime.now(UTC)
    published = {dataset.name for dataset in source.datasets}
    layers = {dataset.name: "silver" if dataset.name in published else "parsed" for dataset in source.parsed}
    parsed, unknown = Done(), dict[str, list[str]]()
    manifests = [bronze.read_manifest(lake, endpoint.name, extraction_id) for endpoint in source.endpoints]
    for endpoint, manifest in zip(source.endpoints, manifests, strict=True):
        done = _parse(lake, source, endpoint, manifest, layers, engine, max_share, emit)
        parsed += done
        if done.unknown_fields:
            unknown[endpoint.name] = sorted(done.unknown_fields)
    derived = _derive(lake, source, extraction_id, now, parsed, engine, emit)
    files = parsed.files | {name: made.files for name, made in derived.items()}
    rows = dict(parsed.rows) | {name: made.rows for name, made in derived.items()}
    transformed = Transformed(
        extraction_id,
        source.name,
        manifests[0].origin,
        manifests[0].interval,
        parsed.records,
        parsed.kinds.total(),
        {dataset.name: rows[dataset.name] for dataset in source.datasets},
        {dataset.name: list(files[dataset.name]) for dataset in source.datasets},
        list(parsed.quarantine),
        unknown,
    )
    silver.write(lake, transformed)
    for dataset in source.datasets:
        silver.keep_only(lake, "silver", dataset.name, extraction_id, files[dataset.name])
    for endpoint in source.endpoints:
        silver.keep_only(lake, "quarantine", endpoint.name, extraction_id, parsed.quarantine)
    for name in sorted(set(layers) - published):  # can be made again from bronze at any time
        lake.delete_folder(layout.folder("parsed", name, extraction_id))
    return transformed


def _most_refused(records: int, max_share: float, *, of_some_days: bool) -> float:
    """A share of the records; of a few of some days, one: an API with one a day would stop each run by it otherwise."""
    is_few = of_some_days and max_share and records > 1
    return max(max_share * records, 1) if is_few else max_share * records


def _parse(
    lake: Lake,
    source: Source,
    endpoint: Endpoint,
    manifest: bronze.Manifest,
    layers: Mapping[str, str],
    engine: Engine,
    max_share: float,
    emit: Listener,
) -> Done:
    outcomes = []
    for done in engine.parse(work.tasks(lake, endpoint, manifest, layers)):
        outcomes.append(done)
        emit(events.PagesParsed(source.name, endpoint.name, done.pages))
    whole = sum(sorted(outcomes, key=lambda done: list(done.files.values())), Done())
    _report(source, endpoint, whole, emit)
    refused, first = whole.kinds.total(), whole.first_refusal
    of_some_days = manifest.interval is not None and endpoint.knows_intervals
    if first is not None and refused > _most_refused(whole.records, max_share, of_some_days=of_some_days):
        raise SourceContractError(
            f"{refused} of {whole.records} records of {endpoint.name} break their contract, more than "
            f"{max_share:.0%}; the first says {first.reason}.",
            hint=f"Read them in {lake.location(_first_quarantine(outcomes))}; nothing was published.",
        )
    return whole


def _first_quarantine(outcomes: Sequence[Done]) -> str:
    """The first file with rejected records."""
    return min(done.quarantine[0] for done in outcomes if done.kinds)


def _derive(
    lake: Lake,
    source: Source,
    extraction_id: str,
    now: datetime,
    parsed: Done,
    engine: Engine,
    emit: Listener,
) -> dict[str, Selected]:
    tables: dict[str, pa.Table | Sequence[Stored]] = {
        f"parsed.{dataset.name}": [Stored(dataset, parsed.files[dataset.name])] for dataset in source.parsed
    }
    tables["parsed.run"] = pa.Table.from_pydict({"extraction_id": [extraction_id], "processed_at": [now]}, RUN)
    made = {}
    for dataset in source.derived:
        path = partial(layout.part, "silver", dataset.name, extraction_id)
        made[dataset.name] = engine.select(lake, statement(f"silver/{dataset.name}"), tables, dataset, path)
        emit(events.RowsTransformed(source.name, dataset.name, made[dataset.name].rows))
    return made


def _report(source: Source, endpoint: Endpoint, done: Done, emit: Listener) -> None:
    """Emit what parsing found, even if too many records were rejected: that is when it matters most."""
    for name, count in done.rows.items():
        emit(events.RowsTransformed(source.name, name, count))
    if done.kinds:
        emit(events.RowsRefused(source.name, endpoint.name, dict(done.kinds)))
    emit(events.FieldsSeen(source.name, endpoint.name, done.unknown_fields))
