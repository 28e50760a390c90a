"""The page of the rovers' photos: how many each took, and the latest of them."""

from __future__ import annotations

from datetime import date

from etl.report import Chart, Listing, Mark, Report, Row, Rows, Section, Table, words
from etl.report.declaration import Figure
from etl.report.markup import NUMBER, TEXT

COLOURS = (("curiosity", "accent"), ("perseverance", "hot"))
PERIODS = {"month": ("M1", "%b %Y"), "year": ("M12", "%Y")}  # for Plotly, and for people
A_DAY_MS = 86_400_000


def counts(periods: Rows) -> list[str]:
    """How much the page is about."""
    if not periods:
        return [words.plural(0, "photo")]
    first = min(row["first_taken_date"] for row in periods)
    last = max(row["last_taken_date"] for row in periods)
    return [words.plural(_sum(periods, "photos"), "photo"), f"{words.day(first)} to {words.day(last)}"]


def activity(periods: Rows) -> Chart | None:
    """A column for each day, month or year, stacked by rover."""
    if not periods:
        return None
    unit = str(periods[0]["unit"])
    head = [
        (unit.capitalize(), TEXT),
        ("Rover", TEXT),
        *((title, NUMBER) for title in ("Photos", "Thumbnails", "Days with photos")),
    ]
    columns = ("photos", "thumbnails", "days")
    return Chart(
        figure={"data": [_bars(periods, *rover) for rover in COLOURS], "layout": _layout()},
        message=_message(periods),
        table=Table(head, [(_name(row), _rover(row), *(f"{row[column]:,}" for column in columns)) for row in periods]),
        key=[*(Mark(rover.capitalize(), "■", colour) for rover, colour in COLOURS), Mark(f"by {unit}")],
    )


def latest(photos: Rows) -> Listing | None:
    """The newest first, each with a link to its page."""
    if not photos:
        return None
    return Listing(
        ("Day", "Photo", "Camera"),
        [
            (
                words.day(row["taken_date"]),
                str(row["title"] or f"Sol {row['sol']}"),
                str(row["page_url"]),
                str(row["credit"] or ""),
                f"{_rover(row)}, {row['camera_family']}",
            )
            for row in photos
        ],
    )


def _message(periods: Rows) -> str:
    said = [
        f"{words.plural(photos, 'photo')} on {words.plural(_sum(of, 'days'), 'day')} by {rover.capitalize()}"
        for rover, _ in COLOURS
        if (photos := _sum(of := [row for row in periods if row["rover"] == rover], "photos"))
    ]
    thumbnails = words.plural(_sum(periods, "thumbnails"), "thumbnail")
    return f"{', '.join(said) or 'No photos'}; also {thumbnails}."


def _bars(periods: Rows, rover: str, colour: str) -> Figure:
    rows = [row for row in periods if row["rover"] == rover]
    unit = str(periods[0]["unit"])
    return {
        "type": "bar",
        "x": [f"{row['period_start_date']:%Y-%m-%d}" for row in rows],
        "xperiod": A_DAY_MS if unit == "day" else PERIODS[unit][0],
        "xperiodalignment": "middle",
        "y": [int(row["photos"]) for row in rows],
        "marker": {"color": f"var(--{colour})"},
        "hovertext": [_hover(row) for row in rows],
        "hoverinfo": "text",
    }


def _hover(row: Row) -> str:
    photos, thumbnails = (words.plural(int(row[f"{kind}s"]), kind) for kind in ("photo", "thumbnail"))
    return f"<b>{_rover(row)}, {_name(row)}</b>: {photos}<br>{thumbnails}"


def _name(row: Row) -> str:
    """`4 May 2024`, `May 2024`, or `2024`."""
    start: date = row["period_start_date"]
    return words.day(start) if row["unit"] == "day" else start.strftime(PERIODS[str(row["unit"])][1])


def _rover(row: Row) -> str:
    return str(row["rover"]).capitalize()


def _sum(periods: Rows, column: str) -> int:
    return sum(int(row[column]) for row in periods)


def _layout() -> Figure:
    return {
        "xaxis": {"type": "date", "showgrid": False},
        "yaxis": {"rangemode": "tozero", "nticks": 6},
        "barmode": "stack",
        "bargap": 0.2,
        "height": 320,
        "margin": {"t": 16, "r": 32, "b": 36, "l": 44},  # room for a date at the end
    }


REPORT = Report(
    title="Photos from Mars",
    lead="What the rovers Curiosity and Perseverance photographed: how many photos on which days, and the latest.",
    counted=("periods",),
    counts=counts,
    sections=(
        Section("activity", "Photos by rover", ("periods",), activity),
        Section("latest", "The latest photos", ("latest",), latest),
    ),
    how_made=(
        "The photos were extracted from NASA's two feeds sol by sol, typed, audited and published to Postgres in one "
        "transaction. Days are those on Earth, UTC. Thumbnails are small copies that are sent ahead; they are not "
        "counted as photos. Every 26 months the Sun is between Mars and Earth, and no photo arrives for two weeks. "
        "Titles link to NASA's pages: credit NASA/JPL-Caltech and anyone else that a photo names."
    ),
)
