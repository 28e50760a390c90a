"""Maps of the grid without a background: a mark per sensor, or per cell where sensors lie close together."""

from __future__ import annotations

import math
from dataclasses import dataclass

from etl.report import Chart, Mark, Row, Rows, Table, words
from etl.report.declaration import Figure
from etl.report.figures import text
from etl.report.markup import NUMBER, TEXT
from etl.sources.sensors.report.answers import number

LISTED = 50  # places at each end of the list
ALONE = 0.1  # degrees around a single row or column


@dataclass(frozen=True)
class Measure:
    """What a map shows: its column, unit, scale of colours, and how a sentence begins."""

    column: str
    unit: str
    colours: tuple[str, ...]
    highest: str
    lowest: str


WARMTH = Measure("temperature_avg", "°C", ("low", "middle", "high"), "Warmest", "coolest")
WETNESS = Measure("precipitation_mm", "mm", ("dry", "wet"), "Wettest", "driest")


def warmth(places: Rows) -> Chart | None:
    """Mean temperature of the last 30 days."""
    return _map(places, WARMTH)


def wetness(places: Rows) -> Chart | None:
    """Precipitation of the last 30 days."""
    return _map(places, WETNESS)


def _map(places: Rows, measure: Measure) -> Chart | None:
    known = [row for row in places if row[measure.column] is not None]
    if not known:
        return None
    return Chart(
        figure=_figure(known, measure),
        message=_about(known, measure),
        table=_table(known, measure),
        key=[Mark(f"{measure.unit}, by degrees north and east")],
    )


def _table(known: Rows, measure: Measure) -> Table:
    """The highest first; of many places the ends of the list."""
    head = [("Sensor", TEXT), ("Zone", TEXT), ("North", NUMBER), ("East", NUMBER), (measure.unit, NUMBER)]
    ordered = sorted(known, key=lambda row: -float(row[measure.column]))
    left_out = len(ordered) - 2 * LISTED
    if left_out <= 0:
        return Table(head, [_cells(row, measure) for row in ordered])
    between = (f"{left_out:,} more between", "", "", "", "")
    ends = [[_cells(row, measure) for row in part] for part in (ordered[:LISTED], ordered[-LISTED:])]
    return Table(head, [*ends[0], between, *ends[1]])


def _cells(row: Row, measure: Measure) -> tuple[str, ...]:
    where = (number(row["latitude"], 3), number(row["longitude"], 3))
    return (_name(row), row["region"], *where, number(row[measure.column]))


def _about(known: Rows, measure: Measure) -> str:
    highest = max(known, key=lambda row: float(row[measure.column]))
    lowest = min(known, key=lambda row: float(row[measure.column]))
    days = f"In the 30 days to {words.day(known[0]['last_date'])}"
    return (
        f"{days}. {measure.highest}: {_name(highest)} with {_value(highest, measure)}; "
        f"{measure.lowest}: {_name(lowest)} with {_value(lowest, measure)}."
    )


def _figure(known: Rows, measure: Measure) -> Figure:
    latitudes = sorted({round(float(row["latitude"]), 4) for row in known})
    longitudes = sorted({round(float(row["longitude"]), 4) for row in known})
    shrink = max(math.cos(math.radians((latitudes[0] + latitudes[-1]) / 2)), 0.05)  # of a degree east
    down, across = _step(latitudes), _step(longitudes)
    nearest = min(down, across * shrink)
    last = len(measure.colours) - 1
    marks = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(float(row["longitude"]), 4) for row in known],
        "y": [round(float(row["latitude"]), 4) for row in known],
        "hovertext": [_hover(row, measure) for row in known],
        "hoverinfo": "text",
        "marker": {
            "color": [round(float(row[measure.column]), 2) for row in known],
            "colorscale": [[i / last, f"var(--{colour})"] for i, colour in enumerate(measure.colours)],
            "showscale": True,
            "colorbar": {"thickness": 10, "outlinewidth": 0, "len": 1, "xpad": 8, "ypad": 0, "nticks": 6},
        },
    }
    axis = {"showgrid": False, "ticksuffix": "°", "constrain": "domain"}
    layout = {
        "xaxis": {**axis, "range": _range(longitudes, across), "nticks": 5},
        "yaxis": {**axis, "range": _range(latitudes, down), "scaleanchor": "x", "scaleratio": 1 / shrink, "nticks": 6},
        "meta": {  # how many marks fit side by side; page.js makes map and marks as large as there is room for
            "across": (longitudes[-1] - longitudes[0] + 1.5 * across) * shrink / nearest,
            "down": (latitudes[-1] - latitudes[0] + 1.5 * down) / nearest,
        },
        "hovermode": "closest",
        "height": 420,
        "margin": {"t": 10, "r": 10, "b": 30, "l": 52},
    }
    return {"data": [marks], "layout": layout}


def _step(positions: list[float]) -> float:
    """Degrees from one row or column to the next, on average."""
    return (positions[-1] - positions[0]) / (len(positions) - 1) if len(positions) > 1 else ALONE


def _range(positions: list[float], step: float) -> list[float]:
    return [positions[0] - 0.75 * step, positions[-1] + 0.75 * step]


def _name(row: Row) -> str:
    others = int(row["sensors"]) - 1
    return str(row["sensor_id"]) if not others else f"{row['sensor_id']} and {others:,} near it"


def _hover(row: Row, measure: Measure) -> str:
    return f"<b>{text(_name(row))}</b>: {_value(row, measure)}<br>{text(row['region'])}"


def _value(row: Row, measure: Measure) -> str:
    return f"{number(row[measure.column])}\N{NO-BREAK SPACE}{measure.unit}"
