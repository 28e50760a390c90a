"""Charts over time: a row of `sql/report/sensors/periods.sql` is a month, or a year where there are many months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from etl.report import Chart, Mark, Row, Rows, Table, figures, words
from etl.report.declaration import Figure
from etl.report.markup import NUMBER, TEXT
from etl.sources.sensors.report.answers import degrees, extreme, number

UNKNOWN = "–"
FEW = 3  # periods that a line alone would hardly show


def temperature(periods: Rows, extremes: Rows) -> Chart | None:
    """All readings as a band, the zones' means as a band within it, the mean of all as a line."""
    known = [row for row in periods if row["temperature_avg"] is not None]
    if not known:
        return None
    mode = "lines+markers" if len(known) < FEW else "lines"
    traces = [
        _line(known, "temperature_min", "accent", mode, width=1),
        _line(known, "temperature_max", "hot", mode, width=1) | _filled("band"),
        _line(known, "coolest_zone_avg", "mid-band", mode, width=0),
        _line(known, "warmest_zone_avg", "mid-band", mode, width=0) | _filled("mid-band"),
        _line(known, "temperature_avg", "ink", mode, width=2) | _hover(known, _temperature_hover),
    ]
    head = [(_period_title(periods), TEXT), *((name, NUMBER) for name in ("Lowest", "Mean", "Highest"))]
    columns = ("temperature_min", "temperature_avg", "temperature_max")
    return Chart(
        figure={"data": traces, "layout": figures.by_period({"ticksuffix": "°", "nticks": 7}, 360)},
        message=_about_temperature(known, extremes),
        table=Table(head, [(_name(row), *(_shown(row[column]) for column in columns)) for row in periods]),
        key=[
            Mark("highest", "—", "hot"),
            Mark("mean", "—", "ink"),
            Mark("means of the zones", "■", "mid-band"),
            Mark("lowest, in °C", "—", "accent"),
        ],
    )


def _about_temperature(known: Rows, extremes: Rows) -> str:
    warmest = max(known, key=lambda row: float(row["temperature_avg"]))
    coldest = min(known, key=lambda row: float(row["temperature_avg"]))
    sentence = f"The mean of {_name(warmest)} was {degrees(warmest['temperature_avg'])}."
    if len(known) > 1:
        sentence = (
            f"The warmest {warmest['unit']} was {_name(warmest)} with a mean of {degrees(warmest['temperature_avg'])},"
            f" the coldest {_name(coldest)} with {degrees(coldest['temperature_avg'])}."
        )
    widest = extreme(extremes, "widest_range")
    if widest is None:
        return sentence
    return (
        f"{sentence} The widest range of a day was {degrees(widest['value'])}, "
        f"at {widest['sensor_id']} on {words.day(widest['reading_date'])}."
    )


def _temperature_hover(row: Row) -> str:
    return (
        f"<b>{_name(row)}</b>: {degrees(row['temperature_avg'])}<br>"
        f"{degrees(row['temperature_min'])} to {degrees(row['temperature_max'])}"
    )


def rain(periods: Rows) -> Chart | None:
    """How much fell on an average sensor."""
    known = [row for row in periods if row["precipitation_mm"] is not None]
    if not known:
        return None
    wettest = max(known, key=lambda row: float(row["precipitation_mm"]))
    total = sum(float(row["precipitation_mm"]) for row in known)
    message = f"An average sensor received {number(total, 0)} mm in all"
    if len(known) > 1:
        message += f"; the wettest {wettest['unit']} was {_name(wettest)} with {number(wettest['precipitation_mm'])} mm"
    bars = _bars(known, [float(row["precipitation_mm"]) for row in known], "accent")
    bars |= _hover(known, lambda row: f"<b>{_name(row)}</b>: {number(row['precipitation_mm'])} mm")
    head = [(_period_title(periods), TEXT), ("mm", NUMBER)]
    return Chart(
        figure={"data": [bars], "layout": figures.by_period({"rangemode": "tozero", "nticks": 6}, 300)},
        message=f"{message}.",
        table=Table(head, [(_name(row), _shown(row["precipitation_mm"])) for row in periods]),
        key=[Mark("mm of water on an average sensor")],
    )


def wet_days(periods: Rows, extremes: Rows) -> Chart | None:
    """The share of days that were wet, dry, or not known."""
    if not periods:
        return None
    stack = [
        _bars(periods, [_share(row["wet_readings"], row) for row in periods], "accent"),
        _bars(periods, [_share(row["precipitation_nulls"], row) for row in periods], "quiet"),
        _bars(periods, [_share(_dry(row), row) for row in periods], "pale") | _hover(periods, _wet_hover),
    ]
    layout = figures.by_period({"range": [0, 100], "ticksuffix": "%", "nticks": 6}, 300) | {"barmode": "stack"}
    head = [(_period_title(periods), TEXT), ("Wet", NUMBER), ("Dry", NUMBER), ("Not known", NUMBER)]
    rows = [
        (
            _name(row),
            *(words.percent(part, row["readings"]) for part in (row["wet_readings"], _dry(row))),
            f"{row['precipitation_nulls']:,}",
        )
        for row in periods
    ]
    return Chart(
        figure={"data": stack, "layout": layout},
        message=_about_wet_days(periods, extremes),
        table=Table(head, rows),
        key=[Mark("wet", "■", "accent"), Mark("not known", "■", "quiet"), Mark("dry", "■", "pale")],
    )


