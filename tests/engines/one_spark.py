"""One Spark that all workers of a test run share: the first starts it, and it ends with the last."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.object_store import KEYS

AUTHKEY = b"of these tests alone"
START_WITHIN_S = 300
# What tasks see, too, as they are started by the first of all tests; so little work is not worth compiling well.
ENVIRONMENT = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1", "PYTHONPATH": str(ROOT), **KEYS}


def without_java() -> str | None:
    """Why Spark cannot run here; None: it can."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(f"{home}/bin/java" if home else "java")
    told = subprocess.run([java, "-version"], capture_output=True, text=True).stderr if java else ""
    found = re.search(r'version "(\d+)', told)
    if found and int(found[1]) >= 17:
        return None
    here = f"here is {found[1]}" if found else "there is none here"
    return f"needs Java 17 or newer, {here} (Debian: apt install default-jre-headless)"


class OneSpark:
    """Has functions called where Spark runs: `one_spark(function, …)` returns what it returns, or raises."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        port = int((self._folder / "port").read_text())
        with Client(("127.0.0.1", port), authkey=AUTHKEY) as connection:
            connection.send((function, arguments))
            went_well, outcome = connection.recv()
        if not went_well:
            raise outcome
        return outcome


@contextmanager
def one_spark(folder: Path) -> Iterator[OneSpark]:
    """The one of this folder, a process of its own: its warnings are not ours."""
    folder.mkdir(exist_ok=True)
    with (folder / "users").open("w") as users, (folder / "lock").open("w") as lock:
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "port").is_file():
            _start(folder)
        fcntl.flock(lock, fcntl.LOCK_UN)
        yield OneSpark(folder)


def _start(folder: Path) -> None:
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engines.spark", folder],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + START_WITHIN_S
    while not (folder / "port").is_file():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"Spark did not start: {(folder / 'log.txt').read_text()}")
        time.sleep(0.1)
    process.returncode = 0  # it outlives this worker if it must; nobody waits for it
