"""The closest pass and the worst risk in large figures, the risk list, and what the page counts."""

from __future__ import annotations

from etl.report import Answer, Ranking, Row, Rows, words
from etl.report.markup import bold, escape, join, paragraph

LISTED = 12
SOON_DAYS = 30


def counts(passes: Rows, periods: Rows) -> list[str]:
    """How much the page is about."""
    found = [words.plural(sum(int(row["passes"]) for row in periods), "pass", "passes")]
    return [*found, f"read on {words.day(passes[0]['today'])}"] if passes else found


def closest(passes: Rows) -> Answer | None:
    """The closest of the coming days; the passes come with the closest first."""
    coming = [row for row in passes if 0 <= (row["approach_date"] - row["today"]).days < SOON_DAYS]
    if not coming:
        return Answer(paragraph(escape("No pass within 20 lunar distances is known.")), "0") if passes else None
    first = coming[0]
    what = paragraph(join([bold(name(first)), escape(words.instant(first["approach_at"])[:-4])], " "))
    return Answer(
        join([what, paragraph(escape(f"{size(first)}, at {float(first['velocity_km_s']):.1f} km/s"))]),
        figure(first["miss_distance_ld"]),
        "LD",
        "accent",
    )


def near(passes: Rows) -> Answer | None:
    """How many of the passes shown are closer than the Moon."""
    if not passes:
        return None
    within = [row for row in passes if row["miss_distance_ld"] <= 1]
    first, last = (words.day(pick(row["approach_date"] for row in passes)) for pick in (min, max))
    shown = paragraph(escape(f"from {first} to {last}"))
    return Answer(shown, f"{len(within):,}", "pass" if len(within) == 1 else "passes", "accent")


def riskiest(risks: Rows) -> Answer | None:
    """The first by Palermo of those that pass."""
    if not risks:
        return None
    first = risks[0]
    about = paragraph(escape(f"{chance(first)}, {years(first)}"))
    return Answer(join([paragraph(bold(name(first))), about]), scale(first["palermo_cumulative"]), "", "hot")


def place(risks: Rows) -> Answer | None:
    """Where the simple score ranks it."""
    if not risks:
        return None
    first = risks[0]
    about = f"objects that pass, with a score of {float(first['seed_threat_score']):.3f}"
    return Answer(paragraph(escape(about)), f"{int(first['place']):,}", f"of {int(first['objects']):,}", "hot")


def ranking(risks: Rows) -> Ranking | None:
    """A row per object, the first by Palermo first."""
    if not risks:
        return None
    return Ranking(
        ("Palermo", "Object", "Risk", "Last pass"),
        [
            (
                scale(row["palermo_cumulative"]),
                str(row["designation"]),
                name(row),
                f"{chance(row)}, {years(row)}",
                f"simple score {float(row['seed_threat_score']):.3f}, rank {int(row['place']):,} of "
                f"{int(row['objects']):,}",
                words.day(row["last_pass_date"]),
            )
            for row in risks[:LISTED]
        ],
    )


def name(row: Row) -> str:
    """`99942 Apophis (2004 MN4)`, or `2010 RF12` without the brackets of an object without a number."""
    full = str(row["full_name"])
    return full[1:-1] if full.startswith("(") and full.endswith(")") else full


def figure(distance: float) -> str:
    """A distance to three significant digits, without an exponent: `0.130`, `12.3`."""
    return f"{distance:.3f}" if distance < 1 else f"{distance:.2f}" if distance < 10 else f"{distance:.1f}"


def scale(palermo: float) -> str:
    """With a typographic minus."""
    return f"{palermo:.2f}".replace("-", "\N{MINUS SIGN}")


def size(row: Row) -> str:
    """`84 to 187 m across`, or `1.2 to 2.7 km across`, or that it is unknown."""
    smallest, largest = row["diameter_min_km"], row["diameter_max_km"]
    if smallest is None or largest is None:
        return "of unknown size"
    if largest < 1:
        return f"{1000 * smallest:,.0f} to {1000 * largest:,.0f} m across"
    return f"{smallest:.1f} to {largest:.1f} km across"


def chance(row: Row) -> str:
    """`1 in 2,500`."""
    return f"1 in {round(1 / row['impact_probability']):,}"


def years(row: Row) -> str:
    """`in 2095`, or `2095 to 2122`."""
    first, last = row["first_year"], row["last_year"]
    return f"in {first}" if first == last else f"{first} to {last}"
