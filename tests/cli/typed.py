"""What is typed at a prompt, in a folder, where no API can be reached: `etl(home, "run", "spacex")`."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.forks import forks

UNREACHABLE = "http://127.0.0.1:9"  # the discard port: refused at once


def etl(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return forks().run(arguments, home, known(environment), timeout_s=120)


def really(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own, as people have it: for what a fork of a warm process cannot prove."""
    return subprocess.run(
        [sys.executable, "-m", "etl", *arguments],
        cwd=home,
        env=known(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def known(environment: dict[str, str]) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ETL_", "PG"))}
    return clean | {"ETL_SPACEX__BASE_URL": UNREACHABLE, "ETL_HTTP__ATTEMPTS": "1"} | environment
