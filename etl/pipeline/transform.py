"""The step transform: a run's bronze becomes silver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa

from etl.core.errors import SourceContractError
from etl.core.source import Endpoint, Source
from etl.engines import work
from etl.engines.base import Engine, Selected
from etl.engines.work import Done
from etl.lake import bronze, layout, silver
from etl.lake.layout import Stored
from etl.lake.silver import Transformed
from etl.lake.store import Lake
from etl.telemetry import metrics
from etl.telemetry.logs import log

RUN = pa.schema([pa.field("run_id", pa.string())]).append(pa.field("processed_at", pa.timestamp("us", tz="UTC")))


def transform(
    lake: Lake,
    source: Source,
    run_id: str,
    max_share: float,
    engine: Engine,
    statements: Mapping[str, str],
    on_pages: Callable[[str, int], None],
) -> Transformed:
    """Turn a run's bronze into silver.

    `statements`: by table, what makes the derived ones; `on_pages(endpoint, pages)` is told of what is parsed.
    Raises: SourceContractError if more than `max_share` of an endpoint's records are refused.
    """
    now = datetime.now(UTC)
    published = {dataset.name for dataset in source.datasets}
    layers = {dataset.name: "silver" if dataset.name in published else "parsed" for dataset in source.parsed}
    parsed, unknown = Done(), dict[str, list[str]]()
    manifests = [bronze.read_manifest(lake, endpoint.name, run_id) for endpoint in source.endpoints]
    for endpoint, manifest in zip(source.endpoints, manifests, strict=True):
        done = _parse(lake, endpoint, manifest, layers, engine, max_share, on_pages)
        parsed += done
        if done.unknown_fields:
            unknown[endpoint.name] = sorted(done.unknown_fields)
    derived = _derive(lake, source, run_id, now, parsed, engine, statements)
    files = parsed.files | {name: made.files for name, made in derived.items()}
    rows = dict(parsed.rows) | {name: made.rows for name, made in derived.items()}
    transformed = Transformed(
        run_id,
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
        silver.keep_only(lake, "silver", dataset.name, run_id, files[dataset.name])
    for endpoint in source.endpoints:
        silver.keep_only(lake, "quarantine", endpoint.name, run_id, parsed.quarantine)
    for name in sorted(set(layers) - published):  # made anew from bronze whenever it is wanted
        lake.delete_folder(layout.folder("parsed", name, run_id))
    return transformed


def _parse(
    lake: Lake,
    endpoint: Endpoint,
    manifest: bronze.Manifest,
    layers: Mapping[str, str],
    engine: Engine,
    max_share: float,
    on_pages: Callable[[str, int], None],
) -> Done:
    outcomes = []
    for done in engine.parse(work.works(lake, endpoint, manifest, layers)):
        outcomes.append(done)
        on_pages(endpoint.name, done.pages)
    whole = sum(sorted(outcomes, key=lambda done: done.quarantine), Done())
    _tell(endpoint.name, whole)
    refused, first = whole.kinds.total(), whole.first_refusal
    if first is not None and refused > max_share * whole.records:
        raise SourceContractError(
            f"{refused} of {whole.records} records of {endpoint.name} break their contract, more than "
            f"{max_share:.0%}; the first says {first.reason}.",
            hint=f"Read them in {lake.address(_refusing(outcomes))}; nothing was published.",
        )
    return whole


def _refusing(outcomes: Sequence[Done]) -> str:
    """The first file in which refused records are."""
    return min(done.quarantine[0] for done in outcomes if done.kinds)


def _derive(
    lake: Lake,
    source: Source,
    run_id: str,
    now: datetime,
    parsed: Done,
    engine: Engine,
    statements: Mapping[str, str],
) -> dict[str, Selected]:
    tables: dict[str, pa.Table | Sequence[Stored]] = {
        f"parsed.{dataset.name}": [Stored(dataset, parsed.files[dataset.name])] for dataset in source.parsed
    }
    tables["parsed.run"] = pa.Table.from_pydict({"run_id": [run_id], "processed_at": [now]}, RUN)
    made = {}
    for dataset in source.derived:
        path = partial(layout.part, "silver", dataset.name, run_id)
        made[dataset.name] = engine.select(lake, statements[dataset.name], tables, dataset, path)
        _tell_rows(dataset.name, made[dataset.name].rows)
    return made


def _tell(endpoint: str, done: Done) -> None:
    """What parsing met is told though too much of it was refused: that is when someone asks."""
    for name, count in done.rows.items():
        _tell_rows(name, count)
    for kind, count in done.kinds.items():
        metrics.REFUSED.send(count, dataset=endpoint, reason=kind)
        log.warning("records are refused", dataset=endpoint, reason=kind, records=count)
    metrics.UNKNOWN_FIELDS.send(len(done.unknown_fields), dataset=endpoint)
    if done.unknown_fields:
        log.warning("the API sends fields we do not know", dataset=endpoint, fields=sorted(done.unknown_fields))


def _tell_rows(dataset: str, rows: int) -> None:
    metrics.ROWS.send(rows, dataset=dataset, step="transform")
    log.info("transformed", dataset=dataset, rows=rows)
