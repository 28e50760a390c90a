"""Pictures that want more memory or time than a picture may: refused in a process that has neither."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.enrichment import pictures

TOO_LARGE, BROKEN = "PictureTooLargeError", "BrokenPictureError"
BOMBS = {
    "PNG of 60,000 × 60,000": TOO_LARGE,
    "PNG of 1 × 2^31": TOO_LARGE,
    "PNG with a text of 20 MB": BROKEN,
    "PNG with a profile of 20 MB": BROKEN,
    "GIF of 200,000 frames": TOO_LARGE,
    "TIFF of 60,000 × 60,000": TOO_LARGE,
    "TIFF with tiles of 2^30": BROKEN,
    "TIFF whose frames never end": BROKEN,
    "WebP of 16,383 × 16,383": TOO_LARGE,
    "JPEG of 65,500 × 65,500": TOO_LARGE,
    "progressive JPEG of 20,000 scans": TOO_LARGE,
}


def outcomes(which: str) -> dict[str, tuple[str, float]]:
    command = [sys.executable, "-m", "tests.enrichment.bombed", which]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: (outcome, seconds) for name, outcome, seconds in map(json.loads, done.stdout.splitlines())}


def test_a_bomb_is_refused_before_it_costs_anything() -> None:
    found = outcomes("bombs")
    assert {name: outcome for name, (outcome, _) in found.items()} == BOMBS
    assert max(seconds for _, seconds in found.values()) < 1


@pytest.mark.thorough
def test_the_most_that_a_picture_may_cost_is_bounded() -> None:
    found = outcomes("heaviest")
    assert set(found) == set(pictures.HEAVIEST)
    assert all(outcome.isdigit() for outcome, _ in found.values()), "each has facts, within the memory it may take"
    assert max(seconds for _, seconds in found.values()) < 10
