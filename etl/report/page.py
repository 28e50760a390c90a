"""Fills `page.html`: one file with everything in it, which may run its own scripts and load nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from string import Template

from etl.core.errors import ConfigError
from etl.report import words
from etl.report.declaration import Answer, Chart, Columns, Listing, Mark, Ranking, Report, Rows, Section
from etl.report.markup import Html, code, escape, join, json_in_script, listing, ranking, table
from etl.sql import questions

HERE = Path(__file__).parent
EMPTY = Html('<p class="empty">No rows yet.</p>')
NO_MATCH = Html('<p class="empty">None.</p>')
UNANSWERED = Html("<p>Known after the first run.</p>")

Block = Chart | Answer | Ranking | Listing | None


@dataclass(frozen=True)
class Run:
    """The run whose content the page shows; `origin` says in words where its data came from."""

    run_id: str
    source: str
    origin: str
    published_at: datetime


def render(report: Report, run: Run, rows: Mapping[str, Rows]) -> str:
    """Return the page as HTML, from the rows of each query.

    Write it as UTF-8 with `newline=""`, since the policy names its scripts by checksum.
    """
    blocks = {s.name: s.block(*(rows[query] for query in s.queries)) for s in report.all_sections}
    scripts = {"plotly": _plotly(), "behaviour": _text("page.js")}
    return Template(_text("page.html")).substitute(
        scripts,
        script_policy=" ".join(f"'sha256-{_checksum(script)}'" for script in scripts.values()),
        style=_text("page.css"),
        figures=json_in_script({name: block.figure for name, block in blocks.items() if isinstance(block, Chart)}),
        title=escape(report.title),
        lead=escape(report.lead),
        counts=_counts(report.counts(*(rows[query] for query in report.counted))),
        notice="" if any(blocks.values()) else _notice(report, run),
        answers=_answers(report.answers, blocks),
        sections=join((_group(group, blocks) for group in report.sections), "\n"),
        footer=_footer(report, run),
        **_header(run),
    )


def _header(run: Run) -> dict[str, str]:
    return {
        "source": escape(run.source),
        "origin": escape(run.origin),
        "run_id": escape(run.run_id),
        "published_at": escape(words.instant(run.published_at)),
        "published_iso": escape(run.published_at.isoformat()),
    }


def _counts(counts: Sequence[str]) -> Html:
    return Html(f"<div><dt>What it counts</dt><dd>{escape(' · '.join(counts))}</dd></div>" if counts else "")


def _notice(report: Report, run: Run) -> Html:
    usual = Html(f"{code(f'etl run {run.source}')} extracts and publishes them.")
    return Html(f'<p class="notice">No rows yet. {report.if_empty or usual}</p>')


def _answers(answers: tuple[Section, ...], blocks: Mapping[str, Block]) -> Html:
    if not answers:
        return Html("")
    tiles = join((_answer(section, blocks[section.name]) for section in answers), "\n")
    return Html(f'<div class="answers{" many" if len(answers) > 2 else ""}">{tiles}</div>')


def _answer(section: Section, block: Block) -> Html:
    answer = block if isinstance(block, Answer) else Answer(UNANSWERED)
    unit = Html(f" <small>{escape(answer.unit)}</small>") if answer.unit else ""
    big = f'<div class="big {escape(answer.colour)}">{escape(answer.value)}{unit}</div>'
    detail = f'<div class="detail">{answer.detail}</div>'
    return Html(f'<section class="answer"><h2>{escape(section.title)}</h2>{big}{detail}</section>')


def _group(group: Section | Columns, blocks: Mapping[str, Block]) -> Html:
    if isinstance(group, Section):
        return _section(group, blocks[group.name])
    return Html(f'<div class="columns">{_stack(group.left, blocks)}{_stack(group.right, blocks)}</div>')


def _stack(sections: tuple[Section, ...], blocks: Mapping[str, Block]) -> Html:
    stacked = join(_section(section, blocks[section.name]) for section in sections)
    return stacked if len(sections) == 1 else Html(f'<div class="stack">{stacked}</div>')


def _section(section: Section, block: Block) -> Html:
    match block:
        case Chart():
            return _chart(section, block)
        case Ranking():
            return _card(section, ranking(f"{escape(section.name)}-title", block.head, block.rows), block)
        case Listing():
            return _card(section, listing(f"{escape(section.name)}-title", block.head, block.rows), block)
        case Answer():
            return _answer(section, block)
        case None:
            return Html(f"<figure><h2>{escape(section.title)}</h2>{EMPTY}</figure>")


def _card(section: Section, body: Html, block: Ranking | Listing) -> Html:
    title = f'<h2 id="{escape(section.name)}-title">{escape(section.title)}</h2>'
    return Html(f'<section class="card">{title}{body if block.rows else NO_MATCH}</section>')


def _chart(section: Section, chart: Chart) -> Html:
    filled = Template(_text("chart.html")).substitute(
        name=escape(section.name),
        title=escape(section.title),
        key=join(map(_mark, chart.key)),
        message=escape(chart.message),
        table=table(section.title, chart.table.head, chart.table.rows),
    )
    return Html(filled)


def _mark(mark: Mark) -> Html:
    symbol = f'<i class="{escape(mark.colour)}">{escape(mark.symbol)}</i> ' if mark.symbol else ""
    return Html(f"<span>{symbol}{escape(mark.text)}</span>")


def _footer(report: Report, run: Run) -> Html:
    asked = [code(f"sql/questions/{run.source}/{name}.sql") for name in questions.texts(run.source)]
    shown = [code(f"sql/report/{run.source}/{name}.sql") for name in report.queries]
    answered = f"Questions: {words.listing(asked)}; {code('etl ask')} answers them in a terminal. " if asked else ""
    return Html(
        f"<p>{escape(report.how_made)}</p>\n"
        f"<p>{answered}Rows of this page: {words.listing(shown)}; {code(f'etl report {run.source}')} writes it. "
        "Charts: Plotly.js, included; the page loads nothing.</p>"
    )


def _checksum(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _plotly() -> str:
    """Plotly's own JavaScript out of its Python package, found without importing that."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ConfigError("The package plotly is not installed.", hint="Install data-platform-etl[laptop].")
    return (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
