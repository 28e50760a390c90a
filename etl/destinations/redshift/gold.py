"""Gold in Redshift: each table is made whole, from all of silver, and replaced if it differs."""

from __future__ import annotations

import re
from functools import cache

from etl.engines.dialects import transpile
from etl.sql.statements import statement

PREVIOUS = re.compile(r"\bprevious\.(\w+)\b")


@cache
def translated(table: str) -> str:
    """The statement of a gold table. All months are made at once: there are none before."""
    nothing = PREVIOUS.sub(r"(select * from gold.\1 where false)", statement(f"gold/{table}"))
    return transpile(nothing, "redshift")
