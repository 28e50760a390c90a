"""docs/how-to/add-a-source.md, followed word for word in a copy of the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from etl.postgres import embedded
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "how-to" / "add-a-source.md"
FOLDERS = ("charts", "dags", "docs", "enrichment", "etl", "k8s", "monitoring", "sql", "tests")
FILES = ("Makefile", "pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")
BLOCK = re.compile(r"^(In )?`(\S+)`:?\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROWS, HARBOURS = 180, 3
QUICK = {"ETL_HTTP__ATTEMPTS": "1", "ETL_TIDES__BASE_URL": "http://127.0.0.1:9"}
KEPT = ("PATH", "HOME", "LANG", "XDG_RUNTIME_DIR")  # but nothing of coverage: the copy is gone when it reports


@dataclass(frozen=True)
class Block:
    """A file as the page shows it, or changes of one."""

    file: str
    is_change: bool
    text: str


def blocks() -> list[Block]:
    return [Block(file, bool(change), text) for change, file, _language, text in BLOCK.findall(PAGE.read_text())]


def changed(before: str, change: str) -> str:
    """A text with the lines that begin with - replaced by those with +; all but the latter stand there once."""
    lines = change.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert before.count(old) == 1, f"{PAGE.name} changes lines that are not there, or not just once:\n{old}"
    return before.replace(old, new)


@dataclass(frozen=True)
class Copy:
    """The repository with the page's source in it."""

    root: Path
    added: tuple[str, ...]

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.root,
            env=_environment() | settings,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def well(self, *words: str, **settings: str) -> str:
        """What a command prints that must end well."""
        done = self.run(*words, **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def simulator(self, *arguments: str) -> Iterator[dict[str, str]]:
        """The simulator in a process of its own; yields the setting that leads to it."""
        command = [sys.executable, "-m", "etl", "simulate", "tides", "--port", "0", *arguments]
        with subprocess.Popen(command, cwd=self.root, env=_environment(), stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield {"ETL_TIDES__BASE_URL": process.stdout.readline().rpartition(" ")[2].strip()}
            finally:
                process.terminate()


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ} | QUICK


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    root = tmp_path_factory.mktemp("copy")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    for name in FILES:
        shutil.copy(ROOT / name, root)
    newest = max(int(file.name[:4]) for file in (root / "sql/migrations/versions").glob("[0-9]*.py"))
    added = []
    for block in blocks():
        file = root / block.file.replace("NNNN", f"{newest + 1:04}")
        text = block.text.replace("NNNN", f"{newest + 1:04}").replace("MMMM", f"{newest:04}")
        assert file.is_file() is block.is_change, f"{block.file}: a new file, or changes of one that is there"
        file.parent.mkdir(exist_ok=True)
        file.write_text(changed(file.read_text(), text) if block.is_change else text)
        added.append(str(file.relative_to(root)))
    with embedded.server(root / ".data" / "postgres"):  # else each command starts and stops it
        yield Copy(root, tuple(dict.fromkeys(added)))


def test_the_page_shows_whole_files_and_changes_of_others() -> None:
    fences = re.findall(r"^```(python|sql|diff)$", PAGE.read_text(), re.MULTILINE)
    assert len(blocks()) == len(fences) > 15


@pytest.mark.thorough
def test_a_table_that_the_catalogue_does_not_know_is_noticed_until_it_is_written_again(copy: Copy) -> None:
    assert "run `make catalogue`" in copy.run("etl.catalogue", "--check").stderr
    copy.well("etl.catalogue")
    copy.well("etl.catalogue", "--check")
    assert "### gold.tides_harbours" in (copy.root / "docs/data-catalogue.md").read_text()
    assert "tides" not in (ROOT / "docs/data-catalogue.md").read_text(), "what runs is the copy"


# What step 7 of the page says


@pytest.mark.thorough
def test_it_is_published_and_asked_of_warehouse_and_lake(copy: Copy) -> None:
    ran = copy.well("etl", "run", "tides", "--or-simulate")
    assert "does not answer: this run reads the built-in simulator, made-up high waters of May 2024." in ran
    assert re.search(rf"{ROWS}\s+{ROWS}\s+0\s+{ROWS + HARBOURS}", ran)

    assert (copy.root / ".data" / "report-tides.html").as_uri() in copy.well("etl", "report", "tides")
    answer = copy.well("etl", "ask", "highest_waters")
    assert "How high did the water stand at each harbour" in answer
    assert answer in ran
    copy.well("etl", "publish", "tides", "--destination", "lake")
    assert copy.well("etl", "ask", "highest_waters", "--on", "lake") == answer


@pytest.mark.thorough
def test_what_the_simulator_serves_wrong_is_refused_and_readers_see_what_was_there(copy: Copy, tmp_path: Path) -> None:
    own = {"ETL_WAREHOUSE__EMBEDDED": str(tmp_path / "postgres"), "ETL_LAKE__URL": str(tmp_path / "lake")}
    with embedded.server(tmp_path / "postgres"):

        def published() -> list[str]:
            query = "select * from silver.tides_high_waters order by high_water_id"
            return copy.well("etl", "psql", "-At", "-c", query, **own).splitlines()

        with copy.simulator("--fault", "malformed*") as url:
            copy.well("etl", "run", "tides", **url, **own)
        before = published()
        assert len(before) == ROWS - 1
        waiting = copy.well("etl", "quarantine", "list", "--json", **own)
        assert json.loads(waiting)["reason"] == "id: Input should be a valid string"

        with copy.simulator("--fault", "duplicate*") as url:
            refused = copy.run("etl", "run", "tides", **url, **own)
        assert refused.returncode == os.EX_DATAERR
        assert "Audit tides_high_waters.keys_unique found 1 row that must not exist" in refused.stderr
        assert published() == before


# What `make test` and `make lint` say


@pytest.mark.thorough  # hundreds of tests, a second time
def test_the_contracts_hold_and_the_tests_of_the_page_pass(copy: Copy) -> None:
    contracts = ("names", "schedule", "airflow", "sources", "simulators")
    files = (
        *(file for file in copy.added if Path(file).name.startswith("test_tides")),
        *(f"tests/contracts/test_{name}.py" for name in contracts),
        *("tests/engines/test_portable.py", "tests/engines/test_equality.py"),
    )
    # Spark alone takes longer to start than all else here, and rendering a chart wants helm.
    which = f"(tides or {' or '.join(f'test_{name}' for name in contracts)}) and not spark and not address"
    told = copy.well("pytest", "-v", "-p", "no:cacheprovider", "--basetemp", str(copy.root / "t"), "-k", which, *files)
    for name in (
        "test_tides_parsers.py::",
        "test_tides.py::test_no_two_high_waters_at_once",
        "test_a_declared_table_is_the_migrated_one[gold.tides_harbours]",
        "test_every_source_has_a_dag[tides]",
        "test_a_dag_runs_as_often_as_monitoring_expects[tides]",
        "test_a_statement_means_the_same_on_every_engine[gold.tides_harbours]",
        "test_an_engine_of_the_lake_gives_what_postgres_gives[tides-any-gold.tides_harbours-duckdb]",
    ):
        assert name in told


@pytest.mark.thorough  # mypy reads the whole package
def test_the_new_code_is_in_the_house_style_and_typed(copy: Copy) -> None:
    python = [file for file in copy.added if file.endswith(".py")]
    statements = [file for file in copy.added if file.endswith(".sql") and "migrations" not in file]
    copy.well("ruff", "check", "--no-cache", *python)
    copy.well("ruff", "format", "--no-cache", "--check", *python)
    copy.well("sqlfluff", "lint", "--disable-progress-bar", *statements)
    copy.well("mypy", "--cache-dir", str(copy.root / ".mypy_cache"), "-p", "etl.sources.tides")
