"""Lock files are complete: they are installed as they are, and nothing is resolved that could change."""

from pathlib import Path

import pytest

from tests.conftest import ROOT

INSTALLERS = [
    ".ci/environment",
    "enrichment/Dockerfile",
    "etl/Dockerfile",
    "etl/emr.Dockerfile",
    "etl/spark.Dockerfile",
]


def commands(file: Path) -> list[str]:
    """The lines that install from a lock file."""
    return [line.strip() for line in file.read_text().splitlines() if "--require-hashes" in line]


@pytest.mark.parametrize("name", INSTALLERS)
def test_a_lock_file_is_installed_without_looking_for_dependencies(name: str) -> None:
    """Where a package asks for another one's extra, some pips take the newest release and then miss its hash."""
    found = commands(ROOT / name)
    assert found
    assert all("--no-deps" in line for line in found)


def test_nothing_else_installs_from_a_lock_file() -> None:
    looked = [
        ROOT / "Makefile",
        *(ROOT / ".ci").iterdir(),
        *ROOT.rglob("*Dockerfile"),
        *(ROOT / ".github").rglob("*.y*ml"),
    ]
    others = [str(file.relative_to(ROOT)) for file in looked if file.is_file() and commands(file)]
    assert sorted(set(others)) == sorted(INSTALLERS)
