"""The pages of charts: each value with its default and the comment above it, which begins with `# --`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from website.markdown import code, table

LINE = re.compile(r"(?P<indent> *)(?:# -- (?P<about>.+)|# (?P<more>.+)|(?P<key>[\w.-]+):.*)")


def page(chart: Path) -> str:
    """The values of one of our charts."""
    about = yaml.safe_load((chart / "Chart.yaml").read_text("utf-8"))["description"]
    text = (chart / "values.yaml").read_text("utf-8")
    values = yaml.safe_load(text)
    rows = ((code(".".join(path)), code(_default(values, path)), meaning) for path, meaning in _explained(text))
    return f"# Values of the chart {chart.name}\n\n{about}\n\n{table(('value', 'default', 'meaning'), rows)}"


def _explained(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    path: list[tuple[int, str]] = []
    about: list[str] = []
    for line in text.splitlines():
        found = LINE.fullmatch(line)
        if not found:
            about = []
        elif found["about"]:
            about = [found["about"]]
        elif found["more"]:
            about += [found["more"]] if about else []
        else:
            indent = len(found["indent"])
            path = [*(each for each in path if each[0] < indent), (indent, found["key"])]
            if about:
                yield tuple(key for _, key in path), " ".join(about)
            about = []


def _default(values: Any, path: tuple[str, ...]) -> str:
    for key in path:
        values = values[key]
    return json.dumps(values, ensure_ascii=False)
