"""The page as a process of its own, in a place where it cannot write a byte to any file."""

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).parents[3]


class Served:
    """What the process printed, and where it answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.printed = ""
        self.address = ""
        self.session = requests.Session()
        self.session.trust_env = False

    def wait(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed += line
            if found := re.search(r"(http://\S+)/mosaic/", self.printed):
                self.address = found[1]
                return
        raise AssertionError(f"It ended: {self.printed}")

    def get(self, path: str, **options: object) -> requests.Response:
        return self.session.get(f"{self.address}{path}", timeout=60, **options)  # type: ignore[arg-type]

    def send(self, data: bytes, kind: str = "image/png") -> requests.Response:
        return self.session.post(f"{self.address}/v1/mosaics", data, headers={"Content-Type": kind}, timeout=60)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        self.printed += rest
        return self.process.returncode


def _write_nothing() -> None:
    """As root, folders that one may not write to do not exist: this holds for everybody."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@contextmanager
def serving(place: Path, *arguments: str) -> Iterator[Served]:
    """Run it in an empty folder that is also its home and its place for temporary files."""
    place.mkdir()
    environment = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    folders = {"HOME": str(place), "TMPDIR": str(place), "XDG_CACHE_HOME": str(place)}
    process = subprocess.Popen(
        [sys.executable, "-m", "enrichment.mosaic", "--port", "0", *arguments],
        cwd=place,
        env={**environment, **folders},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_write_nothing,
    )
    served = Served(process)
    try:
        served.wait()
        yield served
    finally:
        process.kill()
        process.wait()
        served.session.close()
        if process.stdout:
            process.stdout.close()
