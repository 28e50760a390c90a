"""The four charts as Plotly figures: plain dicts, without importing Plotly (slow); colours are CSS variables.

`page.js` replaces `var(--name)` by the theme's colour and adds what all charts have in common.
Reference: https://plotly.com/javascript/reference/
"""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from etl.report import words
from etl.report.facts import SOON_DAYS, TOP_CORES, Facts, Row, Year, core_name

Figure = dict[str, Any]


def text(value: object, width: int = 30) -> str:
    """Make a value plain text for Plotly, which reads a little HTML of its own, and wrap it for a phone."""
    lines = textwrap.wrap(str(value), width, max_lines=3, placeholder=" …")
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def launches(facts: Facts) -> Figure:
    """Stacked bars per year: failures stand on the axis, where their heights compare."""
    years = facts.years
    stack = [
        _bars(years, [y.failures for y in years], "var(--hot)"),
        _bars(years, [y.not_known for y in years], "var(--quiet)"),
        _bars(years, [y.successes for y in years], "var(--accent)"),
    ]
    heights = [y.launches for y in years]
    labels = _labels(years, heights, [str(height) for height in heights], map(_launches_hover, years))
    return {"data": [*stack, labels], "layout": _by_year(years, heights) | {"barmode": "stack"}}


def landings(facts: Facts) -> Figure:
    """Bars in bars: what was made fills what was tried."""
    years = [year for year in facts.years if year.landings_tried]
    heights = [y.landings_tried for y in years]
    shares = [words.percent(y.landings_made, y.landings_tried) for y in years]
    bars = [
        _bars(years, heights, "var(--pale)"),
        _bars(years, [y.landings_made for y in years], "var(--accent)"),
    ]
    labels = _labels(years, heights, shares, map(_landings_hover, years))
    return {"data": [*bars, labels], "layout": _by_year(years, heights) | {"barmode": "overlay"}}


def boosters(facts: Facts) -> Figure:
    """One horizontal bar per core, the record in the strong colour; keyed by id, since a serial may be missing."""
    cores = facts.cores[:TOP_CORES]
    ids = [text(row["core_id"], 80) for row in cores]
    names = [text(core_name(row), 14) for row in cores]
    reuses = [int(row["reuses"]) for row in cores]
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": ids,
        "x": reuses,
        "text": [f"<b>{number}</b>" for number in reuses],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertext": [_core_hover(row) for row in cores],
        "hoverinfo": "text",
        "marker": {"color": ["var(--hot)" if n == facts.most_reuses else "var(--accent)" for n in reuses]},
    }
    axis = {"type": "category", "autorange": "reversed", "tickvals": ids, "ticktext": names, "automargin": True}
    layout = {
        "xaxis": {"visible": False, "range": [0, 1.12 * max([*reuses, 1])]},
        "yaxis": axis | {"showgrid": False, "ticklabelstandoff": 6},
        "bargap": 0.34,
        "height": 60 + 43 * len(cores),
        "hovermode": "closest",
        "margin": {"t": 4, "b": 4, "l": 8, "r": 12},
    }
    return {"data": [bars], "layout": layout}


def gaps(facts: Facts) -> Figure:
    """Each reuse a point over time, on a logarithmic scale so that the days around the line keep apart."""
    calm = [row for row in facts.reuses if row["days_since_previous"] >= SOON_DAYS]
    traces = [
        _points(calm, "var(--accent)", {"size": 8, "opacity": 0.55}),
        _points(facts.soon, "var(--hot)", {"size": 10, "symbol": "diamond"}),
    ]
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": SOON_DAYS, "y1": SOON_DAYS, "layer": "below"}
    lowest, highest = (pick([SOON_DAYS, *traces[0]["y"], *traces[1]["y"]]) for pick in (min, max))
    layout = {
        "xaxis": {"type": "date", "showgrid": False, "tickformat": "%Y", "dtick": "M12"},
        "yaxis": {
            "type": "log",
            "range": [math.log10(lowest / 1.4), math.log10(highest * 1.25)],
            "tickvals": [1, 2, 5, 10, 20, SOON_DAYS, 100, 200, 500, 1000, 2000, 5000],
        },
        "shapes": [line | {"line": {"color": "var(--hot)", "width": 1.5, "dash": "4px,3px"}}],
        "annotations": [_line_label(facts)],
        "hovermode": "closest",
        "height": 400,
    }
    return {"data": traces, "layout": layout}


