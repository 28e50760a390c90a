"""Writes what was measured as docs/benchmarks-enrichment.md."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.bench.page import machine, mark, table, version_of

if TYPE_CHECKING:
    from tests.bench.enrichment import Found, Made

PACKAGES = ("Pillow", "numpy", "fastapi", "uvicorn", "onnxruntime")
RENDITIONS, LARGE = "JPEG, 1,024 × 1,024", "JPEG, 4,000 × 3,000"
MOST_MB, MOST_GROWTH_MB, MOST_S = 400, 40, 3.0
MOST_DELTA_E, LEAST_USED = 14, 0.8


def render(measured: Found) -> str:
    """The page, in Markdown."""
    parts = [_head(measured), _goals(measured), _pictures(measured), _where(measured), _crowd(measured)]
    return "\n".join([*parts, _growth(measured), _mosaics(measured), _squares(measured)])


def _head(measured: Found) -> str:
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := version_of(name)))
    amount = measured.amount
    return f"""# Benchmarks: pictures and mosaics

Written by `make bench-enrichment` (`python -m tests.bench.enrichment`) on {datetime.now(UTC):%Y-%m-%d}.
Do not edit: run it again.

- Machine: {machine()}.
- Python {platform.python_version()}, {versions}.

All pictures are drawn by our own programs, so that anybody can repeat this; what decoders do with them is what they do
with photos of that size. **Ours** is [the service](how-to/facts-about-pictures.md) with its defaults. **The public
way** is [a service of 50 lines](../tests/bench/public_way.py) that does what the public pipeline's does: it decodes
the whole picture, measures all its pixels, remembers nothing and lets nobody wait. It returns four facts, ours twenty.
It gets bytes, too, so no download is in its figures. It has no network for subjects; ours has where the model is named.

