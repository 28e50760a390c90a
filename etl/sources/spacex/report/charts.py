"""The four charts, each with its message in a sentence and its numbers as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

from etl.report import Chart, Mark, Row, Rows, Table, figures, words
from etl.report.declaration import Figure
from etl.report.figures import text
from etl.report.markup import NUMBER, TEXT
from etl.sources.spacex.report.facts import (
    SOON_DAYS,
    TOP_CORES,
    Year,
    by_year,
    core_name,
    days,
    in_flown_order,
    most_reused_first,
    most_reuses,
    soon,
)


def launches(launch_statistics: Rows) -> Chart | None:
    """Stacked bars per year: failures lie on the axis, where their heights compare."""
    years = by_year(launch_statistics)
    total = sum(year.launches for year in years)
    if not total:
        return None
    x, heights = [y.year for y in years], [y.launches for y in years]
    stack = [
        figures.bars(x, [y.failures for y in years], "hot"),
        figures.bars(x, [y.not_known for y in years], "quiet"),
        figures.bars(x, [y.successes for y in years], "accent"),
    ]
    labels = figures.labels(x, heights, [str(height) for height in heights], map(_launches_hover, years))
    layout = figures.by_year(x[0], x[-1], heights) | {"barmode": "stack"}
    head = [("Year", TEXT), ("Launches", NUMBER), ("Succeeded", NUMBER), ("Failed", NUMBER), ("Not known", NUMBER)]
    return Chart(
        figure={"data": [*stack, labels], "layout": layout},
        message=_about_launches(years, total),
        table=Table(head, [(y.year, y.launches, y.successes, y.failures, y.not_known) for y in years]),
        key=[Mark("succeeded", "■", "accent"), Mark("failed", "■", "hot"), Mark("not known", "■", "quiet")],
    )


def _about_launches(years: Sequence[Year], total: int) -> str:
    """How many launches there were, how they ended, and the busiest year."""
    successes, failures = sum(year.successes for year in years), sum(year.failures for year in years)
    not_known = total - successes - failures
    busiest = max(years, key=lambda year: year.launches)
    outcomes = [f"{successes:,} succeeded", f"{failures:,} failed"]
    if not_known:
        outcomes.append(f"the outcome of {not_known:,} is not known")
    return (
        f"Of {words.plural(total, 'launch', 'launches')} since {years[0].year}, {words.listing(outcomes)}. "
        f"The busiest year was {busiest.year} with {words.plural(busiest.launches, 'launch', 'launches')}."
    )


def _launches_hover(year: Year) -> str:
    lines = [f"<b>{year.year}</b>: {words.plural(year.launches, 'launch', 'launches')}", f"{year.successes} succeeded"]
    lines += [f"{year.failures} failed"] if year.failures else []
    lines += [f"{year.not_known} not known"] if year.not_known else []
    return "<br>".join(lines)


def landings(launch_statistics: Rows) -> Chart | None:
    """Bars within bars: landings made fill those tried."""
    years = [year for year in by_year(launch_statistics) if year.landings_tried]
    if not years:
        return None
    x, heights = [y.year for y in years], [y.landings_tried for y in years]
    shares = [words.percent(y.landings_made, y.landings_tried) for y in years]
    bars = [figures.bars(x, heights, "pale"), figures.bars(x, [y.landings_made for y in years], "accent")]
    labels = figures.labels(x, heights, shares, map(_landings_hover, years))
    head = [("Year", TEXT), ("Tried", NUMBER), ("Made", NUMBER), ("Share", NUMBER)]
    rows = [(y.year, y.landings_tried, y.landings_made, share) for y, share in zip(years, shares, strict=True)]
    return Chart(
        figure={
            "data": [*bars, labels],
            "layout": figures.by_year(x[0], x[-1], heights) | {"barmode": "overlay"},
        },
        message=_about_landings(years),
        table=Table(head, rows),
        key=[Mark("tried", "■", "pale"), Mark("made; above, the share in %", "■", "accent")],
    )


def _about_landings(years: Sequence[Year]) -> str:
    """How many landings were tried and made, in all and in the latest year that has any."""
    tried, made = sum(y.landings_tried for y in years), sum(y.landings_made for y in years)
    last = years[-1]
    return (
        f"Boosters made {made:,} of {words.plural(tried, 'landing')} they tried ({words.percent(made, tried)}); "
        f"in {last.year} it was {last.landings_made:,} of {last.landings_tried:,} "
        f"({words.percent(last.landings_made, last.landings_tried)})."
    )


def _landings_hover(year: Year) -> str:
    share = words.percent(year.landings_made, year.landings_tried)
    return f"<b>{year.year}</b>: {share}<br>{year.landings_made} of {year.landings_tried} made"


def boosters(core_usage: Rows, core_reuses: Rows) -> Chart | None:
    """One horizontal bar per core, the record in the strong colour; keyed by id, since a serial may be missing."""
    if not core_usage:
        return None
    every = most_reused_first(core_usage)
    head = [("Core", TEXT), ("Reuses", NUMBER), ("First launch", NUMBER), ("Last launch", NUMBER)]
    rows = [
        (core_name(row), row["reuses"], words.day(row["first_launch_date"]), words.day(row["last_launch_date"]))
        for row in every
    ]
    return Chart(
        figure=_boosters_figure(every[:TOP_CORES], most_reuses(core_usage)),
        message=_about_boosters(every, len(core_reuses)),
        table=Table(head, rows),
        key=[Mark("times flown again"), Mark("the record", "■", "hot")],
    )


def _boosters_figure(cores: Rows, record: int | None) -> Figure:
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
        "marker": {"color": ["var(--hot)" if n == record else "var(--accent)" for n in reuses]},
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


def _about_boosters(cores: Rows, reuses: int) -> str:
    """How many boosters flew again, and how much of all reuse is due to the few on the chart."""
    top = cores[:TOP_CORES]
    flown_again = sum(row["reuses"] > 0 for row in cores)
    these = "This one accounts for" if len(top) == 1 else f"These {len(top)} account for"
    return (
        f"{flown_again:,} of {words.plural(len(cores), 'booster')} flew more than once. "
        f"{these} {sum(int(row['reuses']) for row in top):,} of all {words.plural(reuses, 'reuse')}."
    )


def _core_hover(row: Row) -> str:
    shortest = row["shortest_gap_days"]
    lines = [f"<b>{text(core_name(row))}</b>: {words.plural(int(row['launches']), 'launch', 'launches')}"]
    lines.append(f"{words.day(row['first_launch_date'])} to {words.day(row['last_launch_date'])}")
    lines += [] if shortest is None else [f"shortest pause: {days(shortest)} days"]
    return "<br>".join(lines)


def gaps(core_reuses: Rows) -> Chart | None:
    """Each reuse a point over time, on a logarithmic scale to spread out the days around the line."""
    if not core_reuses:
        return None
    reuses, quick = in_flown_order(core_reuses), soon(core_reuses)
    head = [("Core", TEXT), ("Launch", TEXT), ("Launched", NUMBER), ("Days", NUMBER)]
    rows = [
        (core_name(row), row["launch_name"], words.day(row["launched_at"]), days(row["days_since_previous"]))
        for row in reuses
    ]
    return Chart(
        figure=_gaps_figure(reuses, quick),
        message=_about_gaps(reuses, quick),
        table=Table(head, rows),
        key=[
            Mark(f"less than {SOON_DAYS} days", "◆", "hot"),
            Mark(f"{SOON_DAYS} days or more", "●", "accent"),
            Mark("days since the previous launch, logarithmic scale"),
        ],
    )


def _gaps_figure(reuses: Rows, quick: Rows) -> Figure:
    calm = [row for row in reuses if row["days_since_previous"] >= SOON_DAYS]
    traces = [
        _points(calm, "var(--accent)", {"size": 8, "opacity": 0.55}),
        _points(quick, "var(--hot)", {"size": 10, "symbol": "diamond"}),
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
        "annotations": [_line_label(len(quick))],
        "hovermode": "closest",
        "height": 400,
    }
    return {"data": traces, "layout": layout}


def _line_label(quick: int) -> Figure:
    return {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "y": math.log10(SOON_DAYS),
        "yref": "y",
        "yanchor": "top",
        "showarrow": False,
        "text": f"<b>{quick}</b> under {SOON_DAYS} days",
        "font": {"color": "var(--hot)"},
    }


def _points(rows: Rows, colour: str, marker: Figure) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [figures.timestamp(row["launched_at"]) for row in rows],
        "y": [max(float(row["days_since_previous"]), 0.1) for row in rows],  # a logarithm has no zero
        "hovertext": [_reuse_hover(row) for row in rows],
        "hoverinfo": "text",
        "marker": {"color": colour, "line": {"color": "var(--card)", "width": 1}, **marker},
    }


def _about_gaps(reuses: Rows, quick: Rows) -> str:
    """How many reuses came within 50 days, and the quickest."""
    share = f"{len(quick):,} of {words.plural(len(reuses), 'reuse')}"
    sentence = f"{share} came less than {SOON_DAYS} days after the previous launch of the booster."
    quickest = min(reuses, key=lambda row: float(row["days_since_previous"]))
    return (
        f"{sentence} The quickest: {_unbroken(core_name(quickest))} flew {quickest['launch_name']} "
        f"{days(quickest['days_since_previous'])} days after {quickest['previous_launch_name']}."
    )


def _unbroken(name: str) -> str:
    return name.replace("…", "…\N{WORD JOINER}")


def _reuse_hover(row: Row) -> str:
    return (
        f"<b>{text(core_name(row))}</b>: {days(row['days_since_previous'])} days<br>"
        f"{text(row['launch_name'])}<br>{words.day(row['launched_at'])}, reuse {int(row['reuse_number'])}"
    )