def _about_wet_days(periods: Rows, extremes: Rows) -> str:
    wet = sum(int(row["wet_readings"]) for row in periods)
    known = wet + sum(_dry(row) for row in periods)
    sentence = f"{words.percent(wet, known)} of the days were wet." if known else "No day is known."
    driest = extreme(extremes, "driest")
    if driest is None:
        return sentence
    spell = words.plural(int(driest["value"]), "day")
    until = f"at {driest['sensor_id']} until {words.day(driest['reading_date'])}"
    return f"{sentence} The longest dry spell lasted {spell}, {until}."


def _dry(row: Row) -> int:
    return int(row["readings"]) - int(row["wet_readings"]) - int(row["precipitation_nulls"])


def _wet_hover(row: Row) -> str:
    readings = int(row["readings"])
    lines = [f"<b>{_name(row)}</b>: {words.percent(row['wet_readings'], readings)} wet"]
    lines.append(f"{words.percent(_dry(row), readings)} dry")
    unknown = int(row["precipitation_nulls"])
    return "<br>".join([*lines, f"{unknown:,} not known"] if unknown else lines)


MEASURES = (
    ("temperature_max_nulls", "highest temperature", "hot"),
    ("temperature_min_nulls", "lowest temperature", "accent"),
    ("precipitation_nulls", "precipitation", "quiet"),
)


def quality(periods: Rows) -> Chart | None:
    """Nulls of each measure, per 100 readings."""
    if not periods:
        return None
    stack = [_bars(periods, [_share(row[column], row) for row in periods], colour) for column, _, colour in MEASURES]
    stack[-1] |= _hover(periods, _quality_hover)
    highest = max(map(sum, zip(*(bars["y"] for bars in stack), strict=True)))
    layout = figures.by_period({"range": [0, 1.15 * highest or 1], "nticks": 6}, 300) | {"barmode": "stack"}
    nulls = [name.capitalize() for _, name, _ in MEASURES]
    head = [
        (_period_title(periods), TEXT),
        *((title, NUMBER) for title in ("Readings", "Complete", *nulls, "Quality score")),
    ]
    rows = [
        (
            _name(row),
            f"{row['readings']:,}",
            words.percent(row["complete_readings"], row["readings"]),
            *(f"{row[column]:,}" for column, *_ in MEASURES),
            _shown(row["quality_score_avg"]),
        )
        for row in periods
    ]
    return Chart(
        figure={"data": stack, "layout": layout},
        message=_about_quality(periods),
        table=Table(head, rows),
        key=[*(Mark(name, "■", colour) for _, name, colour in MEASURES), Mark("values not known, per 100 readings")],
    )


def _about_quality(periods: Rows) -> str:
    readings, complete = (sum(int(row[column]) for row in periods) for column in ("readings", "complete_readings"))
    score = sum(float(row["quality_score_avg"]) * row["readings"] for row in periods) / readings
    lacking = [f"{sum(int(row[column]) for row in periods):,} lack the {name}" for column, name, _ in MEASURES]
    return (
        f"{words.percent(complete, readings)} of {words.plural(readings, 'reading')} are complete; "
        f"{words.listing(lacking)}. The mean quality score is {number(score)} of 100."
    )


def _quality_hover(row: Row) -> str:
    lines = [f"<b>{_name(row)}</b>: {words.percent(row['complete_readings'], row['readings'])} complete"]
    return "<br>".join([*lines, *(f"{row[column]:,} without {name}" for column, name, _ in MEASURES if row[column])])


def _name(row: Row) -> str:
    return words.period(row["period_start_date"], row["unit"])


def _period_title(periods: Rows) -> str:
    return str(periods[0]["unit"]).capitalize()


def _shown(value: float | None) -> str:
    return UNKNOWN if value is None else number(value)


def _share(part: int, row: Row) -> float:
    return round(100 * part / int(row["readings"]), 3)


def _starts(periods: Rows) -> list[date]:
    return [row["period_start_date"] for row in periods]


def _line(periods: Rows, column: str, colour: str, mode: str, width: float) -> Figure:
    return {
        "type": "scatter",
        "mode": mode,
        **figures.periods(_starts(periods), periods[0]["unit"]),
        "y": [round(float(row[column]), 2) for row in periods],
        "line": {"color": f"var(--{colour})", "width": width},
        "marker": {"color": f"var(--{colour})", "size": 5},
        "hoverinfo": "skip",
    }


def _filled(colour: str) -> Figure:
    return {"fill": "tonexty", "fillcolor": f"var(--{colour})"}


def _bars(periods: Rows, heights: Sequence[float], colour: str) -> Figure:
    return figures.period_bars(_starts(periods), periods[0]["unit"], [round(height, 3) for height in heights], colour)


def _hover(periods: Rows, text: Callable[[Row], str]) -> Figure:
    return {"hovertext": [text(row) for row in periods], "hoverinfo": "text"}
