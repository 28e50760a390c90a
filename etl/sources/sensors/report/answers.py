"""The extremes in large figures, and what the page counts."""

from __future__ import annotations

from functools import partial

from etl.report import Answer, Row, Rows, words
from etl.report.markup import bold, escape, join, paragraph


def counts(places: Rows, periods: Rows) -> list[str]:
    """How much the page is about."""
    if not places:
        return [words.plural(0, "reading")]
    first, last = words.day(places[0]["first_date"]), words.day(places[0]["last_date"])
    return [
        words.plural(sum(int(row["sensors"]) for row in places), "sensor"),
        words.plural(sum(int(row["readings"]) for row in periods), "reading"),
        f"{first} to {last}",
    ]


def extreme(extremes: Rows, kind: str) -> Row | None:
    """The row of that kind, if there is one."""
    return next((row for row in extremes if row["kind"] == kind), None)


def number(value: float, decimals: int = 1) -> str:
    """`12.5`, with a typographic minus before what is below zero."""
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def degrees(value: float) -> str:
    """`12.5 °C`, which no line break divides."""
    return f"{number(value)}\N{NO-BREAK SPACE}°C"


def _answer(kind: str, colour: str, decimals: int, until: str, extremes: Rows) -> Answer | None:
    found = extreme(extremes, kind)
    if found is None:
        return None
    where = paragraph(join([bold(found["sensor_id"]), escape(found["region"])], " "))
    when = paragraph(escape(until + words.day(found["reading_date"])))
    return Answer(join([where, when]), number(found["value"], decimals), str(found["unit"]), colour)


hottest = partial(_answer, "hottest", "hot", 1, "")
coldest = partial(_answer, "coldest", "accent", 1, "")
wettest = partial(_answer, "wettest", "accent", 1, "")
driest = partial(_answer, "driest", "hot", 0, "until ")
