"""Commands without the second that Python needs to import everything: a server imports it once and forks per command.

This file runs as that server. It has imported and never run anything, so each child is as new as a process of its own:
it gets the command's folder, environment and files, and then does what `python -m etl` does, to what is done at exit.
What a fork cannot prove (how Python starts, signals, terminals) is tried by `really` in tests/cli/typed.py.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
LONGEST_REQUEST = 2**20
TIMEOUT = "timeout"
# What commands import only when they need it, from outside of this project.
USED_LATE = ("alembic.command", "plotly.graph_objects", "psutil", "rich.progress")


class Forks:
    """The server of children, seen from a test. Use `forks()`: one is enough for a process."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve()), str(theirs.fileno())],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
                pass_fds=[theirs.fileno()],
            )
        self._one_at_a_time = threading.Lock()

    def run(
        self, arguments: tuple[str, ...], cwd: Path, env: Mapping[str, str], stdin: str = "", timeout_s: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run `etl …`; raises subprocess.TimeoutExpired as subprocess.run does."""
        request = json.dumps(
            {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "timeout_s": timeout_s}
        ).encode()
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            with self._one_at_a_time:
                socket.send_fds(self._ours, [request], [file.fileno() for file in (given, out, err)])
                answer = json.loads(self._ours.recv(LONGEST_REQUEST) or '"the server of commands died"')
            said = [_read(file) for file in (out, err)]
        if answer == TIMEOUT:
            raise subprocess.TimeoutExpired(["etl", *arguments], timeout_s, *said)
        assert isinstance(answer, int), answer
        return subprocess.CompletedProcess(["etl", *arguments], answer, *said)

    def close(self) -> None:
        self._ours.close()  # the server ends when nobody can ask any more
        self._server.wait()


@cache
def forks() -> Forks:
    """The server of this test process, started by the first command."""
    return Forks()


def close() -> None:
    if forks.cache_info().currsize:
        forks().close()
        forks.cache_clear()


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


# The server


def _import_everything() -> None:
    """All of etl but what starts Spark; where a module lies does not matter here."""
    import etl

    with warnings.catch_warnings(action="ignore"):
        for module in pkgutil.walk_packages(etl.__path__, "etl."):
            if "spark" not in module.name and not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        for name in USED_LATE:
            importlib.import_module(name)
    assert threading.active_count() == 1, "a fork would lose the others"


def _serve(asked: socket.socket) -> dict[str, Any] | None:
    """Fork for each request; returns twice: in a child with what it shall do, at the end with None."""
    while True:
        request, files, _, _ = socket.recv_fds(asked, LONGEST_REQUEST, 3)
        if not request:
            return None
        job: dict[str, Any] = json.loads(request)
        # The one other thread is that of Arrow's allocator, which knows how to be forked.
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            child = os.fork()
        if child == 0:
            asked.close()
            _become(job, files)
            return job
        for file in files:
            os.close(file)
        with suppress(BrokenPipeError):
            asked.send(json.dumps(_end_of(child, job["timeout_s"])).encode())


def _become(job: Mapping[str, Any], files: list[int]) -> None:
    """What exec would have set up."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setpgid(0, 0)
    for file, number in zip(files, range(3), strict=True):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        for number, mode, errors in ((0, "r", "strict"), (1, "w", "strict"), (2, "w", "backslashreplace"))
    )
    sys.stderr.reconfigure(line_buffering=True)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    os.environ.clear()
    os.environ.update(job["env"])
    time.tzset()
    os.chdir(job["cwd"])


def _end_of(child: int, timeout_s: float) -> int | str:
    """The exit code, as subprocess reports it; a child that takes too long is killed with all that it started."""
    with os.fdopen(os.pidfd_open(child)) as process:
        has_ended, _, _ = select.select([process], [], [], timeout_s)
    if not has_ended:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if has_ended else TIMEOUT


def _run(arguments: list[str]) -> int:
    """`python -m etl …` in this process: its exit code, once its threads and all that is done at exit have ended."""
    sys.argv = ["etl", *arguments]
    try:
        runpy.run_module("etl", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the tests' end is this server's
    with socket.socket(fileno=int(sys.argv[1])) as _asked:
        _import_everything()
        _job = _serve(_asked)
    if _job is not None:
        os._exit(_run(_job["arguments"]))  # to take everything imported apart costs more than most commands do
