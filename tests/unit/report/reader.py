"""A page as a browser's parser reads it: its elements, scripts and text; and names that try to break it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "<img src=https://example.org/x onerror=alert(1)>",
    "a\u2028b\u2029c",
    "\"'><b>&amp;$run_id ${run_id} %{y}",
    '<a href="javascript:alert(1)">click</a>',
]


class Reader(HTMLParser):
    """Collects elements with their attributes, scripts by their text, and the text a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            attrs, text = self.scripts[-1]
            self.scripts[-1] = attrs, text + data
        elif self._inside != "style":
            self.text += f" {data}"

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)

    def attributes(self, name: str) -> list[str | None]:
        return [attrs[name] for _, attrs in self.elements if name in attrs]

    @property
    def words(self) -> str:
        return " ".join(self.text.replace("\N{WORD JOINER}", "").split())

    @property
    def figures(self) -> dict[str, Any]:
        (text,) = [text for attrs, text in self.scripts if attrs.get("id") == "figures"]
        figures: dict[str, Any] = json.loads(text)
        return figures
