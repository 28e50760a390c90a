"""What a command prints can be given to the next one, and its hint fits the command that failed."""

import re
from pathlib import Path

from tests.cli.test_first_steps import etl
from tests.conftest import Simulate


def test_what_a_run_prints_is_what_the_next_command_takes(tmp_path: Path, simulate: Simulate) -> None:
    live = {"ETL_SPACEX__BASE_URL": simulate()}
    run = etl(tmp_path, "run", "spacex", "--report", "/proc/report.html", **live)
    printed = re.search(r"Run (\S+) · extraction (\S+) · spacex · published", run.stdout)
    assert printed, run.stderr
    run_id, extraction_id = printed.groups()
    assert run_id != extraction_id
    assert run_id in etl(tmp_path, "status").stdout

    assert "/proc/report.html cannot be written" in run.stderr
    assert "--to" not in run.stderr, "an option of another command"

    published = etl(tmp_path, "publish", "spacex", "--extraction", extraction_id)
    assert published.returncode == 0, published.stderr
    said = re.search(r"Run (\S+) · extraction (\S+): no changes, the warehouse already holds", published.stdout)
    assert said
    assert said[2] == extraction_id
    assert said[1] in etl(tmp_path, "status").stdout
