"""Writes what Athena is asked into the Terraform module `catalog`: tables, views, and the questions of sql/questions/.

`python -m aws.athena` writes the files, `--check` says which are out of date. Their SQL is that of sql/, translated; a
file names databases as `${silver}` and `${gold}`, which Terraform fills in. A row belongs to the extraction in whose
folder its file is.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from etl import sources
from etl.core.source import Source
from etl.core.tables import Dataset
from etl.engines.dialects import transpile
from etl.sql import questions
from etl.sql.statements import statement

TEMPLATES = Path(__file__).parent / "sql"
FOLDER = Path(__file__).parent / "terraform" / "modules" / "catalog" / "sql"
TYPES = {"string": "varchar", "int32": "integer", "int64": "bigint", "bool": "boolean", "date32[day]": "date"}
# As Parquet files of Hive's tables are declared; the same types by other names.
HIVE = {"varchar": "string", "integer": "int", "timestamp(3)": "timestamp", "array(varchar)": "array<string>"}


def main(arguments: list[str]) -> int:
    """Write the files that differ or, with --check, name them."""
    wanted = dict(files())
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    gone = [path for path in FOLDER.rglob("*.*") if path not in wanted]
    if "--check" in arguments:
        for path in [*old, *gone]:
            print(f"{path} is out of date. Run `python -m aws.athena`.")
        return 1 if old or gone else 0
    for path in gone:
        path.unlink()
    for path in old:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path])
    return 0


def files() -> Iterator[tuple[Path, str]]:
    """Each generated file and what must be in it."""
    loaded = [sources.load(name) for name in sources.NAMES]
    yield FOLDER / "tables.json", json.dumps(_tables(loaded), indent=1) + "\n"
    for source in loaded:
        for dataset in source.datasets:
            yield FOLDER / "silver" / f"{dataset.name}.sql", silver(source, dataset)
        for table in source.gold:
            yield FOLDER / "gold" / f"{table.name}.sql", gold(table, loaded)
        for name, text in questions.texts(source.name).items():
            asked = f"-- {questions.in_words(text)}\n{_in_athena(text)}\n"
            yield FOLDER / "questions" / source.name / f"{name}.sql", asked


def silver(source: Source, dataset: Dataset) -> str:
    """The rows that count, of all that extractions have written, as `etl.lake.silver.state` finds them."""
    parts = {
        "grain": dataset.grain,
        "columns": ", ".join(f"stored.{column.name}" for column in dataset.columns),
        "table": dataset.name,
        "source": source.name,
    }
    if source.serves_everything:
        return _template("whole", **parts)
    shares = _template("shares", source=source.name).rstrip()
    if dataset.day is None:
        return _template("undated", shares=shares, **parts)
    return _template("by_day", shares=shares, day=dataset.day, **parts)


def _template(name: str, **parts: str) -> str:
    return (TEMPLATES / f"{name}.sql").read_text().format(**parts)


def gold(table: Dataset, loaded: list[Source]) -> str:
    """A table of gold, made when it is asked: the statement of sql/gold/, with the declared types."""
    before = {each.name: each for source in loaded for each in source.gold if each.month}

    def nothing(found: re.Match[str]) -> str:
        columns = (f"CAST(NULL AS {trino(c.type)}) AS {c.name}" for c in before[found[1]].columns)
        return f"(SELECT {', '.join(columns)} WHERE FALSE) AS {found[2]}"

    text = re.sub(r"\bprevious\.(\w+) AS (\w+)", nothing, _in_athena(statement(f"gold/{table.name}")))
    columns = ", ".join(f"cast({column.name} as {trino(column.type)}) as {column.name}" for column in table.columns)
    return f"-- {table.grain}\nselect {columns}\nfrom (\n{text}\n)\n"


def trino(kind: pa.DataType) -> str:
    """An Arrow type as Athena's SQL names it; an instant is in UTC, without a zone, and of milliseconds."""
    if pa.types.is_timestamp(kind):
        return "timestamp(3)"
    if pa.types.is_list(kind):
        return f"array({trino(kind.value_type)})"
    return TYPES.get(str(kind), str(kind))


def _in_athena(text: str) -> str:
    return re.sub(r"\b(silver|gold)\.(?=\w)", r"${\1}.", transpile(text, "athena", pretty=True))


def _tables(loaded: list[Source]) -> dict[str, dict[str, list[dict[str, str]]]]:
    """By layer and table, the columns with both names of their type."""
    silver_tables = [table for source in loaded for table in source.datasets]
    gold_tables = [table for source in loaded for table in source.gold]
    return {
        "silver": {table.name: _columns(table) for table in silver_tables},
        "gold": {table.name: _columns(table) for table in gold_tables},
    }


def _columns(table: Dataset) -> list[dict[str, str]]:
    kinds = ((column.name, trino(column.type)) for column in table.columns)
    return [{"name": name, "type": kind, "hive": HIVE.get(kind, kind)} for name, kind in kinds]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
