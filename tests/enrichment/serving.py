"""The service as it runs: a process of its own, asked over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from enrichment.service import keys
from tests.conftest import ROOT

KEY, OLD_KEY = keys.new(), keys.new()
KEYS = f"tests:{keys.hashed(KEY)},old:{keys.hashed(OLD_KEY)}"


@dataclass
class Service:
    """A running one."""

    process: subprocess.Popen[str]
    url: str
    lines: list[dict[str, Any]] = field(default_factory=list)

    def post(self, path: str = "/v1/images", data: Any = None, key: str | None = KEY, **options: Any) -> Any:
        headers = {"Content-Type": "image/png"} | ({"X-API-Key": key} if key else {}) | options.pop("headers", {})
        if "files" in options or "json" in options:
            headers.pop("Content-Type")
        return requests.post(self.url + path, data=data, headers=headers, timeout=60, **options)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=60)

    def metric(self, line: str) -> float:
        """The value of a sample, by its name and labels as Prometheus writes them."""
        found = [one.rsplit(" ", 1)[1] for one in self.get("/metrics").text.splitlines() if one.startswith(f"{line} ")]
        return float(found[0]) if found else 0.0

    def peak_mb(self) -> float:
        return held_mb(self.process.pid, "VmHWM")


def held_mb(pid: int, what: str) -> float:
    """Memory of a process, of Linux' kinds: `VmRSS` now, `VmHWM` at most so far."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in status if line.startswith(what))


def environment(**settings: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ENRICHMENT_")}
    return kept | {f"ENRICHMENT_{name.upper()}": str(value) for name, value in settings.items()}


@contextmanager
def receiving(folder: Path, **settings: object) -> Iterator[Service]:
    """What receives the pictures of mosaics, on a free port, until the block ends."""
    with running("enrichment.receiver", str(folder), **settings) as started:
        yield started


@contextmanager
def running(*module: str, **settings: object) -> Iterator[Service]:
    """A service on a free port, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", *(module or ("enrichment.service",))],
        cwd=ROOT,
        env=environment(**{"keys": KEYS, "port": 0} | settings),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        first = process.stderr.readline()
        assert '"listening"' in first, first + process.stderr.read()
        service = Service(process, f"http://127.0.0.1:{json.loads(first)['port']}")
        reader = threading.Thread(target=_collect, args=(process.stderr, service.lines), daemon=True)
        reader.start()
        yield service
        process.terminate()
        reader.join(60)
    finally:
        process.terminate()
        process.wait(60)
        process.stderr.close()


def _collect(stream: Any, lines: list[dict[str, Any]]) -> None:
    lines.extend(json.loads(line) for line in stream if line.startswith("{"))
