"""The page of the pictures of the day: how many of which kind, and the latest of them."""

from __future__ import annotations

from etl.report import Chart, Listing, Mark, Report, Row, Rows, Section, Table, figures, words
from etl.report.declaration import Figure
from etl.report.markup import NUMBER, TEXT

KINDS = (("images", "images", "accent"), ("videos", "videos", "hot"), ("others", "other", "quiet"))
CREDITED = 80  # characters of a credit that are shown


def counts(periods: Rows) -> list[str]:
    """How much the page is about."""
    if not periods:
        return [words.plural(0, "picture")]
    first, last = periods[0]["first_picture_date"], periods[-1]["last_picture_date"]
    return [words.plural(_sum(periods, "pictures"), "picture"), f"{words.day(first)} to {words.day(last)}"]


def media_types(periods: Rows) -> Chart | None:
    """A column for each month or year."""
    if not periods:
        return None
    stack = [_bars(periods, column, colour) for column, _, colour in KINDS]
    stack[-1] |= {"hovertext": [_hover(row) for row in periods], "hoverinfo": "text"}
    layout = figures.by_period({"rangemode": "tozero", "nticks": 6}, 320) | {"barmode": "stack"}
    head = [
        (str(periods[0]["unit"]).capitalize(), TEXT),
        *((title, NUMBER) for title in ("Images", "Videos", "Other", "With copyright", "Days without")),
    ]
    columns = ("images", "videos", "others", "with_copyright", "missing_days")
    return Chart(
        figure={"data": stack, "layout": layout},
        message=_message(periods),
        table=Table(head, [(_name(row), *(f"{row[column]:,}" for column in columns)) for row in periods]),
        key=[*(Mark(name, "■", colour) for _, name, colour in KINDS), Mark(f"by {periods[0]['unit']}")],
    )


def latest(pictures: Rows) -> Listing | None:
    """The newest first, each with a link to its page."""
    if not pictures:
        return None
    return Listing(
        ("Day", "Picture", "Media type"),
        [
            (
                words.day(row["picture_date"]),
                str(row["title"]),
                str(row["page_url"]),
                _shortened(str(row["credit"] or "")),
                str(row["media_type"]),
            )
            for row in pictures
        ],
    )


def _message(periods: Rows) -> str:
    pictures, videos, missing = (_sum(periods, column) for column in ("pictures", "videos", "missing_days"))
    without = f"{words.plural(missing, 'day has', 'days have')} none" if missing else "No day is missing"
    return f"{words.percent(videos, pictures)} of {words.plural(pictures, 'picture')} are videos. {without}."


def _hover(row: Row) -> str:
    lines = [f"<b>{_name(row)}</b>: {words.plural(int(row['images']), 'image')}"]
    lines += [f"{row[column]:,} {name}" for column, name, _ in KINDS[1:] if row[column]]
    return "<br>".join([*lines, f"{row['missing_days']:,} without a picture"] if row["missing_days"] else lines)


def _name(row: Row) -> str:
    return words.period(row["period_start_date"], row["unit"])


def _shortened(text: str) -> str:
    return text if len(text) <= CREDITED else f"{text[: CREDITED - 2].rstrip()} …"


def _sum(periods: Rows, column: str) -> int:
    return sum(int(row[column]) for row in periods)


def _bars(periods: Rows, column: str, colour: str) -> Figure:
    starts = [row["period_start_date"] for row in periods]
    return figures.period_bars(starts, periods[0]["unit"], [int(row[column]) for row in periods], colour)


REPORT = Report(
    title="Astronomy pictures of the day",
    lead="What NASA showed day by day: how many images and videos, and the latest of them.",
    counted=("periods",),
    counts=counts,
    sections=(
        Section("media", "Pictures by media type", ("periods",), media_types),
        Section("latest", "The latest pictures", ("latest",), latest),
    ),
    how_made=(
        "The pictures were extracted from the API, typed, audited and published to Postgres in one transaction. "
        "A day has none if it lies between the first and the last picture of its month. Titles link to NASA's pages, "
        "which say how a picture may be used: many are copyrighted by their authors."
    ),
)
