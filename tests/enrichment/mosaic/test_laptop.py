"""`make mosaic`: of the lake's pictures if some may be reused, else of drawn ones; it says which."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.enrichment.mosaic.serving import ROOT, Served

pytestmark = pytest.mark.thorough


def program(file: Path, command: str) -> None:
    file.parent.mkdir(parents=True)
    file.write_text(f"#!/bin/sh\nexec {command}\n")
    file.chmod(0o755)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with both environments, as `make` has them."""
    program(tmp_path / "env/bin/etl", f'{sys.executable} -m etl "$@"')
    program(tmp_path / "env-enrichment/bin/python", f'{sys.executable} "$@"')
    return tmp_path


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ETL_", "PG"))}
    few = {"ETL_APOD__DAYS": "20", "ETL_PICTURE_FACTS__DAYS": "20"}
    return kept | few | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "NO_PROXY": "127.0.0.1"}


def mosaic(home: Path, *arguments: str) -> str:
    """What it prints until it serves."""
    command = [ROOT / ".ci/mosaic", "env", "--port", "0", *arguments]
    process = subprocess.Popen(command, cwd=home, env=environment(), stdout=subprocess.PIPE, text=True)
    served = Served(process)
    try:
        served.wait()
        return served.printed + str(served.get("/v1/mosaics").json()["pictures"])
    finally:
        served.interrupt()


def etl(home: Path, *arguments: str) -> None:
    subprocess.run([home / "env/bin/etl", *arguments], cwd=home, env=environment(), check=True, capture_output=True)


def test_without_a_lake_pictures_are_drawn_and_nothing_is_written(home: Path) -> None:
    said = mosaic(home)
    assert "The pictures are drawn; docs/how-to/mosaic.md says" in said
    assert said.endswith("480")
    assert not (home / ".data").exists()


def test_a_lake_has_the_pictures_once_they_have_facts(home: Path) -> None:
    etl(home, "run", "apod", "--or-simulate")
    said = mosaic(home)
    assert "No picture that may be reused is published" in said
    assert "etl run picture_facts" in said
    assert said.endswith("480")
    etl(home, "run", "picture_facts", "--or-simulate")
    said = mosaic(home)
    assert "drawn" not in said
    assert 0 < int(said.rpartition("\n")[2]) < 20
    assert mosaic(home, "--pool", ".data/mosaic").endswith(said.rpartition("\n")[2])
