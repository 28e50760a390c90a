"""The API's HTML becomes plain text, once: none of it is ever shown as HTML."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from etl.sources.records import web_url

BREAKS = frozenset({"br", "p", "div", "center", "hr", "ul", "ol", "li", "table", "tr", "blockquote", "h1", "h2", "h3"})
BOLD = frozenset({"b", "strong"})
HIDDEN = frozenset({"script", "style"})
LEAD = re.compile(r"Explanation\s*:\s*", re.IGNORECASE)
FOOTER = re.compile(r"Tomorrow['\N{RIGHT SINGLE QUOTATION MARK}]s\s+picture\s*:", re.IGNORECASE)


@dataclass
class Line:
    """A line of text; `is_labelled`: it begins in bold, as the site's own notes do."""

    pieces: list[str] = field(default_factory=list)
    is_labelled: bool = False

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())


class _Markup(HTMLParser):
    """Accepts any text: malformed markup is skipped."""

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: ARG002
        """`<![…`, for which some versions of Python raise only an AssertionError."""
        return self.parse_bogus_comment(i)


class _Lines(_Markup):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines = [Line()]
        self._bold = 0
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._bold += tag in BOLD
        self._hidden += tag in HIDDEN
        if tag in BREAKS:
            self.lines.append(Line())

    def handle_endtag(self, tag: str) -> None:
        self._bold = max(self._bold - (tag in BOLD), 0)
        self._hidden = max(self._hidden - (tag in HIDDEN), 0)
        if tag in BREAKS:
            self.lines.append(Line())

    def handle_data(self, data: str) -> None:
        if self._hidden:
            return
        line = self.lines[-1]
        if not line.text:
            line.is_labelled = self._bold > 0
        line.pieces.append(data)


class _Videos(_Markup):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._in_video = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_video |= tag == "video"
        if tag in ("video", "iframe") or (tag == "source" and self._in_video):
            self.found += [value for name, value in attrs if name == "src" and value]

    def handle_endtag(self, tag: str) -> None:
        self._in_video &= tag != "video"


def text_of(html: str | None) -> str | None:
    """Its text, line by line; None if there is none."""
    return _joined(_lines(html or ""))


def explanation_of(html: str | None) -> str | None:
    """Its text without the word "Explanation:" before it, and without the site's footer after it.

    The footer is the line that names tomorrow's picture, all that follows, and the site's own notes just before it.
    """
    lines = _lines(html or "")
    end = next((number for number, line in enumerate(lines) if FOOTER.search(line.text)), None)
    if end is not None:
        rest = FOOTER.split(lines[end].text, maxsplit=1)[0]
        while not rest and end > 1 and lines[end - 1].is_labelled:
            end -= 1
        lines = [*lines[:end], Line([rest])]
    found = _joined(lines)
    return (LEAD.sub("", found, count=1) if found and LEAD.match(found) else found) or None


def video_in(html: str | None, page: str) -> str | None:
    """The URL of the first video or player on the page at `page`."""
    videos = _Videos()
    _feed(videos, html or "")
    for source in videos.found:
        with suppress(ValueError):
            return web_url(urljoin(page, source.strip()))
    return None


def _lines(html: str) -> list[Line]:
    """Its lines from the first one with text."""
    reader = _Lines()
    _feed(reader, html)
    first = next((number for number, line in enumerate(reader.lines) if line.text), len(reader.lines))
    return reader.lines[first:]


def _feed(reader: HTMLParser, html: str) -> None:
    reader.feed(html)
    reader.close()


def _joined(lines: list[Line]) -> str | None:
    return "\n".join(line.text for line in lines if line.text) or None
