"""Sentences and numbers as a reader meets them, always computed from the data."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, date, datetime

from etl.report.facts import SOON_DAYS, TOP_CORES, Facts, Row, core_name


def plural(number: int, one: str, many: str | None = None) -> str:
    """`1 launch`, `187 launches`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(part: int, whole: int) -> str:
    """A whole percentage that says 100% (or 0%) only if it is exactly that."""
    share = 100 * part / whole
    return f"{share:.0f}%" if part in (0, whole) else f"{min(max(round(share), 1), 99)}%"


def days(value: float) -> str:
    """Days with one decimal; 49.97 is less than 50 and reads as 49.9."""
    return f"{math.floor(value * 10) / 10 if value < SOON_DAYS <= round(value, 1) else value:.1f}"


def day(value: date) -> str:
    """`4 Jun 2010`, in UTC."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC)
    return f"{value.day} {value:%b %Y}"


def instant(value: datetime) -> str:
    """`4 Jun 2010, 18:45 UTC`."""
    value = value.astimezone(UTC)
    return f"{day(value)}, {value:%H:%M} UTC"


def listing(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def about_launches(facts: Facts) -> str:
    """How many launches there were, how they ended, and the busiest year."""
    successes, failures = (sum(getattr(y, name) for y in facts.years) for name in ("successes", "failures"))
    not_known = facts.launches - successes - failures
    busiest = max(facts.years, key=lambda year: year.launches)
    outcomes = [f"{successes:,} succeeded", f"{failures:,} failed"]
    if not_known:
        outcomes.append(f"the outcome of {not_known:,} is not known")
    return (
        f"Of {plural(facts.launches, 'launch', 'launches')} since {facts.years[0].year}, {listing(outcomes)}. "
        f"The busiest year was {busiest.year} with {plural(busiest.launches, 'launch', 'launches')}."
    )


def about_boosters(facts: Facts) -> str:
    """How many boosters flew again, and how much of all reuse is due to the few on the chart."""
    top = facts.cores[:TOP_CORES]
    flown_again = sum(row["reuses"] > 0 for row in facts.cores)
    return (
        f"{flown_again:,} of {plural(len(facts.cores), 'booster')} flew more than once. "
        f"{_these(len(top))} {sum(int(row['reuses']) for row in top):,} "
        f"of all {plural(len(facts.core_reuses), 'reuse')}."
    )


def _these(number: int) -> str:
    return "This one accounts for" if number == 1 else f"These {number} account for"


def about_gaps(facts: Facts) -> str:
    """How many reuses came within 50 days, and the quickest."""
    share = f"{len(facts.soon):,} of {plural(len(facts.core_reuses), 'reuse')}"
    sentence = f"{share} came less than {SOON_DAYS} days after the previous launch of the booster."
    quickest = min(facts.reuses, key=lambda row: float(row["days_since_previous"]))
    return (
        f"{sentence} The quickest: {_unbroken(core_name(quickest))} flew {quickest['launch_name']} "
        f"{days(quickest['days_since_previous'])} days after {quickest['previous_launch_name']}."
    )


def _unbroken(name: str) -> str:
    return name.replace("…", "…\N{WORD JOINER}")


def about_landings(facts: Facts) -> str:
    """How many landings were tried and made, in all and in the last year that has any."""
    years = [year for year in facts.years if year.landings_tried]
    tried, made = sum(y.landings_tried for y in years), sum(y.landings_made for y in years)
    last = years[-1]
    return (
        f"Boosters made {made:,} of {plural(tried, 'landing')} they tried ({percent(made, tried)}); "
        f"in {last.year} it was {last.landings_made:,} of {last.landings_tried:,} "
        f"({percent(last.landings_made, last.landings_tried)})."
    )


def about_record(facts: Facts) -> str:
    """When the record holder flew; where several share the record, how many."""
    holders = facts.record_holders
    flights = int(holders[0]["launches"])
    if len(holders) > 1:
        return f"{len(holders):,} cores share it, each flown {plural(flights, 'time')}."
    first, last = holders[0]["first_launch_date"], holders[0]["last_launch_date"]
    return f"It flew {plural(flights, 'time')} between {day(first)} and {day(last)}."


def soon_by_core(facts: Facts) -> list[tuple[Row, int]]:
    """Cores with a reuse in less than 50 days and how many of them, most first."""
    counts = Counter(row["core_id"] for row in facts.soon)
    one_row = {row["core_id"]: row for row in facts.soon}
    return [(one_row[core_id], count) for core_id, count in counts.most_common()]
