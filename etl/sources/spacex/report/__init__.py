"""SpaceX's page: how often a core flew again, and how soon."""

from etl.report import Columns, Report, Section
from etl.report.markup import code, escape, join
from etl.sources.spacex.report import answers, charts
from etl.sources.spacex.report.facts import SOON_DAYS

GAPS = Section("gaps", "Days between two flights of a booster", ("core_reuses",), charts.gaps)
SOON = Section(
    "soon", f"Reused in less than {SOON_DAYS} days", ("core_reuses", "launch_statistics"), answers.soon_ranking
)
BOOSTERS = Section("boosters", "Most reused boosters", ("core_usage", "core_reuses"), charts.boosters)
LANDINGS = Section("landings", "Booster landings over time", ("launch_statistics",), charts.landings)
LAUNCHES = Section("launches", "Launches per year by outcome", ("launch_statistics",), charts.launches)

REPORT = Report(
    title="Boosters that fly again",
    lead="What the published launches say about SpaceX’s first stages: how often a core flew again, and how soon.",
    counted=("launch_statistics", "core_usage", "core_reuses"),
    counts=answers.counts,
    answers=(
        Section("most", "The maximum number of times a core has been reused", ("core_usage",), answers.most_reused),
        Section(
            "quick",
            f"The cores reused in less than {SOON_DAYS} days after their previous launch",
            ("core_usage", "core_reuses"),
            answers.reused_soon,
        ),
    ),
    sections=(GAPS, Columns((SOON,), (BOOSTERS, LANDINGS)), LAUNCHES),
    how_made=(
        "The launches were extracted from the API, typed, audited and published to Postgres in one transaction; "
        "the page shows rows of gold as that run left them. A core counts as reused from its second launch on; "
        "upcoming launches never count. Days are exact time differences, dates are UTC."
    ),
    file="report.html",
    if_empty=join([code("make run"), escape("extracts and publishes the launches, then writes this page again.")], " "),
)
