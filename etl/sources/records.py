"""From the bytes of a page to rows and refused records, for every API that answers JSON records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import pyarrow as pa
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from etl.core.documents import Ambiguous, BrokenPageError, parse_json
from etl.core.pages import Parsed, RefusedRecord
from etl.core.tables import Dataset

LONGEST_RECORD = 100_000  # characters of a refused record that are kept
MOST_EXACT = 2**53  # up to here a float holds every whole number
ISO = re.compile(r"\d{4}-\d\d-\d\d")

D = TypeVar("D", bound=date)
Rows = Mapping[str, Iterable[Mapping[str, Any]]]


def _plain_text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("holds a NUL character, which Postgres cannot keep")
    return value


def _exact(value: Any) -> Any:
    if type(value) is int and abs(value) > MOST_EXACT:
        raise ValueError("is a whole number beyond 2**53, which a float would change silently")
    return value


def _iso(value: Any) -> Any:
    """Pydantic alone would take a number for seconds since 1970."""
    if not isinstance(value, str) or not ISO.match(value):
        raise ValueError("is not a date like 2006-03-24")
    return value


def web_url(value: str) -> str:
    """A URL that a browser may follow. Raises: ValueError for any other, such as `javascript:`."""
    address = value.strip()
    if address.startswith("//"):
        address = f"https:{address}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or not address.isprintable() or " " in address:
        raise ValueError("is not a web address")
    return address


def _within_our_time(value: D) -> D:
    if not 1950 <= value.year <= 2100:
        raise ValueError("lies outside 1950 to 2100")
    return value


Text = Annotated[str, Field(max_length=10_000), AfterValidator(_plain_text)]
LongText = Annotated[str, Field(max_length=200_000), AfterValidator(_plain_text)]
Id = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_plain_text)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Integer = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_exact)]
Instant = Annotated[
    AwareDatetime,
    Field(strict=False),
    BeforeValidator(_iso),
    AfterValidator(_within_our_time),
    AfterValidator(lambda instant: instant.astimezone(UTC)),
]
Url = Annotated[str, Field(max_length=2_000), AfterValidator(web_url)]
Day = Annotated[date, Field(strict=False), BeforeValidator(_iso), AfterValidator(_within_our_time)]


class Contract(BaseModel):
    """What a record must look like: fields, types, what may be null; every field must be present.

    `ignored` are fields that the API is known to send and we do not use; any other is reported as unknown.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")
    ignored: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _unambiguous(cls, record: Any) -> Any:
        if isinstance(record, Ambiguous):
            raise ValueError(f"has the key {record.key!r} twice")
        return record

    @classmethod
    def unknown_fields(cls, record: Any) -> frozenset[str]:
        if not isinstance(record, dict):
            return frozenset()
        return frozenset(record) - frozenset(cls.model_fields) - cls.ignored


C = TypeVar("C", bound=Contract)


def records_of(document: Any) -> list[Any]:
    """The records of a page: a plain list, or the `docs` of a query's answer."""
    if isinstance(document, Ambiguous):
        raise BrokenPageError(f"has the key {document.key!r} twice")
    records = document.get("docs") if isinstance(document, dict) else document
    if not isinstance(records, list):
        raise BrokenPageError("holds no list of records")
    return records


def parse_records(
    body: bytes,
    contract: type[C] | Callable[[Any], type[C]],
    datasets: tuple[Dataset, ...],
    rows_of: Callable[[C], Rows],
    *,
    records_in: Callable[[Any], list[Any]] = records_of,
) -> Parsed:
    """Turn a page into one Arrow batch per dataset; a record that breaks its contract is refused, not raised.

    `contract` may be a function that finds the contract of a record, where records differ in shape.
    `rows_of` turns a record into rows by dataset, each with a value for every column.
    `records_in` finds the records of a document; it may raise BrokenPageError.
    """
    contract_of: Callable[[Any], type[C]] = (lambda _: contract) if isinstance(contract, type) else contract
    try:
        records = records_in(parse_json(body))
    except BrokenPageError as error:
        return broken_page(body, error, datasets)
    rows: dict[str, list[Mapping[str, Any]]] = {dataset.name: [] for dataset in datasets}
    refused: list[RefusedRecord] = []
    unknown: set[str] = set()
    for position, record in enumerate(records, start=1):
        try:
            kind = contract_of(record)
            unknown |= {printable(name) for name in kind.unknown_fields(record)}
            for name, found in rows_of(kind.model_validate(record)).items():
                rows[name].extend(found)
        except ValidationError as error:
            refused.append(refusal(position, record, error))
    return Parsed(_batches(datasets, rows), len(records), tuple(refused), frozenset(unknown))


def broken_page(body: bytes, error: BrokenPageError, datasets: tuple[Dataset, ...]) -> Parsed:
    """A page of which no record could be read, as one refused record: its beginning."""
    text = body[:LONGEST_RECORD].decode("utf-8", "replace").replace("\x00", "\ufffd")
    refused = RefusedRecord(0, printable(f"the page is broken: {error}"), text, kind="broken_page")
    return Parsed(_batches(datasets, {}), 1, (refused,))


def refusal(position: int, record: Any, error: ValidationError) -> RefusedRecord:
    """A record that broke its contract, and why."""
    kind = error.errors(include_input=False)[0]["type"]
    return RefusedRecord(position, _reasons(error), as_text(record), kind=kind)


def _batches(datasets: tuple[Dataset, ...], rows: Mapping[str, list[Mapping[str, Any]]]) -> dict[str, pa.RecordBatch]:
    return {dataset.name: _batch(dataset.schema, rows.get(dataset.name, [])) for dataset in datasets}


def _batch(schema: pa.Schema, rows: list[Mapping[str, Any]]) -> pa.RecordBatch:
    if rows and rows[0].keys() != set(schema.names):
        raise ValueError(f"a parser gives {sorted(rows[0])}, and its dataset has {sorted(schema.names)}")
    arrays = [pa.array([row[column.name] for row in rows], type=column.type) for column in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _reasons(error: ValidationError) -> str:
    """`cores.0.core: Input should be a valid string`, the first three of them."""
    said = [
        f"{'.'.join(map(str, e['loc'])) or 'record'}: {e['msg'].removeprefix('Value error, ')}"
        for e in error.errors(include_input=False)
    ]
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return printable("; ".join(said[:3]) + more)


def printable(text: str) -> str:
    """In one line of at most 500 characters, fit for a terminal and for Postgres."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text[:500])


def as_text(record: Any) -> str:
    """A record as JSON, as much of it as is kept."""
    try:
        return json.dumps(record)[:LONGEST_RECORD]
    except RecursionError:
        return json.dumps("nested too deeply to be shown; the page in bronze holds it")
