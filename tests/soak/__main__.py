"""A year in an hour: `python -m tests.soak [--days 365] [--seed 1]`; writes docs/soak.md.

Days pass as quickly as runs end. The APIs are late, wrong or down; processes and Postgres are killed; some days nothing
runs. In the end nothing may be missing, nothing may have drifted, and only the data may have grown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from tests.conftest import ROOT
from tests.soak import apis, page, proof, year
from tests.soak.site import Site
from tests.soak.troubles import Troubles

START = date(2023, 10, 2)
PAGE = ROOT / "docs" / "soak.md"


def main() -> None:
    """Live the year, prove what must hold, write the page; exit code 1 if something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.15, help="share of runs that meet trouble")
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as made, apis.serve() as served:
        site = Site(Path(made) / "site", served.url)
        with site.up():
            lived = year.live(site, served, Troubles(given.seed, given.share), START, given.days, given.seed)
            proven = proof.prove(site, served, lived, Path(made))
    text = page.render(lived, proven, time.monotonic() - begun)
    if given.days >= 365:
        PAGE.write_text(text, encoding="utf-8")
    print(text)
    sys.exit(bool(lived.wrong or not all(one.holds for one in proven)))


if __name__ == "__main__":
    main()
