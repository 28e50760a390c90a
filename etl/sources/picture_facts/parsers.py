"""Page bytes in, an Arrow batch and refused records out.

A page is a picture as received, with its records beside it, or a list of the records of pictures that were not asked
for. Nothing is measured here: facts are answers, and are kept like any other.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial

from etl.core.pages import PageContext, Parsed
from etl.sources.picture_facts import datasets as to
from etl.sources.picture_facts.contract import Record
from etl.sources.picture_facts.rights import is_reusable
from etl.sources.records import Rows, parse_records


def facts(body: bytes, context: PageContext) -> Parsed:
    """The records of a page."""
    records = context.about.get("records")
    listed = body if records is None else json.dumps(records).encode()
    return parse_records(listed, Record, (to.FACTS,), partial(_rows, context.received_at))


def _rows(received_at: datetime, record: Record) -> Rows:
    row = record.model_dump() | {
        "status": record.status.value,
        "is_reusable": is_reusable(record.credit, record.copyright),
        "received_at": received_at,
    }
    return {to.FACTS.name: [row]}
