"""Answers of JPL's APIs, made of records."""

from __future__ import annotations

import json
from typing import Any

from etl.sources.neo.answers import Envelope


def answer(envelope: Envelope, *records: dict[str, Any]) -> bytes:
    """A page with these records, in the shape of that API; the first says which fields there are."""
    document: dict[str, Any] = {
        "signature": {"source": "NASA/JPL", "version": f"{envelope.version[0]}.{envelope.version[1]}"},
        "count": len(records),
    }
    if envelope.fields:
        fields = list(records[0])
        rows = [[record[name] for name in fields] for record in records]
        return json.dumps(document | {"fields": fields, "data": rows}).encode()
    return json.dumps(document | {"data": list(records)}).encode()
