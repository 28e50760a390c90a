"""Where the simulated AWS is, and what stands for what it cannot be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.aws.cloud.certificate import CERTIFICATE

REGION = "eu-central-1"


@dataclass(frozen=True)
class Place:
    """Addresses of the server and its folder, in which tests leave `stand-ins.json` and find `tasks.log`."""

    folder: Path
    http: str
    https: str

    @property
    def certificate(self) -> Path:
        return self.folder / CERTIFICATE

    def stand_ins(self) -> Mapping[str, str]:
        """Environment variables whose value in a task gives way to that of a test: where the warehouse really is."""
        file = self.folder / "stand-ins.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def note(self, line: str) -> None:
        """Write a line into the log of tasks."""
        with (self.folder / "tasks.log").open("a") as log:
            log.write(f"{line}\n")
