"""What is said to Redshift, in Postgres' words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

COPY = re.compile(
    r"copy (?P<table>\S+)\s+from '(?P<manifest>s3://[^']+)'"
    r"\s+iam_role (default|'arn:aws:iam::\d{12}:role/[\w/+=,.@-]+')"
    r"\s+format as parquet\s+manifest(?P<nested>\s+serializetojson)?",
    re.IGNORECASE,
)
ATTRIBUTES = re.compile(r"\n(diststyle|distkey|(compound )?sortkey)\b.*")
Read = Callable[[str], bytes]


class Words:
    """`read` returns what is at an s3:// URL; the rows of a COPY wait for Postgres in a file in `folder`."""

    def __init__(self, read: Read, folder: Path) -> None:
        self._read, self._folder = read, folder

    def in_postgres(self, text: str) -> str:
        if text.startswith("-- Loads"):
            return self._copy(text)
        said = ATTRIBUTES.sub("", text) if "create table" in text else text
        return re.sub(r"\bsuper\b", "jsonb", re.sub(r"varchar\(max\)", "text", said, flags=re.IGNORECASE))

    def _copy(self, text: str) -> str:
        """Fail as a server does, in the transaction."""
        try:
            found = COPY.search(text)
            assert found, f"this is not a COPY that Redshift accepts: {text}"
            manifest = json.loads(self._read(found["manifest"]))
            tables = [self._table(entry, is_nested=bool(found["nested"])) for entry in manifest["entries"]]
        except Exception as error:
            said = str(error).translate({39: 96, 36: 96, 37: 96})
            return f"do $$begin raise exception '{said}' using errcode = 'XX000'; end$$"
        file = self._folder / f"{uuid4().hex}.csv"
        csv.write_csv(pa.concat_tables(tables), file, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
        return f"copy {found['table']} from '{file}' with (format csv)"

    def _table(self, entry: dict[str, object], *, is_nested: bool) -> pa.Table:
        content = self._read(str(entry["url"]))
        assert entry["meta"] == {"content_length": len(content)}, f"{entry} is not the length of the file"
        assert entry["mandatory"] is True
        table = pq.read_table(pa.BufferReader(content))
        for place, field in enumerate(table.schema):
            if pa.types.is_nested(field.type):
                assert is_nested, f"{field.name} is nested: COPY needs SERIALIZETOJSON"
                as_json = [None if row is None else json.dumps(row) for row in table[field.name].to_pylist()]
                table = table.set_column(place, field.name, pa.array(as_json, pa.string()))
        return table
