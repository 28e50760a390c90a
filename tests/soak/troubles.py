"""What happens to a run on a bad day, drawn by a seeded random generator."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass

from etl.simulate.faults import Faults, parse_fault
from tests import postmaster
from tests.soak.site import Ended, Site

# Faults that one of three attempts meets; those that end a run; and those that leave a record out.
PASSING = ("rate_limit=0", "server_error", "unavailable", "cut", "truncated")
LASTING = ("unavailable*", "html*", "truncated*", "server_error*", "empty*", "refusal*")
BROKEN = ("malformed", "duplicate", "null", "nan", "bad_date")
FULL_AT = (50, 3_000)  # bytes of the first file that no longer fits
KINDS = ("passing", "lasting", "broken", "killed", "postgres killed", "disk full")


@dataclass(frozen=True)
class Outcome:
    """A kind of trouble, the fault if it was one, and how the run that met it ended."""

    kind: str
    ended: Ended
    fault: str = ""


class Troubles:
    """Draws one for each run; most runs have none."""

    def __init__(self, seed: int, share: float) -> None:
        self._random = random.Random(seed)
        self._share = share

    def is_away(self) -> bool:
        """Whether the whole platform is down today, so that nothing runs."""
        return self._random.random() < self._share / 5

    def meet(self, site: Site, faults: Faults, command: tuple[str, ...], usual_s: float) -> Outcome:
        """Run the command, with or without trouble; what troubled it is over afterwards."""
        if self._random.random() >= self._share:
            return Outcome("none", site.etl(*command))
        kind = self._random.choice(KINDS)
        moment = self._random.uniform(0.2, max(usual_s, 0.3))
        try:
            if kind == "killed":
                return Outcome(kind, site.etl(*command, dies_after=moment))
            if kind == "postgres killed":
                return Outcome(kind, self._without_postgres(site, command, moment))
            if kind == "disk full":
                with site.up():  # the server has a disk of its own
                    return Outcome(kind, site.etl(*command, disk=self._random.randrange(*FULL_AT)))
            fault = self._random.choice({"passing": PASSING, "lasting": LASTING, "broken": BROKEN}[kind])
            faults.add(parse_fault(fault))
            return Outcome(kind, site.etl(*command), fault)
        finally:
            faults.clear()

    def _without_postgres(self, site: Site, command: tuple[str, ...], moment: float) -> Ended:
        timer = threading.Timer(moment, postmaster.kill, [site.data])
        timer.start()
        try:
            return site.etl(*command)
        finally:
            timer.join()
