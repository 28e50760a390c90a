"""Silver in the lake: typed rows as Parquet, refused records beside them.

`silver/<dataset>/p_creation_date=<day>/part-<run id>.parquet`, `quarantine/<endpoint>/p_creation_date=<day>/
<run id>.jsonl` and, written last, `silver/_runs/<source>/<run id>.json`, which says what a run became.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from etl import telemetry
from etl.errors import SourceContractError
from etl.lake import bronze
from etl.lake.store import Lake
from etl.model import DataInterval, Dataset, Endpoint, Refused, Source
from etl.telemetry import log

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class Quarantined(Refused):
    """A refused record and where it came from."""

    endpoint: str
    page: int


@dataclass(frozen=True)
class Transformed:
    """What one run's bronze became."""

    run_id: str
    source: str
    origin: str
    interval: tuple[str, str] | None
    records: int = 0
    refused: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    unknown_fields: dict[str, list[str]] = field(default_factory=dict)


def transform(
    lake: Lake, source: Source, run_id: str, max_share: float, on_page: Callable[[str, int], None]
) -> Transformed:
    """Parse a run's bronze into silver, page by page.

    Raises: SourceContractError if more than `max_share` of an endpoint's records are refused.
    """
    records, refused, origin, interval = 0, 0, "", None
    rows: dict[str, int] = {}
    unknown: dict[str, list[str]] = {}
    for endpoint in source.endpoints:
        manifest = bronze.read_manifest(lake, endpoint.name, run_id)
        origin, interval = manifest.origin, manifest.interval
        outcome = _transform_endpoint(lake, endpoint, manifest, max_share, on_page)
        records += outcome.records
        refused += outcome.refused
        rows |= outcome.rows
        unknown |= outcome.unknown_fields
    done = Transformed(run_id, source.name, origin, interval, records, refused, rows, unknown)
    lake.write(_run_path(source.name, run_id), json.dumps(asdict(done), indent=1).encode())
    return done


def _transform_endpoint(
    lake: Lake, endpoint: Endpoint, manifest: bronze.Manifest, max_share: float, on_page: Callable[[str, int], None]
) -> Transformed:
    run_id, unknown = manifest.run_id, set[str]()
    records, kinds = 0, Counter[str]()
    rows = dict.fromkeys((dataset.name for dataset in endpoint.datasets), 0)
    first: Refused | None = None
    with ExitStack() as stack:
        writers = {
            dataset.name: stack.enter_context(
                pq.ParquetWriter(
                    stack.enter_context(lake.create(part_path(dataset, run_id))), dataset.schema, compression="zstd"
                )
            )
            for dataset in endpoint.datasets
        }
        quarantine = stack.enter_context(lake.create(_quarantine_path(endpoint.name, run_id)))
        for entry, body in bronze.bodies(lake, manifest):
            parsed = endpoint.parse(body)
            for name, batch in parsed.batches.items():
                writers[name].write_batch(batch)
                rows[name] += batch.num_rows
            for refusal in parsed.refused:
                first = first or refusal
                told = Quarantined(**asdict(refusal), endpoint=endpoint.name, page=entry.number)
                quarantine.write(json.dumps(asdict(told)).encode() + b"\n")
            records += parsed.records
            kinds.update(refusal.kind for refusal in parsed.refused)
            unknown |= parsed.unknown_fields
            on_page(endpoint.name, parsed.records)
    refused, unknown_fields = kinds.total(), sorted(unknown)
    _tell(endpoint.name, rows, kinds, unknown_fields)
    if first is not None and refused > max_share * records:
        raise SourceContractError(
            f"{refused} of {records} records of {endpoint.name} break their contract, more than {max_share:.0%}; "
            f"the first says {first.reason}.",
            hint=f"Read them in {lake.address(_quarantine_path(endpoint.name, run_id))}; nothing was published.",
        )
    return Transformed(
        run_id,
        "",
        manifest.origin,
        manifest.interval,
        records,
        refused,
        rows,
        {endpoint.name: unknown_fields} if unknown_fields else {},
    )


def _tell(dataset: str, rows: Mapping[str, int], kinds: Mapping[str, int], unknown_fields: list[str]) -> None:
    """What parsing met is told though too much of it was refused: that is when someone asks."""
    for name, count in rows.items():
        telemetry.ROWS.send(count, dataset=name, step="transform")
        log.info("transformed", dataset=name, rows=count)
    for kind, count in kinds.items():
        telemetry.REFUSED.send(count, dataset=dataset, reason=kind)
        log.warning("records are refused", dataset=dataset, reason=kind, records=count)
    telemetry.UNKNOWN_FIELDS.send(len(unknown_fields), dataset=dataset)
    if unknown_fields:
        log.warning("the API sends fields we do not know", dataset=dataset, fields=unknown_fields)


def batches(lake: Lake, dataset: Dataset, run_id: str) -> Iterator[pa.RecordBatch]:
    """A dataset's rows of a run, a bounded number at a time."""
    path = part_path(dataset, run_id)
    with lake.open(path) as file:
        try:
            yield from pq.ParquetFile(file).iter_batches(batch_size=BATCH_ROWS)
        except pa.ArrowInvalid as error:
            raise lake.damaged(path) from error


def table(lake: Lake, dataset: Dataset, run_id: str) -> pa.Table:
    """All rows of a dataset of a run, in memory."""
    with lake.open(part_path(dataset, run_id)) as file:
        return pq.read_table(file, schema=dataset.schema)


def quarantined(lake: Lake, source: Source, run_id: str) -> Iterator[Quarantined]:
    """The refused records of a run."""
    for endpoint in source.endpoints:
        for line in lake.read(_quarantine_path(endpoint.name, run_id)).splitlines():
            yield Quarantined(**json.loads(line))


def latest(lake: Lake, source: Source, interval: DataInterval | None) -> Transformed | None:
    """The newest transformed run of that interval."""
    for path in reversed(lake.list(f"silver/_runs/{source.name}")):
        found = _read(lake, path)
        if found.interval == bronze.days(interval):
            return found
    return None


def read(lake: Lake, source: Source, run_id: str) -> Transformed | None:
    """What a run became, or None if it was not transformed."""
    path = _run_path(source.name, run_id)
    return _read(lake, path) if lake.exists(path) else None


def _read(lake: Lake, path: str) -> Transformed:
    try:
        told = json.loads(lake.read(path))
        return Transformed(**told | {"interval": tuple(told["interval"]) if told["interval"] else None})
    except (ValueError, TypeError, LookupError) as error:
        raise lake.damaged(path) from error


def part_path(dataset: Dataset, run_id: str) -> str:
    """Where a run's rows of a dataset are."""
    return f"silver/{dataset.name}/p_creation_date={bronze.creation_date(run_id)}/part-{run_id}.parquet"


def _quarantine_path(endpoint: str, run_id: str) -> str:
    return f"quarantine/{endpoint}/p_creation_date={bronze.creation_date(run_id)}/{run_id}.jsonl"


def _run_path(source: str, run_id: str) -> str:
    return f"silver/_runs/{source}/{run_id}.json"
