"""The page of near-Earth objects: what passes how closely, and which score deserves attention."""

from etl.report import Columns, Report, Section
from etl.sources.neo.report import answers, charts

REPORT = Report(
    title="Near-Earth objects",
    lead="Asteroids and comets that pass Earth: how closely, how large, and which of them might hit.",
    counted=("passes", "periods"),
    counts=answers.counts,
    answers=(
        Section("closest", "Closest of the next 30 days", ("passes",), answers.closest),
        Section("near", "Closer than the Moon", ("passes",), answers.near),
        Section("riskiest", "Highest on the Palermo scale", ("risks",), answers.riskiest),
        Section("place", "Its rank by a simple score", ("risks",), answers.place),
    ),
    sections=(
        Section("passes", "Passes in lunar distances", ("passes",), charts.passes),
        Columns(
            (Section("scores", "Two scores of the same objects", ("risks",), charts.scores),),
            (Section("attention", "Passes by class of attention", ("periods",), charts.attention),),
        ),
        Section("risks", "The risk list by both scores", ("risks",), answers.ranking),
    ),
    how_made=(
        "Close approaches, the risk list and all objects were extracted from JPL, typed, audited and published to "
        "Postgres in one transaction; the page shows gold and the risk list as that run left them. A lunar distance "
        "(LD) is 384,400 km, between centres. Sizes follow from brightness and an assumed albedo of 0.25 to 0.05. "
        "Times are TDB. The Palermo scale is Sentry’s; the simple score adds size, speed, closeness and a flag, and is "
        "shown for comparison."
    ),
)
