"""A lake that an earlier version made is read by this one."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import AtHome


def as_the_first_version_kept_it(lake: Path) -> None:
    """One file for each table, beside those of other extractions; pages by their names alone; other words."""
    for note in lake.glob("silver/_runs/*/*.json"):
        told = json.loads(note.read_text())
        for files in told.pop("files").values():
            for file in map(lake.joinpath, files):
                file.rename(file.parent.parent / f"part-{file.parent.name}.parquet")
        for file in map(lake.joinpath, told.pop("quarantine")):
            file.rename(file.parent.parent / f"{file.parent.name}.jsonl")
        del told["holds"]
        note.write_text(json.dumps({"run_id": told.pop("extraction_id"), **told}))
    for manifest in lake.glob("bronze/*/*/*/manifest.json"):
        told = json.loads(manifest.read_text())
        pages = [page | {"file": Path(page["file"]).name} for page in told["pages"]]
        for page in pages:
            del page["about"]
        kept = ("endpoint", "origin", "interval", "host", "pid", "at")
        first = {"run_id": told["extraction_id"], "pages": pages} | {name: told[name] for name in kept}
        manifest.write_text(json.dumps(first))


@pytest.mark.thorough
def test_a_lake_of_the_first_version_is_read_listed_and_transformed_again(at_home: AtHome, tmp_path: Path) -> None:
    assert at_home("run", "spacex", "--or-simulate").returncode == 0
    answers = at_home("ask").stdout
    assert "25 rows" in answers
    as_the_first_version_kept_it(tmp_path / ".data" / "lake")
    for command in (("lake", "ls"), ("lake", "expire", "--older-than", "0d", "--plan"), ("transform", "spacex")):
        done = at_home(*command)
        assert done.returncode == os.EX_OK, done.stderr
    assert "no changes" in at_home("publish", "spacex", "--destination", "both").stdout
    assert at_home("ask", "--on", "lake").stdout == answers
