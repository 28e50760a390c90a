"""The statements of gold, as destinations keep in mind which one made a table."""

from __future__ import annotations

import hashlib
import re

from etl.core.tables import Dataset
from etl.sql.statements import statement

COMMENT = re.compile(r"--.*")


def text_of(table: Dataset) -> str:
    """The statement that makes a table, without its comments: these make no other rows."""
    return COMMENT.sub("", statement(f"gold/{table.name}"))


def fingerprint_of(text: str) -> str:
    """What tells a statement from any other."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
