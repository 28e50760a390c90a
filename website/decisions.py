"""The list of decisions."""

from __future__ import annotations

from pathlib import Path

HEAD = """# Decisions

Why it was built this way: what was decided, what was rejected, and what follows.
"""


def page(folder: Path) -> str:
    """Each decision under its number and title, oldest first."""
    titles = {file.name: file.read_text("utf-8").partition("\n")[0] for file in sorted(folder.glob("[0-9]*.md"))}
    return HEAD + "".join(f"\n- [{title.removeprefix('# ')}]({name})" for name, title in titles.items()) + "\n"
