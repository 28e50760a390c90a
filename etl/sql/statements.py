"""Reads the statements under sql/; Python only ever adds identifiers and parameters to them."""

from functools import cache
from pathlib import Path


@cache
def folder() -> Path:
    """Where sql/ is: inside an installed package, or beside it in a checkout."""
    packaged = Path(__file__).parent / "files"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "sql"


@cache
def statement(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (folder() / f"{name}.sql").read_text(encoding="utf-8")


@cache
def names(path: str) -> tuple[str, ...]:
    """Names of all statements in a folder of sql/, sorted."""
    return tuple(f"{path}/{file.stem}" for file in sorted((folder() / path).glob("*.sql")))
