"""The embedded Postgres as a process: what it takes, and its sudden death."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil


def of(data: Path) -> psutil.Process:
    """The server of a data folder. Raises: OSError or psutil.NoSuchProcess if it is down."""
    return psutil.Process(int((data / "postmaster.pid").read_text().split("\n")[0]))


def kill(data: Path) -> None:
    """As the kernel does when memory runs out: the server recovers from its log at its next start."""
    server = of(data)
    processes = [server, *server.children()]
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # one may have ended by itself
            process.kill()
    psutil.wait_procs(processes)
