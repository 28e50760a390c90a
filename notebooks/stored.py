"""Strips notebooks of what executing them leaves: `python -m notebooks.stored`; `--check` only compares."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FOLDER = Path("notebooks")
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def as_stored(text: str) -> str:
    """A notebook as it is kept: its cells, without outputs or traces of what executed it."""
    notebook = json.loads(text) | {"metadata": METADATA}
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"  # as Jupyter writes it


def main(arguments: list[str]) -> int:
    """Store each notebook in that form, or with `--check` report those that are not."""
    texts = {file: file.read_text("utf-8") for file in sorted(FOLDER.glob("*.ipynb"))}
    others = {file: stored for file, text in texts.items() if (stored := as_stored(text)) != text}
    if arguments != ["--check"]:
        for file, stored in others.items():
            file.write_text(stored, "utf-8")
        return 0
    for file in others:
        print(f"{file} contains outputs or other traces of execution: run `make format`.", file=sys.stderr)
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
