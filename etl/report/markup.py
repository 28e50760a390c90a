"""The little HTML that Python writes itself. `Html` is escaped already; everything else passes `escape`."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from typing import Any, NewType

Html = NewType("Html", str)

NUMBER = "number"
TEXT = "text"


def escape(value: object) -> Html:
    """Make a value text, whatever it holds."""
    return Html(html.escape(str(value)))


def join(parts: Iterable[Html], separator: str = "") -> Html:
    """Put pieces of HTML together."""
    return Html(separator.join(parts))


def bold(value: object) -> Html:
    """`<b>value</b>`."""
    return Html(f"<b>{escape(value)}</b>")


def code(value: object, title: str = "") -> Html:
    """`<code>value</code>`; `title` says what it is."""
    return Html(f'<code title="{escape(title)}">{escape(value)}</code>' if title else f"<code>{escape(value)}</code>")


def paragraph(*parts: Html) -> Html:
    """A paragraph of these pieces, one after another."""
    return Html(f"<p>{''.join(parts)}</p>")


def items(parts: Iterable[Html]) -> Html:
    """Short pieces side by side, as many as fit a line."""
    return Html(f'<ul class="items">{"".join(f"<li>{part}</li>" for part in parts)}</ul>')


def json_in_script(document: Any) -> str:
    r"""JSON that cannot end its `<script>`: `<`, `>`, `&` and all but ASCII are written as `\uXXXX`."""
    encoded = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return encoded.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def table(label: str, head: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]]) -> Html:
    """A data table; `head` is (title, NUMBER or TEXT), the first column names its row."""
    kinds = [kind for _, kind in head]
    titles = "".join(f'<th scope="col" class="{kind}">{escape(title)}</th>' for title, kind in head)
    body = "\n".join(f"<tr>{_cells(row, kinds)}</tr>" for row in rows)
    return Html(f'<table aria-label="{escape(label)}"><thead><tr>{titles}</tr></thead>\n<tbody>{body}</tbody></table>')


def _cells(row: Sequence[object], kinds: Sequence[str]) -> str:
    first, *rest = [(escape(value), kind) for value, kind in zip(row, kinds, strict=True)]
    head = f'<th scope="row" class="{first[1]}">{first[0]}</th>'
    return head + "".join(f'<td class="{kind}">{value}</td>' for value, kind in rest)


def ranking(labelled_by: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table whose rows become two lines on a phone, beside their figure; a row as in `Ranking`."""
    *titles, date = (escape(title) for title in head)
    heads = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = "\n".join(_ranked(*row) for row in rows)
    return Html(
        f'<table class="ranking" aria-labelledby="{labelled_by}"><thead><tr>{heads}'
        f'<th scope="col" class="number">{date}</th></tr></thead>\n<tbody>{body}</tbody></table>'
    )


def listing(labelled_by: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """A table whose rows become two lines on a phone; a row as in `Listing`."""
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = "\n".join(_listed(*row) for row in rows)
    return Html(
        f'<table class="listing" aria-labelledby="{labelled_by}"><thead><tr>{heads}</tr></thead>\n'
        f"<tbody>{body}</tbody></table>"
    )


def link(text: object, address: str) -> Html:
    """Text that leads to another site, or just the text if the address is not one of the web."""
    is_safe = address.startswith(("https://", "http://"))
    return Html(f'<a href="{escape(address)}" rel="noreferrer">{escape(text)}</a>') if is_safe else escape(text)


def _listed(first: str, name: str, address: str, aside: str, last: str) -> str:
    return (
        f'<tr><td class="first">{escape(first)}</td>'
        f'<th scope="row" class="name">{link(name, address)} <small>{escape(aside)}</small></th>'
        f'<td class="last">{escape(last)}</td></tr>'
    )


def _ranked(figure: str, name: str, name_id: str, text: str, aside: str, date: str) -> str:
    return (
        f'<tr><td class="figure">{escape(figure)}</td>'
        f'<th scope="row" class="name" title="{escape(name_id)}">{escape(name)}</th>'
        f'<td class="about">{escape(text)} <small>{escape(aside)}</small></td>'
        f'<td class="number">{escape(date)}</td></tr>'
    )
