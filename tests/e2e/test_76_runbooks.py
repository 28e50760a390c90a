"""Every command of every runbook, read out of its page and run on the platform, word for word."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.thorough

BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted((ROOT / "monitoring" / "runbooks").glob("*.md"))
COMMANDS = list(
    dict.fromkeys(
        line for page in PAGES for block in BLOCK.findall(page.read_text()) for line in block.splitlines() if line
    )
)
NOT_RUN = {  # by a part of the command: why
    "port-forward": "it forwards until it is interrupted",
    "make ui": "the same",
    "make test": "it runs elsewhere",
    "docker ": "it cleans the machine of whoever runs this",
    "curl ": "it asks somebody else's server",
    "patch pvc": "a laptop's volumes do not grow",
    "ENRICHMENT": "test_46 installs the service",
    "-n enrichment": "the same",
    "DAG=picture_facts": "it wants that service",
    "alerts-out": "only where alerts are sent somewhere",
    "create secret generic etl": "test_75 makes settings of one's own",
    "patch secret etl": "the same",
}
NOTHING_CRASHED = "previous terminated container"  # what `--previous` answers on a platform that is well


def _is_run(command: str) -> bool:
    return not any(part in command for part in NOT_RUN)


@pytest.mark.parametrize("command", [command for command in COMMANDS if _is_run(command)])
def test_a_command_of_a_runbook_works_as_it_stands_there(command: str, up: str) -> None:
    done = _typed(command)
    print(done.stdout[-1000:])
    assert done.returncode == 0 or ("--previous" in command and NOTHING_CRASHED in done.stderr), done.stderr
    if "rollout restart" in command:  # the next command finds what a person would wait for
        ready = _typed(command.replace("restart", "status"))
        assert ready.returncode == 0, ready.stderr


def test_what_is_not_run_is_in_some_runbook() -> None:
    assert [part for part in NOT_RUN if not any(part in command for command in COMMANDS)] == []


def _typed(command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SIMULATE": "1", "YES": "1"}
    return subprocess.run(command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True)
