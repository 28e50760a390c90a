"""Fills `page.html`: one file with everything in it, which may run its own scripts and load nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template

from etl.core.errors import ConfigError
from etl.report import charts, words
from etl.report.facts import SOON_DAYS, Facts, Row, core_name
from etl.report.markup import NUMBER, TEXT, json_in_script, table

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Chart:
    """A chart and its text alternatives: a sentence with its message and a table with its data."""

    name: str
    title: str
    key: str
    has_rows: Callable[[Facts], object]
    figure: Callable[[Facts], charts.Figure]
    message: Callable[[Facts], str]
    data: Callable[[Facts], str]


def render(facts: Facts) -> str:
    """Return the page as HTML; write it as UTF-8 with `newline=""`, since the policy names its scripts by checksum."""
    drawn = {chart.name: chart.figure(facts) for chart in CHARTS if chart.has_rows(facts)}
    scripts = {"plotly": _plotly(), "behaviour": _text("page.js")}
    policy = " ".join(f"'sha256-{_checksum(script)}'" for script in scripts.values())
    return Template(_text("page.html")).substitute(
        scripts,
        script_policy=policy,
        style=_text("page.css"),
        figures=json_in_script(drawn),
        notice="" if facts.launches else NO_ROWS,
        **_header(facts),
        **_answers(facts),
        **{chart.name: _chart(chart, facts) for chart in CHARTS},
    )


NO_ROWS = (
    '<p class="notice">No rows yet. <code>make run</code> extracts and publishes the launches, '
    "then writes this page again.</p>"
)
EMPTY = '<p class="empty">No rows yet.</p>'
UNANSWERED = "<p>Known after the first run.</p>"


def _header(facts: Facts) -> dict[str, str]:
    counts = [
        words.plural(facts.launches, "launch", "launches"),
        words.plural(len(facts.core_usage), "booster"),
        words.plural(len(facts.core_reuses), "reuse"),
        words.plural(facts.landings_tried, "landing") + " tried",
    ]
    return {
        "source": escape(facts.source),
        "origin": escape(facts.origin),
        "run_id": escape(facts.run_id),
        "published_at": escape(words.instant(facts.published_at)),
        "published_iso": escape(facts.published_at.isoformat()),
        "counts": " · ".join(counts),
    }


def _answers(facts: Facts) -> dict[str, str]:
    answers = {"most_reuses": "", "record": UNANSWERED, "soon_reuses": "", "soon_summary": UNANSWERED}
    if facts.most_reuses is not None:
        answers = {
            "most_reuses": f"{facts.most_reuses:,}",
            "record": f"<p>{_holders(facts)}</p><p>{escape(words.about_record(facts))}</p>",
            "soon_reuses": f"{len(facts.soon):,}",
            "soon_summary": _soon_summary(facts),
        }
    return answers | {"soon_table": _soon_table(facts)}


def _holders(facts: Facts) -> str:
    return "<br>".join(_core_and_id(row) for row in facts.record_holders[:3])


def _core_and_id(row: Row) -> str:
    serial = f"<b>{escape(str(row['serial']))}</b> " if row["serial"] else ""
    return f'{serial}<code title="core id">{escape(str(row["core_id"]))}</code>'


def _soon_summary(facts: Facts) -> str:
    by_core = words.soon_by_core(facts)
    if not by_core:
        return "<p>No core came back that soon.</p>"
    cores = "".join(f"<li><b>{escape(core_name(row))}</b> &times;{count}</li>" for row, count in by_core)
    reuses = "reuse" if len(facts.soon) == 1 else "reuses"
    return f'<p>{reuses} on {words.plural(len(by_core), "core")}:</p><ul class="cores">{cores}</ul>'


def _soon_table(facts: Facts) -> str:
    if not facts.soon:
        return '<p class="empty">None.</p>' if facts.launches else EMPTY
    rows = "\n".join(_soon_row(row) for row in facts.soon)
    return (
        f'<table class="soon" aria-labelledby="soon-title"><thead><tr>'
        f'<th scope="col">Days</th><th scope="col">Core</th><th scope="col">Launch</th>'
        f'<th scope="col" class="number">Launched</th></tr></thead>\n<tbody>{rows}</tbody></table>'
    )


def _soon_row(row: Row) -> str:
    return (
        f'<tr><td class="days">{words.days(row["days_since_previous"])}</td>'
        f'<th scope="row" class="core" title="{escape(str(row["core_id"]))}">{escape(core_name(row))}</th>'
        f'<td class="launch">{escape(str(row["launch_name"]))} '
        f"<small>after {escape(str(row['previous_launch_name']))}</small></td>"
        f'<td class="number">{escape(words.day(row["launched_at"]))}</td></tr>'
    )


def _chart(chart: Chart, facts: Facts) -> str:
    if not chart.has_rows(facts):
        return f"<figure><h2>{escape(chart.title)}</h2>{EMPTY}</figure>"
    return Template(_text("chart.html")).substitute(
        name=chart.name,
        title=escape(chart.title),
        key=chart.key,
        message=escape(chart.message(facts)),
        table=chart.data(facts),
    )


def _launches_table(facts: Facts) -> str:
    head = [("Year", TEXT), ("Launches", NUMBER), ("Succeeded", NUMBER), ("Failed", NUMBER), ("Not known", NUMBER)]
    rows = [(y.year, y.launches, y.successes, y.failures, y.not_known) for y in facts.years]
    return table("Launches per year by outcome", head, rows)


def _landings_table(facts: Facts) -> str:
    head = [("Year", TEXT), ("Tried", NUMBER), ("Made", NUMBER), ("Share", NUMBER)]
    tried = [year for year in facts.years if year.landings_tried]
    rows = [
        (y.year, y.landings_tried, y.landings_made, words.percent(y.landings_made, y.landings_tried)) for y in tried
    ]
    return table("Landings tried and made per year", head, rows)


def _boosters_table(facts: Facts) -> str:
    head = [("Core", TEXT), ("Reuses", NUMBER), ("First launch", NUMBER), ("Last launch", NUMBER)]
    rows = [
        (core_name(row), row["reuses"], words.day(row["first_launch_date"]), words.day(row["last_launch_date"]))
        for row in facts.cores
    ]
    return table("Reuses per booster", head, rows)


def _gaps_table(facts: Facts) -> str:
    head = [("Core", TEXT), ("Launch", TEXT), ("Launched", NUMBER), ("Days", NUMBER)]
    rows = [
        (core_name(row), row["launch_name"], words.day(row["launched_at"]), words.days(row["days_since_previous"]))
        for row in facts.reuses
    ]
    return table("Days between two flights of a booster", head, rows)


CHARTS = (
    Chart(
        name="gaps",
        title="Days between two flights of a booster",
        key=f'<span><i class="hot">◆</i> less than {SOON_DAYS} days</span>'
        f'<span><i class="accent">●</i> {SOON_DAYS} days or more</span>'
        "<span>days since the previous launch, logarithmic scale</span>",
        has_rows=lambda facts: facts.core_reuses,
        figure=charts.gaps,
        message=words.about_gaps,
        data=_gaps_table,
    ),
    Chart(
        name="boosters",
        title="Most reused boosters",
        key='<span>times flown again</span><span><i class="hot">■</i> the record</span>',
        has_rows=lambda facts: facts.core_usage,
        figure=charts.boosters,
        message=words.about_boosters,
        data=_boosters_table,
    ),
    Chart(
        name="launches",
        title="Launches per year by outcome",
        key='<span><i class="accent">■</i> succeeded</span><span><i class="hot">■</i> failed</span>'
        '<span><i class="quiet">■</i> not known</span>',
        has_rows=lambda facts: facts.launches,
        figure=charts.launches,
        message=words.about_launches,
        data=_launches_table,
    ),
    Chart(
        name="landings",
        title="Booster landings over time",
        key='<span><i class="pale">■</i> tried</span><span><i class="accent">■</i> made; above, the share in %</span>',
        has_rows=lambda facts: facts.landings_tried,
        figure=charts.landings,
        message=words.about_landings,
        data=_landings_table,
    ),
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
        raise ConfigError("The package plotly is not installed.", hint="Install this package again: pip install .")
    return (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