def _line_label(facts: Facts) -> Figure:
    return {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "y": math.log10(SOON_DAYS),
        "yref": "y",
        "yanchor": "top",
        "showarrow": False,
        "text": f"<b>{len(facts.soon)}</b> under {SOON_DAYS} days",
        "font": {"color": "var(--hot)"},
    }


def _points(rows: Sequence[Row], colour: str, marker: Figure) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [_timestamp(row["launched_at"]) for row in rows],
        "y": [max(float(row["days_since_previous"]), 0.1) for row in rows],  # a logarithm has no zero
        "hovertext": [_reuse_hover(row) for row in rows],
        "hoverinfo": "text",
        "marker": {"color": colour, "line": {"color": "var(--card)", "width": 1}, **marker},
    }


def _bars(years: Sequence[Year], heights: list[int], colour: str) -> Figure:
    x = [year.year for year in years]
    return {"type": "bar", "x": x, "y": heights, "marker": {"color": colour}, "hoverinfo": "skip"}


def _labels(years: Sequence[Year], heights: list[int], labels: list[str], hovers: Iterable[str]) -> Figure:
    """The number above each column; it also answers to the pointer for the whole column."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": [year.year for year in years],
        "y": heights,
        "text": labels,
        "meta": {"narrow": [label.removesuffix("%") for label in labels]},
        "textposition": "top center",
        "cliponaxis": False,
        "hovertext": list(hovers),
        "hoverinfo": "text",
    }


def _by_year(years: Sequence[Year], heights: list[int]) -> Figure:
    first, last = years[0].year, years[-1].year
    return {
        "meta": {"years": last - first + 1},  # page.js labels as many as there is room for, the last one always
        "xaxis": {"showgrid": False, "tick0": last, "tickformat": "d", "range": [first - 0.6, last + 0.6]},
        "yaxis": {"range": [0, 1.12 * max([*heights, 1])], "nticks": 6, "tickformat": ",d"},
        "bargap": 0.25,
        "hovermode": "x",
        "height": 320,
    }


def _launches_hover(year: Year) -> str:
    lines = [f"<b>{year.year}</b>: {words.plural(year.launches, 'launch', 'launches')}", f"{year.successes} succeeded"]
    lines += [f"{year.failures} failed"] if year.failures else []
    lines += [f"{year.not_known} not known"] if year.not_known else []
    return "<br>".join(lines)


def _landings_hover(year: Year) -> str:
    share = words.percent(year.landings_made, year.landings_tried)
    return f"<b>{year.year}</b>: {share}<br>{year.landings_made} of {year.landings_tried} made"


def _core_hover(row: Row) -> str:
    shortest = row["shortest_gap_days"]
    lines = [f"<b>{text(core_name(row))}</b>: {words.plural(int(row['launches']), 'launch', 'launches')}"]
    lines.append(f"{words.day(row['first_launch_date'])} to {words.day(row['last_launch_date'])}")
    lines += [] if shortest is None else [f"shortest pause: {words.days(shortest)} days"]
    return "<br>".join(lines)


def _reuse_hover(row: Row) -> str:
    return (
        f"<b>{text(core_name(row))}</b>: {words.days(row['days_since_previous'])} days<br>"
        f"{text(row['launch_name'])}<br>{words.day(row['launched_at'])}, reuse {int(row['reuse_number'])}"
    )


def _timestamp(value: datetime) -> str:
    """Plotly knows no time zones: what it is given is what it shows."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
