"""What a command prints can be given to the next one, and its hint fits the command that failed."""

import re

from tests.cli.conftest import AtHome
from tests.conftest import Simulate


def test_what_a_run_prints_is_what_the_next_command_takes(at_home: AtHome, simulate: Simulate) -> None:
    live = {"ETL_SPACEX__BASE_URL": simulate()}
    run = at_home("run", "spacex", "--report", "/proc/report.html", **live)
    printed = re.search(r"Run (\S+) · extraction (\S+) · spacex · published", run.stdout)
    assert printed, run.stderr
    run_id, extraction_id = printed.groups()
    assert run_id != extraction_id
    assert run_id in at_home("status").stdout

    assert "/proc/report.html cannot be written" in run.stderr
    assert "--to" not in run.stderr, "an option of another command"

    published = at_home("publish", "spacex", "--extraction", extraction_id)
    assert published.returncode == 0, published.stderr
    said = re.search(r"Run (\S+) · extraction (\S+): no changes, the warehouse already holds", published.stdout)
    assert said
    assert said[2] == extraction_id
    assert said[1] in at_home("status").stdout
