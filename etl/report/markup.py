"""The little HTML that Python writes itself: everything passes `escape`, everything else stands in `page.html`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

NUMBER = "number"
TEXT = "text"


def json_in_script(document: Any) -> str:
    r"""JSON that cannot end its `<script>`: `<`, `>`, `&` and all but ASCII are written as `\uXXXX`."""
    encoded = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return encoded.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(label: str, head: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> str:
    """A data table; `head` is (title, NUMBER or TEXT), the first column heads its row."""
    kinds = [kind for _, kind in head]
    titles = "".join(f'<th scope="col" class="{kind}">{escape(title)}</th>' for title, kind in head)
    body = "\n".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows)
    return f'<table aria-label="{escape(label)}"><thead><tr>{titles}</tr></thead>\n<tbody>{body}</tbody></table>'


def _cells(row: Sequence[object], kinds: Sequence[str]) -> str:
    first, *rest = [(escape(str(value)), kind) for value, kind in zip(row, kinds, strict=True)]
    head = f'<th scope="row" class="{first[1]}">{first[0]}</th>'
    return head + "".join(f'<td class="{kind}">{value}</td>' for value, kind in rest)
