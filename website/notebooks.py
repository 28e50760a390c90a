"""The pages of notebooks, as they are stored: text and code, not executed."""

from __future__ import annotations

import json
from pathlib import Path

NOTE = """!!! note "Not executed here"

    `make notebook` opens it in JupyterLab, on the data published on your machine. Its file is `notebooks/{name}`.
"""


def page(notebook: Path) -> str:
    """Its cells as Markdown, the title first."""
    title, *cells = (_shown(cell) for cell in json.loads(notebook.read_text("utf-8"))["cells"])
    return "\n\n".join([title, NOTE.format(name=notebook.name), *cells]) + "\n"


def _shown(cell: dict[str, str]) -> str:
    text = "".join(cell["source"])
    return f"```python\n{text}\n```" if cell["cell_type"] == "code" else text
