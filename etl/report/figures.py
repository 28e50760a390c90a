"""Pieces of Plotly figures that charts have in common: plain dicts, without importing Plotly (slow).

`page.js` replaces `var(--name)` by the theme's colour and adds the layout that all charts share.
Reference: https://plotly.com/javascript/reference/
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from etl.report.declaration import Figure


def text(value: object, width: int = 30) -> str:
    """Make a value plain text for Plotly, which reads a little HTML of its own, and wrap it for a phone."""
    lines = textwrap.wrap(str(value), width, max_lines=3, placeholder=" …")
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def timestamp(value: datetime) -> str:
    """Plotly knows no time zones: it shows what it is given."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def bars(x: Sequence[object], heights: Sequence[float | None], colour: str) -> Figure:
    """One bar each, which leaves the pointer to `labels`."""
    return {
        "type": "bar",
        "x": list(x),
        "y": list(heights),
        "marker": {"color": f"var(--{colour})"},
        "hoverinfo": "skip",
    }


def labels(x: Sequence[object], heights: Sequence[float | None], shown: Sequence[str], hovers: Iterable[str]) -> Figure:
    """The number above each column; it also answers to the pointer for the whole column."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": list(x),
        "y": list(heights),
        "text": list(shown),
        "meta": {"narrow": [label.removesuffix("%") for label in shown]},
        "textposition": "top center",
        "cliponaxis": False,
        "hovertext": list(hovers),
        "hoverinfo": "text",
    }


def periods(starts: Sequence[date], unit: str) -> Figure:
    """Where months or years (`unit`) lie on an axis of time: each as wide as it lasts."""
    return {
        "x": [f"{start:%Y-%m-%d}" for start in starts],
        "xperiod": "M12" if unit == "year" else "M1",
        "xperiodalignment": "middle",
    }


def period_bars(starts: Sequence[date], unit: str, heights: Sequence[float], colour: str) -> Figure:
    """A bar for each period, without a hover of its own."""
    return bars(starts, heights, colour) | periods(starts, unit)


def by_period(yaxis: Figure, height: int) -> Figure:
    """The layout of charts over periods."""
    return {
        "xaxis": {"type": "date", "showgrid": False},
        "yaxis": yaxis,
        "bargap": 0.2,
        "hovermode": "x",
        "height": height,
        "margin": {"t": 16, "r": 32, "b": 36, "l": 44},  # room for a date at the end
    }


def by_year(first: int, last: int, heights: Sequence[float]) -> Figure:
    """The layout of columns by calendar year."""
    return {
        "meta": {"years": last - first + 1},  # page.js labels as many as there is room for, the last one always
        "xaxis": {"showgrid": False, "tick0": last, "tickformat": "d", "range": [first - 0.6, last + 0.6]},
        "yaxis": {"range": [0, 1.12 * max([*heights, 1])], "nticks": 6, "tickformat": ",d"},
        "bargap": 0.25,
        "hovermode": "x",
        "height": 320,
    }
