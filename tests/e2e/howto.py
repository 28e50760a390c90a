"""A how-to as somebody follows it: its commands, read out of the page."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.conftest import ROOT
from tests.e2e import kube

PLACE = ("exec", "--namespace=data-platform", "job/restore", "--", "bash", "-c")
IN_PLACE = ("restore ", "psql ")
NOT_HERE = "kubectl -n data-platform exec -it "  # the next lines are for that shell


def commands(page: str, section: str) -> list[str]:
    """The lines in the code blocks below a heading of docs/how-to/."""
    text = (ROOT / "docs" / "how-to" / page).read_text()
    [body] = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return [
        line for block in re.findall(r"^```\n(.*?)^```$", body, re.MULTILINE | re.DOTALL) for line in block.splitlines()
    ]


def follow(page: str, section: str, replaced: Mapping[str, str], checkout: Path = ROOT) -> str:
    """Run each of them where the page says, with its examples replaced; each must succeed. Returns what they said."""
    return run(commands(page, section), replaced, checkout)


def run(lines: Iterable[str], replaced: Mapping[str, str], checkout: Path = ROOT) -> str:
    """Some of them, as `follow` does."""
    said = []
    for line in lines:
        command = line
        for example, real in replaced.items():
            command = command.replace(example, real)
        print(f"$ {command}", flush=True)
        if command.startswith(NOT_HERE):
            continue
        if command.startswith(IN_PLACE):
            said.append(kube.kubectl(*PLACE, command))
            continue
        environment = {**os.environ, "SIMULATE": "1", "YES": "1"}
        done = subprocess.run(command, shell=True, cwd=checkout, env=environment, capture_output=True, text=True)
        print(done.stdout[-2000:])
        assert done.returncode == 0, f"{command}: {done.stderr}"
        said.append(done.stdout)
    return "".join(said)
