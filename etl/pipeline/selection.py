"""Which extraction of the lake a step works on: the one named, else the newest of its interval."""

from __future__ import annotations

from etl.core.errors import ConfigError
from etl.core.intervals import DataInterval
from etl.core.source import Source
from etl.lake import bronze, silver
from etl.lake.silver import Transformed
from etl.lake.store import Lake


def complete_extraction(lake: Lake, source: Source, interval: DataInterval | None, extraction_id: str | None) -> str:
    """The extraction to transform. Raises: ConfigError if there is none, or it is incomplete."""
    found = extraction_id or bronze.latest(lake, source, interval)
    if found is None or not bronze.is_complete(lake, source, found):
        raise _missing("complete", "extract", lake, source, interval, extraction_id)
    return found


def transformed_extraction(
    lake: Lake, source: Source, interval: DataInterval | None, extraction_id: str | None
) -> Transformed:
    """The extraction to publish. Raises: ConfigError if there is none."""
    found = silver.read(lake, source, extraction_id) if extraction_id else silver.latest(lake, source, interval)
    if found is None:
        raise _missing("transformed", "transform", lake, source, interval, extraction_id)
    return found


def _missing(
    state: str, step: str, lake: Lake, source: Source, interval: DataInterval | None, extraction_id: str | None
) -> ConfigError:
    about = interval or ("the whole state" if source.serves_everything else "any days")
    which = f"extraction {extraction_id}" if extraction_id else f"extraction of {about}"
    return ConfigError(
        f"{lake.url} holds no {state} {which} of {source.name}.", hint=f"Run `etl {step} {source.name}` first."
    )
