"""A process with all its children: how long it took, and how much memory they held together at most."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 0.1
WATCHING = 1 / 50  # of the time at most: a look at a process of a GB takes 10 ms
PROC = Path("/proc")
NOT_OURS = "postgres"  # the embedded server; what it may hold is in its configuration
PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What came of it. `peak_bytes`: pages that several of them share count once (PSS); 0 where there is no /proc."""

    seconds: float
    peak_bytes: int
    exit_code: int
    out: str
    err: str


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> Ran:
    """Run a program to its end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begin = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=out, stderr=err)
        watch = _Watch(process.pid)
        watch.start()
        try:
            exit_code = process.wait()
            seconds = time.perf_counter() - begin
        finally:
            watch.end()
            process.kill()
        out.seek(0), err.seek(0)
        return Ran(seconds, watch.peak, exit_code, out.read(), err.read())


class _Watch(threading.Thread):
    """Looks at a process and its children again and again."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._pid = pid
        self._is_over = threading.Event()

    def run(self) -> None:
        pause = EVERY_S
        while not self._is_over.wait(pause):
            begin = time.thread_time()
            self.peak = max(self.peak, sum(map(_bytes, _tree(self._pid))))
            pause = max(EVERY_S, (time.thread_time() - begin) / WATCHING)

    def end(self) -> None:
        self._is_over.set()
        self.join()


def _tree(root: int) -> Iterator[int]:
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        with suppress(OSError):
            folder = PROC / str(pid)
            if (folder / "comm").read_text().strip() == NOT_OURS:
                continue
            yield pid
            for children in folder.glob("task/*/children"):
                waiting += map(int, children.read_text().split())


def _bytes(pid: int) -> int:
    with suppress(OSError):
        return sum(int(found) for found in PSS.findall((PROC / str(pid) / "smaps_rollup").read_text())) * 1024
    return 0


def clean_environment() -> dict[str, str]:
    """Nothing of ours, so that settings are the defaults."""
    names = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "XDG_RUNTIME_DIR")
    return {name: os.environ[name] for name in names if name in os.environ}
