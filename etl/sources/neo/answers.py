"""The envelope that JPL's APIs share: a signature with a version, a count, and rows, some as lists without names.

Source: https://ssd-api.jpl.nasa.gov
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from etl.core.documents import Ambiguous, BrokenPageError
from etl.sources.records import printable

VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")


@dataclass(frozen=True)
class Envelope:
    """An API's path, the version that its contract was written for, and the fields that its rows must have."""

    path: str
    version: tuple[int, int]
    fields: tuple[str, ...] = ()

    def records(self, document: Any) -> list[Any]:
        """The rows as objects; a plain list holds records already taken from an answer.

        Raises: BrokenPageError for an error message, an unknown major version, or missing rows.
        """
        if isinstance(document, list):
            return document
        if isinstance(document, Ambiguous):
            raise BrokenPageError(f"has the key {document.key!r} twice")
        if not isinstance(document, dict):
            raise BrokenPageError("is not an object")
        if "error" in document:
            raise BrokenPageError(printable(f"the API says: {document['error']}"[:200]))
        major, minor = self.version_of(document)
        if major != self.version[0]:
            raise BrokenPageError(f"has version {major}.{minor}, and only {self.version[0]}.x is known")
        count, rows = _count(document), document.get("data")
        if rows is None and count == 0:
            return []
        if not isinstance(rows, list):
            raise BrokenPageError("holds no list of rows")
        if len(rows) != count:
            raise BrokenPageError(f"announces {count} rows and holds {len(rows)}")
        return _named(rows, document.get("fields"))

    def missing_fields(self, document: Any) -> list[str]:
        """Fields that were asked for and that the answer lacks; none if it has no rows."""
        found = document.get("fields") if isinstance(document, dict) else None
        return [name for name in self.fields if name not in found] if isinstance(found, list) else []

    def version_of(self, document: dict[str, Any]) -> tuple[int, int]:
        """The version in the answer's signature. Raises: BrokenPageError."""
        signature = document.get("signature")
        said = signature.get("version") if isinstance(signature, dict) else None
        found = VERSION.fullmatch(said) if isinstance(said, str) else None
        if not found:
            raise BrokenPageError("has no signature with a version")
        return int(found[1]), int(found[2])

    def is_newer(self, document: Any) -> bool:
        """Whether the answer has a later minor version than the contract was written for."""
        return isinstance(document, dict) and self.version_of(document) > self.version


def _count(document: dict[str, Any]) -> int:
    count = document.get("count")
    if isinstance(count, str) and re.fullmatch(r"\d{1,9}", count):
        count = int(count)
    if type(count) is not int:
        raise BrokenPageError("does not say how many rows it holds")
    return count


def _named(rows: list[Any], fields: Any) -> list[Any]:
    """Rows by the names of their columns, never by position; a row that is not a list is left as it is."""
    if not any(isinstance(row, list) for row in rows):
        return rows
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise BrokenPageError("does not name its fields")
    if len(set(fields)) != len(fields):
        raise BrokenPageError("names a field twice")
    return [
        dict(zip(fields, row, strict=True)) if isinstance(row, list) and len(row) == len(fields) else row
        for row in rows
    ]


APPROACHES = Envelope(
    "/cad.api",
    (1, 5),
    (
        *("des", "orbit_id", "jd", "cd", "dist", "dist_min", "dist_max", "v_rel", "v_inf", "t_sigma_f", "h"),
        *("diameter", "diameter_sigma", "fullname"),
    ),
)
RISKS = Envelope("/sentry.api", (2, 0))
OBJECTS = Envelope(
    "/sbdb_query.api", (1, 0), ("spkid", "pdes", "full_name", "H", "diameter", "albedo", "moid", "pha", "class")
)
