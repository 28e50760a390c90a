"""Gold in Redshift: each table is rebuilt in full, from all of silver, and replaced if it differs."""

from __future__ import annotations

import re
from functools import cache

from etl.engines.dialects import transpile
from etl.sql.statements import statement

PREVIOUS = re.compile(r"\bprevious\.(\w+)\b")


@cache
def translated(table: str) -> str:
    """The statement of a gold table. All months are made together: there are no previous ones."""
    nothing = PREVIOUS.sub(r"(select * from gold.\1 where false)", statement(f"gold/{table}"))
    return transpile(nothing, "redshift")
