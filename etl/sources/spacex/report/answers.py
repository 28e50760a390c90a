"""The two answers in large figures, the ranking of quick reuses, and what the page counts."""

from __future__ import annotations

from collections import Counter

from etl.report import Answer, Ranking, Row, Rows, words
from etl.report.markup import Html, bold, code, escape, items, join, paragraph
from etl.sources.spacex.report.facts import by_year, core_name, days, most_reused_first, most_reuses, soon


def counts(launch_statistics: Rows, core_usage: Rows, core_reuses: Rows) -> list[str]:
    """How much the page is about."""
    years = by_year(launch_statistics)
    return [
        words.plural(sum(year.launches for year in years), "launch", "launches"),
        words.plural(len(core_usage), "booster"),
        words.plural(len(core_reuses), "reuse"),
        words.plural(sum(year.landings_tried for year in years), "landing") + " tried",
    ]


def most_reused(core_usage: Rows) -> Answer | None:
    """The record and its holders."""
    record = most_reuses(core_usage)
    if record is None:
        return None
    holders = [row for row in most_reused_first(core_usage) if row["reuses"] == record]
    named = join(map(_core_and_id, holders[:3]), "<br>")
    return Answer(join([paragraph(named), paragraph(escape(_about(holders)))]), f"{record:,}")


def _core_and_id(row: Row) -> Html:
    serial = [bold(row["serial"])] if row["serial"] else []
    return join([*serial, code(row["core_id"], "core id")], " ")


def _about(holders: Rows) -> str:
    """When the record holder flew; if several share the record, how many."""
    flights = int(holders[0]["launches"])
    if len(holders) > 1:
        return f"{len(holders):,} cores share it, each flown {words.plural(flights, 'time')}."
    first, last = (words.day(holders[0][column]) for column in ("first_launch_date", "last_launch_date"))
    return f"It flew {words.plural(flights, 'time')} between {first} and {last}."


def reused_soon(core_usage: Rows, core_reuses: Rows) -> Answer | None:
    """How many reuses came within 50 days, and of which cores."""
    if not core_usage:
        return None
    quick = soon(core_reuses)
    if not quick:
        return Answer(paragraph(escape("No core came back that soon.")), "0")
    by_core = Counter(row["core_id"] for row in quick)
    names = {row["core_id"]: core_name(row) for row in quick}
    cores = [join([bold(names[core]), escape(f"×{count}")], " ") for core, count in by_core.most_common()]
    reuses = "reuse" if len(quick) == 1 else "reuses"
    summary = paragraph(escape(f"{reuses} on {words.plural(len(cores), 'core')}:"))
    return Answer(join([summary, items(cores)]), f"{len(quick):,}")


def soon_ranking(core_reuses: Rows, launch_statistics: Rows) -> Ranking | None:
    """A row per quick reuse, the quickest first."""
    if not launch_statistics:
        return None
    return Ranking(
        ("Days", "Core", "Launch", "Launched"),
        [
            (
                days(row["days_since_previous"]),
                core_name(row),
                str(row["core_id"]),
                str(row["launch_name"]),
                f"after {row['previous_launch_name']}",
                words.day(row["launched_at"]),
            )
            for row in soon(core_reuses)
        ],
    )
