"""What must hold after a year."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.soak.apis import SOURCES, Apis
from tests.soak.site import Site
from tests.soak.year import Year

FIRST_DAYS = timedelta(days=365)  # that the first run of the sensors reads
GROWTH = 1.5  # of bytes per row or run, and of the CPU seconds of a run, from the second look to the last


@dataclass(frozen=True)
class Claim:
    """A sentence, whether it holds, and the numbers that say so."""

    sentence: str
    holds: bool
    numbers: str


def prove(site: Site, apis: Apis, lived: Year, folder: Path) -> list[Claim]:
    """Each claim, with what was found."""
    contents = site.contents()
    return [
        Claim("Every run ended as it should", not lived.wrong, f"{lived.runs} runs, {len(lived.wrong)} did not"),
        _complete(site),
        _same("made again from bronze, the warehouse is the same", contents, _rebuilt(site, apis, folder)),
        _same(
            "one run over all days, without trouble, gives the same sensors", contents, _at_once(apis, lived, folder)
        ),
        _same("the lake has the same sensors", *site.in_both()),
        *_growth(lived),
        _tidy(site, lived),
    ]


def _complete(site: Site) -> Claim:
    said = site.etl("status").said
    return Claim("No day is missing", "missing" not in said.lower(), "`etl status`")


def _rebuilt(site: Site, apis: Apis, folder: Path) -> dict[str, tuple[int, str]]:
    again = Site(folder / "rebuilt", apis.url, lake=site.lake)
    with again.up():
        for name in SOURCES:
            ended = again.etl("rebuild", name)
            if ended.code:
                raise AssertionError(f"etl rebuild {name}: {ended.said[-2000:]}")
        return again.contents()


def _at_once(apis: Apis, lived: Year, folder: Path) -> dict[str, tuple[int, str]]:
    once = Site(folder / "once", apis.url)
    days = ("--from", str(lived.start - FIRST_DAYS), "--to", str(apis.today))
    with once.up():
        ended = once.etl("run", "sensors", *days)
        if ended.code:
            raise AssertionError(f"etl run sensors: {ended.said[-2000:]}")
        return {name: found for name, found in once.contents().items() if ".sensor" in name}


def _same(sentence: str, here: dict[str, tuple[int, str]], there: dict[str, tuple[int, str]]) -> Claim:
    differ = [
        f"{name}: {here[name][0]:,} and {there[name][0]:,} rows" for name in sorted(there) if here[name] != there[name]
    ]
    rows = sum(rows for rows, _ in there.values())
    return Claim(
        sentence[0].upper() + sentence[1:],
        not differ,
        "; ".join(differ) or f"{len(there)} tables, {rows:,} rows, compared by content",
    )


def _growth(lived: Year) -> list[Claim]:
    first, last = lived.looks[min(1, len(lived.looks) - 1)], lived.looks[-1]
    claims = []
    for what, which in (("warehouse", "row"), ("lake", "run")):  # the lake keeps what each run read
        before, after = (look[what] / look[f"{which}s"] / 1000 for look in (first, last))
        claims.append(
            Claim(
                f"The {what} grows as its {which}s do",
                after <= GROWTH * before,
                f"{before:.3g}, then {after:.3g} kB a {which}",
            )
        )
    for name in SOURCES:
        seconds = lived.cpu_s[name]
        early, late = (statistics.median(part) for part in (seconds[1:31] or seconds, seconds[-30:]))
        claims.append(
            Claim(
                f"A run of {name} costs what it cost",
                late <= GROWTH * early,
                f"{early:.2f} s, then {late:.2f} s of CPU, the server's included",
            )
        )
    return claims


def _tidy(site: Site, lived: Year) -> Claim:
    sizes = site.sizes()
    left = {name: sizes[name] for name in ("running", "staged") if sizes[name]}
    return Claim(
        "Nothing half-done is left but what goes with its extraction: at most a file for each kill",
        not left and sizes["unfinished"] <= lived.kills,
        f"{left or 'no run, no stage'}, {sizes['unfinished']} files of {lived.kills} kills",
    )
