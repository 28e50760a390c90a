"""Each name that crosses a folder means the same on both sides."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg2
import pyarrow as pa
import pytest

from etl import settings, sources
from etl.cli import main as cli
from etl.core import errors
from etl.core.source import Listed
from etl.core.tables import Dataset
from etl.postgres.connection import Warehouse
from etl.settings import Settings, SourceSettings
from etl.sources import reports
from etl.sql.statements import statement
from k8s.installer.errors import FailedError
from tests.conftest import ROOT, MakeDatabase
from tests.facts import POSTGRES

SQL = ROOT / "sql"
SOURCES = [sources.load(name) for name in sources.NAMES]
SILVER = {f"silver.{dataset.name}": dataset for source in SOURCES for dataset in source.datasets}
DERIVED = {f"silver/{dataset.name}" for source in SOURCES for dataset in source.derived}
GOLD = {f"gold.{dataset.name}": dataset for source in SOURCES for dataset in source.gold}
TABLES = SILVER | GOLD
DOCUMENTS = [
    file
    for pattern in ("*.md", "docs/**/*.md", "Makefile", ".ci/*", ".github/**/*.y*ml", "etl/Dockerfile", "dags/*.py")
    for file in sorted(ROOT.glob(pattern))
    if file.is_file()
]

documents = pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))


# Settings


@documents
def test_every_variable_in_a_document_is_a_setting(file: Path) -> None:
    known = {name for name, _, _ in settings.names()}
    if file.name == "CHANGELOG.md":  # which says what is no longer used
        known |= settings.RETIRED.keys()
    assert set(re.findall(r"\bETL_[A-Z0-9_]*[A-Z0-9]", file.read_text())) <= known


def test_every_test_that_the_field_reports_name_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "field-reports.md").read_text()))
    code = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    assert named <= set(re.findall(r"^def (test_\w+)", code, re.MULTILINE))


def test_every_source_has_its_group_of_settings() -> None:
    for name in sources.NAMES:
        assert issubclass(Settings.model_fields[name].annotation or object, SourceSettings)


# The command line


def _words(file: Path) -> Iterator[list[str]]:
    """What follows `etl` in code of a document."""
    for code in re.findall(r"`([^`\n]+)`|^    (.+)$|^\$? ?((?:\S+/)?etl .+)$", file.read_text(), re.MULTILINE):
        for words in re.findall(r"(?:^|\s|/)etl ((?:[a-z-]+ ?)+)", " ".join(code)):
            yield words.split()


@documents
def test_every_command_in_a_document_exists(file: Path) -> None:
    if file.suffix != ".md":
        return
    for first, *others in _words(file):
        if first.startswith("-"):  # an option of `etl` itself
            continue
        command = cli.etl.get_command(click.Context(cli.etl), first)
        assert command is not None, f"etl {first}"
        if isinstance(command, click.Group) and others:
            assert others[0] in command.commands, f"etl {first} {others[0]}"


@documents
def test_every_verb_in_a_document_is_in_the_makefile(file: Path) -> None:
    verbs = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    mentioned = re.findall(
        r"`make ([a-z0-9-]+)|^make ([a-z0-9-]+)|^\s+run: make ([a-z0-9-]+)", file.read_text(), re.MULTILINE
    )
    assert {next(filter(None, words)) for words in mentioned} <= verbs


# Exit codes


def test_the_documented_exit_codes_are_those_of_the_errors() -> None:
    file = ROOT / "CONTRIBUTING.md"
    if not file.is_file():
        pytest.skip("there is no CONTRIBUTING.md")
    told = {int(code): rest for code, rest in re.findall(r"^\| (\d+) \|(.*)$", file.read_text(), re.MULTILINE)}
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.PlatformError)
    ]
    assert set(told) == {0} | {kind.exit_code for kind in (*kinds, FailedError)}
    for code, rest in told.items():
        assert ("yes" in rest) is (code == os.EX_TEMPFAIL), f"whether waiting helps with {code}"


@documents
def test_an_exit_code_in_a_sentence_is_one_of_ours(file: Path) -> None:
    known = {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    assert {int(code) for code in re.findall(r"exit code (\d+)", file.read_text())} <= known | {0, 130, 137, 143}


# Tables


@pytest.fixture(scope="module")
def warehouse(make_database: MakeDatabase) -> Iterator[Warehouse]:
    """A migrated warehouse, which is only read here."""
    with make_database() as dsn, Warehouse(dsn, role="etl_loader", lock_timeout_s=10) as session:
        yield session


@pytest.mark.parametrize("table", TABLES)
def test_a_declared_table_is_the_migrated_one(warehouse: Warehouse, table: str) -> None:
    declared = [(c.name, POSTGRES[c.type], c.nullable) for c in TABLES[table].columns]
    columns = warehouse.execute(
        "select attname, format_type(atttypid, atttypmod) as type, not attnotnull as nullable from pg_attribute "
        "where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped order by attnum",
        {"table": table},
    )
    assert [(row["attname"], row["type"], row["nullable"]) for row in columns] == declared
    key = warehouse.execute(
        "select a.attname from pg_index as i cross join unnest(i.indkey::smallint[]) with ordinality as k (n, place) "
        "join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.n "
        "where i.indrelid = %(table)s::regclass and i.indisprimary order by k.place",
        {"table": table},
    )
    assert tuple(row["attname"] for row in key) == TABLES[table].key


@pytest.mark.parametrize("table", TABLES)
def test_a_tables_comment_in_postgres_is_its_declared_grain(warehouse: Warehouse, table: str) -> None:
    (row,) = warehouse.execute("select obj_description(%(table)s::regclass) as grain", {"table": table})
    grain = TABLES[table].grain
    assert row["grain"] == f"{grain[0].upper()}{grain[1:]}."


def test_every_migrated_table_is_declared(warehouse: Warehouse) -> None:
    rows = warehouse.execute(
        "select schemaname || '.' || tablename as name from pg_tables where schemaname in ('silver', 'gold')"
    )
    assert {row["name"] for row in rows} == set(TABLES)


@pytest.mark.parametrize("table", GOLD)
def test_a_gold_statement_gives_the_columns_of_its_table_in_their_order(warehouse: Warehouse, table: str) -> None:
    cursor: psycopg2.extensions.cursor = warehouse.raw.cursor()
    cursor.execute(statement(table.replace(".", "/")).replace(" previous.", " gold."))
    given = [(column.name, column.type_code) for column in cursor.description or ()]
    cursor.execute("select oid, format_type(oid, null) from pg_type")
    types = dict(cursor.fetchall())
    assert [(name, types[code]) for name, code in given] == [(c.name, POSTGRES[c.type]) for c in GOLD[table].columns]
    assert statement(table.replace(".", "/")).startswith(f"-- {table}: {GOLD[table].grain}.\n")


@pytest.mark.parametrize("dataset", TABLES.values(), ids=TABLES)
def test_a_declared_table_keeps_the_house_rules(dataset: Dataset) -> None:
    columns = {column.name: column for column in dataset.columns}
    assert dataset.grain.startswith("one row per ")
    assert set(dataset.key) <= set(columns)
    assert not any(columns[name].nullable for name in dataset.key)
    whole = TABLES[f"silver.{dataset.part_of}"] if dataset.part_of else dataset
    assert set(whole.key) <= set(dataset.key)
    for column in dataset.columns:
        assert column.about.endswith(".")
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert (column.type == pa.bool_()) is column.name.startswith(("is_", "has_")), column.name
        assert (column.type == pa.timestamp("us", tz="UTC")) is column.name.endswith("_at"), column.name
        assert (column.type == pa.date32()) is column.name.endswith("_date"), column.name


# Statements


def _used() -> set[str]:
    """Names given to `run`, `statement` and `text` in etl/."""
    calls = [
        node
        for file in sorted((ROOT / "etl").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
    ]
    names = {call.args[0].value for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in NAMING}
    return {name for name in names if isinstance(name, str) and "/" in name}


NAMING = ("run", "statement", "text")


def _files(folder: str) -> set[str]:
    return {str(file.relative_to(SQL).with_suffix("")) for file in (SQL / folder).rglob("*.sql")}


def test_every_statement_that_python_names_is_a_file() -> None:
    assert len(_used()) > 20
    assert {name for name in _used() if not (SQL / f"{name}.sql").is_file()} == set()


def test_every_statement_is_used() -> None:
    by_folder = _files("audits") | _files("questions")  # every file of these folders is run
    by_table = {table.replace(".", "/") for table in GOLD} | DERIVED
    installer = "".join(file.read_text() for file in (ROOT / "k8s" / "installer").rglob("*.py"))
    by_installer = {name for name in _files("platform") if f'"{Path(name).name}.sql"' in installer}
    exporter = (ROOT / "monitoring" / "postgres" / "queries.yaml").read_text()
    by_exporter = {name for name in _files("metrics") if f"query_file: sql/{name}.sql\n" in exporter}
    dashboards = "".join(file.read_text() for file in (ROOT / "monitoring" / "dashboards").glob("*.py"))
    by_dashboard = {name for name in _files("dashboards") if f'"{name}.sql"' in dashboards}
    by_report = {f"report/{name}/{query}" for name in reports.declared() for query in reports.load(name).queries}
    asked_for = [endpoint.pages for source in SOURCES for endpoint in source.endpoints]
    by_endpoint = {name for pages in asked_for if isinstance(pages, Listed) for name in (pages.listing, pages.lookup)}
    elsewhere = by_folder | by_table | by_installer | by_exporter | by_dashboard | by_report | by_endpoint
    assert _files("") - _files("migrations") - elsewhere == _used()
    assert _files("gold") | _files("silver") == by_table


def test_every_folder_of_audits_belongs_to_a_source_or_to_all() -> None:
    assert {folder.name for folder in (SQL / "audits").iterdir()} == {"every_dataset", *sources.NAMES}


@pytest.mark.parametrize("name", sorted(_files("") - _files("migrations")))
def test_every_statement_begins_with_what_it_is_and_is_one(name: str) -> None:
    text = statement(name)
    assert re.match(r"-- \S.*[.?)]\n", text), "the first line is a sentence"
    assert ";" not in re.sub(r"--.*", "", text)


@pytest.mark.parametrize("name", sorted(_files("") - _files("migrations")))
def test_a_percent_sign_begins_a_parameter_and_stands_nowhere_else(name: str) -> None:
    """Psycopg reads one in a comment as well, and fails with a TypeError; write "99 in 100"."""
    assert not re.search(r"%(?!\(\w+\)s)", statement(name))
