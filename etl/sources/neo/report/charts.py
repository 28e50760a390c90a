"""Passes over time, the two scores against each other, and classes of attention by month or year."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

from etl.report import Chart, Mark, Row, Rows, Table, figures, words
from etl.report.declaration import Figure
from etl.report.figures import text
from etl.report.markup import NUMBER, TEXT
from etl.sources.neo.report.answers import chance, figure, name, scale, size, years

TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20]
NEAREST_LD = 0.005  # anything closer is drawn here; Earth's surface is at 0.017
TABLED = 100
CLASSES = (  # by rank: its name and its colour
    ("on the risk list", "hot"),
    ("hazardous, within 0.05 au", "ink"),
    ("within one lunar distance", "accent"),
    ("hazardous", "mid-band"),
    ("routine", "pale"),
)


def passes(passes: Rows) -> Chart | None:
    """Each pass a point over time, on a logarithmic scale: the few that are close matter."""
    if not passes:
        return None
    head = [("Object", TEXT), ("When", NUMBER), ("LD", NUMBER), ("km/s", NUMBER), ("Size", TEXT)]
    rows = [
        (
            name(row),
            words.day(row["approach_date"]),
            figure(row["miss_distance_ld"]),
            f"{float(row['velocity_km_s']):.1f}",
            size(row),
        )
        for row in passes[:TABLED]
    ]
    return Chart(
        figure=_passes_figure(passes),
        message=_about_passes(passes),
        table=Table(head, rows),
        key=[
            Mark("on the risk list", "◆", "hot"),
            Mark("hazardous", "■", "ink"),
            Mark("others", "●", "accent"),
            Mark("distance in LD, logarithmic scale"),
        ],
    )


def _passes_figure(passes: Rows) -> Figure:
    traces = [
        _points(_of_rank(passes, 3, 5), "accent", {"size": 7, "opacity": 0.6}),
        _points(_of_rank(passes, 2, 4), "ink", {"size": 8, "symbol": "square"}),
        _points(_of_rank(passes, 1), "hot", {"size": 10, "symbol": "diamond"}),
    ]
    lowest = min(0.5, *(float(row["miss_distance_ld"]) for row in passes))
    line = {"type": "line", "layer": "below"}
    moon = line | {"xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1}
    today = f"{passes[0]['today']:%Y-%m-%d}"
    now = line | {"yref": "paper", "x0": today, "x1": today, "y0": 0, "y1": 1}
    layout = {
        "xaxis": {"type": "date", "showgrid": False},
        "yaxis": {
            "type": "log",
            "range": [math.log10(max(lowest, NEAREST_LD) / 1.4), math.log10(24)],
            "tickvals": TICKS,
            "ticktext": [f"{tick:g}" for tick in TICKS],
        },
        "shapes": [
            moon | {"line": {"color": "var(--quiet)", "width": 1.5, "dash": "4px,3px"}},
            now | {"line": {"color": "var(--rule)", "width": 1.5}},
        ],
        "annotations": [
            {"xref": "paper", "x": 0, "xanchor": "left", "yref": "y", "y": 0, "yanchor": "top", "text": "the Moon"}
            | {"showarrow": False, "font": {"color": "var(--quiet)"}},
            {"x": today, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom", "text": "when read"}
            | {"showarrow": False, "font": {"color": "var(--quiet)"}},
        ],
        "hovermode": "closest",
        "height": 420,
        "margin": {"t": 22, "r": 32, "b": 36, "l": 44},  # room for a date at the end
    }
    return {"data": traces, "layout": layout}


def _of_rank(passes: Rows, *ranks: int) -> list[Row]:
    return [row for row in passes if row["attention_rank"] in ranks]


def _points(rows: Rows, colour: str, marker: Figure) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [figures.timestamp(row["approach_at"]) for row in rows],
        "y": [max(float(row["miss_distance_ld"]), NEAREST_LD) for row in rows],
        "hovertext": [_pass_hover(row) for row in rows],
        "hoverinfo": "text",
        "marker": {"color": f"var(--{colour})", "line": {"color": "var(--card)", "width": 1}, **marker},
    }


def _pass_hover(row: Row) -> str:
    lines = [f"<b>{text(name(row))}</b>: {figure(row['miss_distance_ld'])} LD"]
    if row["miss_distance_min_ld"] is not None and row["miss_distance_max_ld"] is not None:
        lines.append(f"{figure(row['miss_distance_min_ld'])} to {figure(row['miss_distance_max_ld'])} LD by its orbit")
    return "<br>".join([*lines, words.day(row["approach_date"]), size(row), CLASSES[row["attention_rank"] - 1][0]])


def _about_passes(passes: Rows) -> str:
    """How many come closer than the Moon, and whether one may hit."""
    near = [row for row in passes if row["miss_distance_ld"] <= 1]
    first, last = (pick(row["approach_date"] for row in passes) for pick in (min, max))
    sentence = (
        f"Of {words.plural(len(passes), 'pass', 'passes')} within 20 lunar distances from {words.day(first)} to "
        f"{words.day(last)}, {len(near):,} came or will come closer than the Moon."
    )
    hits = [row for row in passes if row["is_impact_possible"]]
    if not hits:
        return f"{sentence} An impact is possible for none of them."
    return f"{sentence} An impact is possible for {words.listing([name(row) for row in hits[:3]])}."


def scores(risks: Rows) -> Chart | None:
    """The simple score across, the Palermo scale upwards: if they agreed, the points would lie on a line."""
    if not risks:
        return None
    first, *others = risks
    head = [("Object", TEXT), ("Palermo", NUMBER), ("Simple score", NUMBER), ("Chance", NUMBER)]
    rows = [
        (name(row), scale(row["palermo_cumulative"]), f"{float(row['seed_threat_score']):.3f}", chance(row))
        for row in risks
    ]
    layout = {
        "xaxis": {
            "title": {"text": "simple score", "standoff": 6, "font": {"size": 12}},
            "rangemode": "tozero",
            "nticks": 6,
        },
        "yaxis": {"nticks": 6},
        "annotations": [_named(first)],
        "hovermode": "closest",
        "height": 340,
        "margin": {"t": 24, "r": 16, "b": 48, "l": 44},
    }
    return Chart(
        figure={"data": [_scored(others, "accent", 8), _scored([first], "hot", 11)], "layout": layout},
        message=_about_scores(risks),
        table=Table(head, rows),
        key=[Mark("first by Palermo", "●", "hot"), Mark("others", "●", "accent"), Mark("upwards, the Palermo scale")],
    )


def _scored(rows: Sequence[Row], colour: str, marker_size: int) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(float(row["seed_threat_score"]), 4) for row in rows],
        "y": [float(row["palermo_cumulative"]) for row in rows],
        "hovertext": [
            f"<b>{text(name(row))}</b><br>{chance(row)}, {years(row)}<br>Palermo "
            f"{scale(row['palermo_cumulative'])}, simple score {float(row['seed_threat_score']):.3f}"
            for row in rows
        ],
        "hoverinfo": "text",
        "marker": {"color": f"var(--{colour})", "size": marker_size, "line": {"color": "var(--card)", "width": 1}},
    }


def _named(row: Row) -> Figure:
    is_right = float(row["seed_threat_score"]) > 0.5
    return {
        "x": float(row["seed_threat_score"]),
        "y": float(row["palermo_cumulative"]),
        "xanchor": "right" if is_right else "left",
        "xshift": -10 if is_right else 10,
        "showarrow": False,
        "text": f"<b>{text(row['designation'])}</b>",
        "font": {"color": "var(--hot)"},
    }


def _about_scores(risks: Rows) -> str:
    first = risks[0]
    return (
        f"{name(first)}, first by Palermo with a chance of {chance(first)}, ranks {int(first['place']):,} of "
        f"{int(first['objects']):,} by the simple score, in which size and speed outweigh whether anything will happen."
    )


def attention(periods: Rows) -> Chart | None:
    """Stacked passes per month or year, the rare classes on the axis, where their heights compare; without routine."""
    known = [row for row in periods if row["attention_rank"] < len(CLASSES)]
    if not known:
        return None
    starts = sorted({row["period_start_date"] for row in periods})
    unit = str(periods[0]["unit"])
    counted = {(row["period_start_date"], row["attention_rank"]): int(row["passes"]) for row in periods}
    shown = CLASSES[:-1]
    stack = [
        figures.period_bars(starts, unit, [counted.get((start, rank), 0) for start in starts], colour)
        for rank, (_, colour) in enumerate(shown, start=1)
    ]
    stack[-1] |= {
        "hovertext": [_attention_hover(start, unit, counted) for start in starts],
        "hoverinfo": "text",
    }
    layout = figures.by_period({"rangemode": "tozero", "nticks": 6}, 340) | {"barmode": "stack"}
    head = [(unit.capitalize(), TEXT), *((name.capitalize(), NUMBER) for name, _ in CLASSES)]
    rows = [
        (words.period(start, unit), *(f"{counted.get((start, rank), 0):,}" for rank in range(1, len(CLASSES) + 1)))
        for start in starts
    ]
    return Chart(
        figure={"data": stack, "layout": layout},
        message=_about_attention(periods),
        table=Table(head, rows),
        key=[Mark(name, "■", colour) for name, colour in shown],
    )


def _attention_hover(start: date, unit: str, counted: dict[tuple[date, int], int]) -> str:
    lines = [f"{counted.get((start, rank), 0):,} {name}" for rank, (name, _) in enumerate(CLASSES, start=1)]
    return "<br>".join([f"<b>{words.period(start, unit)}</b>", *lines])


def _about_attention(periods: Rows) -> str:
    total = sum(int(row["passes"]) for row in periods)
    by_rank = [sum(int(row["passes"]) for row in periods if row["attention_rank"] == rank) for rank in range(1, 6)]
    return (
        f"{words.percent(by_rank[-1], total)} of {words.plural(total, 'pass', 'passes')} are routine and not shown; "
        f"{by_rank[0]:,} are of objects on the risk list, {by_rank[1]:,} of hazardous ones within 0.05 au."
    )
