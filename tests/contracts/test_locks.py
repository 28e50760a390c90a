"""What the lock files must say for pip, uv or any other installer to install the same from them."""

import importlib.metadata
import re

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT

LOCKED = re.compile(r"^([\w.-]+(?:\[[^\]]*\])?)==", re.MULTILINE)
FILES = ["etl/requirements.txt", "etl/requirements-image.txt", "etl/requirements-spark.txt", "tests/requirements.txt"]


def locked(file: str) -> dict[str, set[str]]:
    """By package, the extras that a lock file names."""
    found = (Requirement(line) for line in LOCKED.findall((ROOT / file).read_text()))
    return {requirement.name.lower(): requirement.extras for requirement in found}


@pytest.mark.parametrize("file", FILES)
def test_an_extra_that_a_package_asks_for_is_locked_with_its_hashes(file: str) -> None:
    """Else pip takes the newest release for that extra, and fails on the day there is a newer one than is locked."""
    pins = locked(file)
    forgotten = []
    for name in pins:
        try:
            asked = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # for another system, or another environment
            continue
        for requirement in map(Requirement, asked):
            is_wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if is_wanted and not requirement.extras <= pins.get(requirement.name.lower(), requirement.extras):
                forgotten.append(f"{name} asks for {requirement}")
    assert not forgotten
