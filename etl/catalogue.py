"""Writes docs/data-catalogue.md from the declared schemas: `python -m etl.catalogue`, with `--check` only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from etl import sources
from etl.core.tables import Dataset
from etl.sources import across

PAGE = Path("docs/data-catalogue.md")
HEAD = """# Data catalogue

What one row of each table is, and what its columns mean. Made by `make catalogue` from the schemas declared under
`etl/sources/`; edit those. All instants and days are UTC.
"""


def page() -> str:
    """The whole catalogue as Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    for name in sources.NAMES:
        source = sources.load(name)
        yield f"## {source.name}\n\n{source.about}\n"
        for dataset in source.datasets:
            yield from _table("silver", dataset)
        for dataset in source.gold:
            yield from _table("gold", dataset)
    yield "## Across sources\n\nViews on these tables, in the warehouse only.\n"
    for view in across.VIEWS:
        yield from _table("gold", view)


def _table(schema: str, dataset: Dataset) -> Iterator[str]:
    yield f"### {schema}.{dataset.name}\n"
    yield f"{dataset.grain[0].upper()}{dataset.grain[1:]}. Key: {', '.join(f'`{name}`' for name in dataset.key)}.\n"
    yield "| column | type | null | meaning |"
    yield "|---|---|---|---|"
    for column in dataset.columns:
        yield f"| `{column.name}` | {column.type} | {'yes' if column.nullable else 'no'} | {column.about} |"
    yield ""


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` report whether it is up to date."""
    if arguments != ["--check"]:
        PAGE.write_text(page(), "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == page():
        return 0
    print(f"{PAGE} does not match the declared schemas: run `make catalogue`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
