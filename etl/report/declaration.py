"""What a source declares to get a page: a title, and sections that turn the rows of queries into blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from etl.report.markup import Html

Row = Mapping[str, Any]
Rows = Sequence[Row]
Figure = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """One entry of a chart's key: a symbol in a colour class of `page.css`, and its meaning."""

    text: str
    symbol: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Table:
    """The numbers behind a chart; `head` is (title, NUMBER or TEXT of `markup`), the first column names its row."""

    head: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[object]]


@dataclass(frozen=True)
class Chart:
    """A chart and its text alternatives: a sentence with its message, and its numbers as a table.

    `figure` is Plotly's `data` and `layout`; a text in it must have passed `figures.text`. Colours are CSS variables.
    """

    figure: Figure
    message: str
    table: Table
    key: Sequence[Mark] = ()


@dataclass(frozen=True)
class Answer:
    """A number in large type, in a colour class of `page.css`, and what there is to say about it."""

    detail: Html
    value: str = ""
    unit: str = ""
    colour: str = "hot"


@dataclass(frozen=True)
class Ranking:
    """A table with a figure in front; rows are (figure, name, its id, text, a smaller text, and a date)."""

    head: tuple[str, str, str, str]
    rows: Sequence[tuple[str, str, str, str, str, str]]


@dataclass(frozen=True)
class Listing:
    """A table of things with a page of their own; rows are (text, name, its address, a smaller text, text)."""

    head: tuple[str, str, str]
    rows: Sequence[tuple[str, str, str, str, str]]


@dataclass(frozen=True)
class Section:
    """A block of the page, made by `block` from the rows of each query; None: there are none yet.

    A query's name is that of a file in `sql/report/<source>/`. It must aggregate: what it returns is kept in memory,
    and most of it goes into the page.
    """

    name: str
    title: str
    queries: tuple[str, ...]
    block: Callable[..., Chart | Answer | Ranking | Listing | None]

    def __iter__(self) -> Iterator[Section]:
        yield self


@dataclass(frozen=True)
class Columns:
    """Sections in two columns, which on a phone follow one another."""

    left: tuple[Section, ...]
    right: tuple[Section, ...]

    def __iter__(self) -> Iterator[Section]:
        yield from (*self.left, *self.right)


@dataclass(frozen=True)
class Report:
    """A source's page: `REPORT` of the module `etl.sources.<source>.report`.

    `counts` says in a few words, from the rows of `counted`, how much the page is about.
    `how_made` is what a reader should know about the numbers; `file` is the page's name, if not `report-<source>.html`.
    `if_empty` says how to get rows; else the page names the source's `etl run`.
    """

    title: str
    lead: str
    sections: tuple[Section | Columns, ...]
    answers: tuple[Section, ...] = ()
    counted: tuple[str, ...] = ()
    counts: Callable[..., Sequence[str]] = field(default=lambda: ())
    how_made: str = ""
    file: str = ""
    if_empty: Html | None = None

    @property
    def all_sections(self) -> tuple[Section, ...]:
        """Answers and sections in their order on the page."""
        return (*self.answers, *(section for group in self.sections for section in group))

    @property
    def queries(self) -> tuple[str, ...]:
        """Each query once."""
        names = (*self.counted, *(name for section in self.all_sections for name in section.queries))
        return tuple(dict.fromkeys(names))