Both are processes of their own, asked over HTTP in turns, {amount.rounds} rounds of {amount.pictures} renditions
and {max(1, amount.pictures // 8)} large pictures; no file is sent twice.
"""


def _goals(measured: Found) -> str:
    growth, held = _grown(measured), max(measured.growth.values(), default=0)
    mosaics = [made for made in measured.mosaics if made.way == "ours"]
    slowest = max(mosaics, key=lambda made: made.seconds)
    rows = [
        (
            f"{max(measured.growth):,} mixed pictures: MB held at most",
            f"≤ {MOST_MB}",
            f"{held:.0f}",
            mark(held <= MOST_MB),
        ),
        (
            "and growth after the first hundred, MB",
            f"≤ {MOST_GROWTH_MB}",
            f"{growth:.0f}",
            mark(growth <= MOST_GROWTH_MB),
        ),
        (
            f"{slowest.longer} × {slowest.longer} places, s",
            f"≤ {MOST_S:g}",
            f"{slowest.seconds:.1f}",
            mark(slowest.seconds <= MOST_S),
        ),
        _goal("ΔE76", f"≤ {MOST_DELTA_E}", max(made.delta_e for made in mosaics), is_most=True),
        _goal("share of pictures used", f"≥ {LEAST_USED:.0%}", min(made.share_used for made in mosaics), is_most=False),
        _goal(
            "places that see their own picture within 3",
            "0",
            max(made.share_repeated for made in mosaics),
            is_most=True,
        ),
    ]
    return f"## Goals\n\n{table(('What', 'Goal', 'Measured', 'Reached'), rows)}"


def _most(what: str, goal: float, found: float) -> tuple[str, str, str, str]:
    return what, f"≤ {goal:g}", f"{found:.1f}", mark(found <= goal)


def _goal(what: str, goal: str, worst: float, *, is_most: bool) -> tuple[str, str, str, str]:
    """A goal for every mosaic, and the worst of them."""
    number = goal.strip("≤≥ %")
    bound = float(number) / (100 if "%" in goal else 1)
    shown = f"{worst:.0%}" if "%" in goal else f"{worst:.1f}"
    return f"worst mosaic: {what}", goal, shown, mark(worst <= bound if is_most else worst >= bound)


def _grown(measured: Found) -> float:
    held = list(measured.growth.values())
    return max(held) - held[0] if held else 0.0


def _pictures(measured: Found) -> str:
    rows = [
        (
            f"{kind.name}, {_size(kind.bytes_each)}",
            sent.server,
            f"{sent.pictures / sent.cpu_s:.1f}",
            f"{1 / _median(sent.together_s):.1f}",
            f"{1000 * sent.percentile(0.5):.0f}",
            f"{1000 * sent.percentile(0.95):.0f}",
            f"{sent.peak_mb:.0f}",
        )
        for kind in measured.kinds
        for sent in kind.sent
    ]
    heads = (
        "Pictures",
        "Server",
        "Pictures a second of a core",
        "Pictures a second, 8 senders",
        "p50, ms",
        "p95, ms",
        "Peak, MB",
    )
    again = f"A picture that is known is answered from memory, in {1000 * measured.again_s:.1f} ms (p50).\n"
    about = "p50 and p95 are those of one sender, from the request to the answer. The peak is that of all memory.\n"
    return f"## Pictures\n\n{table(heads, rows)}\n{about}{again}"


def _where(measured: Found) -> str:
    total = sum(measured.steps.values())
    rows = [(step, f"{1000 * seconds:.1f}", f"{seconds / total:.0%}") for step, seconds in measured.steps.items()]
    heads = ("Step", "ms", "Share")
    about = "Of a rendition that one sender sends, as the service's own metrics say:"
    return f"## Where the time goes\n\n{about}\n\n{table(heads, rows)}"


def _crowd(measured: Found) -> str:
    rows = [
        (
            crowd.server,
            ", ".join(f"{number} × {status}" for status, number in sorted(crowd.statuses.items())),
            f"{crowd.seconds:.1f}",
            f"{crowd.peak_mb:.0f}",
        )
        for crowd in measured.crowds
    ]
    heads = ("Server", "Answers", "All answered after, s", "Peak, MB")
    return (
        f"## Fifty at once\n\nFifty senders, each with a picture of 12 megapixels ({LARGE}). Those refused with "
        f"429 are told when to retry.\n\n{table(heads, rows)}"
    )


def _growth(measured: Found) -> str:
    rows = [(f"{number:,}", f"{held:.0f}") for number, held in measured.growth.items()]
    return (
        f"## No growth\n\nWhat the service holds (RSS) after so many pictures of all sizes and formats, among them odd "
        f"and broken ones, no two alike. It remembers what it said about each.\n\n{table(('Pictures', 'MB'), rows)}"
    )


def _mosaics(measured: Found) -> str:
    rows = [
        (
            f"{made.longer} × {made.longer}",
            made.scene,
            made.way,
            f"{made.seconds:.2f}",
            f"{made.delta_e:.1f}",
            f"{made.share_used:.0%}",
            f"{made.most_uses:,}",
            f"{made.share_repeated:.0%}",
        )
        for made in sorted(measured.mosaics, key=_order)
    ]
    heads = ("Places", "Picture", "Way", "Seconds of a core", "ΔE76", "Pictures used", "Uses of one", "Near itself")
    return (
        f"## Mosaics\n\nOf {measured.amount.drawn} pictures that a program draws. The public way takes the nearest "
        "mean colour for each place. ΔE76 is what the eye sees from afar: the less, the liker. *Near itself*: places "
        f"that see their own picture within three places.\n\n{table(heads, rows)}"
    )


def _order(made: Made) -> tuple[int, str, str]:
    return made.longer, made.scene, made.way


def _squares(measured: Found) -> str:
    names = {"drawn": "drawn by a program", "folder": f"files in a folder ({RENDITIONS})"}
    rows = [
        (
            names[built.pool],
            f"{built.pictures:,}",
            f"{built.seconds:.1f}",
            f"{1000 * built.seconds / built.pictures:.1f}",
            f"{built.peak_mb:.0f}",
        )
        for built in measured.atlases
    ]
    heads = ("Pool", "Pictures", "Seconds of a core", "ms each", "Peak, MB")
    return (
        f"## The squares of a pool\n\nMade once for each state of a pool, when the page starts.\n\n{table(heads, rows)}"
    )


def _size(number: float) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e6 else f"{number / 1e3:.0f} kB"


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
