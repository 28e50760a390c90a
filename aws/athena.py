"""Writes what Athena is asked into the Terraform module `catalog`: the questions of sql/questions/.

`python -m aws.athena` writes the files, `--check` says which are out of date. They are translations, and name databases
as `${silver}` and `${gold}`, which Terraform fills in.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from etl import sources
from etl.engines.dialects import transpile
from etl.sql import questions

FOLDER = Path(__file__).parent / "terraform" / "modules" / "catalog" / "questions"


def main(arguments: list[str]) -> int:
    """Write the files that differ or, with --check, name them."""
    wanted = dict(files())
    old = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    gone = [path for path in FOLDER.rglob("*.sql") if path not in wanted]
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
    for source in sources.NAMES:
        for name, text in questions.texts(source).items():
            asked = re.sub(r"\b(silver|gold)\.(?=\w)", r"${\1}.", transpile(text, "athena", pretty=True))
            yield FOLDER / source / f"{name}.sql", f"-- {questions.in_words(text)}\n{asked}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
