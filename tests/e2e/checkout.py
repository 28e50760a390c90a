"""Another checkout of this repository: the same files, some of them edited, with its own `make`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT

VARIABLES = ("SIMULATE=1", "YES=1")
MIGRATION = '''"""A migration that only this checkout has."""

revision = "{number}"
down_revision = "{before}"


def upgrade() -> None:
    """Change nothing, but the version."""
'''


class Checkout:
    """A copy in a folder of its own, with the same environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.check_output(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT
        )
        for name in listed.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def published(self, folder: Path) -> Path:
        """A clone of it in another folder, as somebody has it who will run `git pull`; with the same environment."""
        self._commit("As it is")
        subprocess.run(["git", "clone", "--quiet", self.folder, folder], check=True)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        for made_from in ("etl/requirements.txt", "tests/requirements.txt", "pyproject.toml"):
            shutil.copystat(ROOT / made_from, folder / made_from)  # or make would make the environment again
        return folder

    def release(self) -> None:
        """What `git pull` in a clone brings from now on."""
        self._commit("What came since")

    def _commit(self, message: str) -> None:
        git = ["git", "-C", str(self.folder), "-c", "user.name=e2e", "-c", "user.email=e2e@example.org"]
        subprocess.run(["git", "init", "--quiet", str(self.folder)], check=True)
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in one of its files."""
        file = self.folder / name
        text = file.read_text()
        assert old in text, f"{name} has no {old}"
        file.write_text(text.replace(old, new))

    def add_migration(self) -> str:
        """One more migration than here, which changes nothing. Returns its version."""
        folder = self.folder / "sql" / "migrations" / "versions"
        before = max(file.name[:4] for file in folder.glob("[0-9]*.py"))
        number = f"{int(before) + 1:04}"
        (folder / f"{number}_nothing.py").write_text(MIGRATION.format(number=number, before=before))
        return number

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What a person types there."""
        command = ["make", "--no-print-directory", *arguments, *VARIABLES]
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )


def up(folder: Path, moment: str, act: Callable[[subprocess.Popen[str]], object]) -> tuple[int, str]:
    """`make up` in a checkout; when a line of its output has these words, act. Returns the exit code and the output."""
    command, said, is_over = ["make", "--no-print-directory", "up", *VARIABLES], [], False
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            said.append(line)
            if moment in line and not is_over:
                is_over = True
                act(running)
        return running.wait(), "".join(said)


def interrupt(running: subprocess.Popen[str]) -> None:
    """Ctrl-C at its terminal."""
    os.killpg(running.pid, signal.SIGINT)
