"""Every statement suits Redshift, as far as we can check here: sqlfluff parses it, and nothing in it is Postgres' own.

sqlfluff knows the grammar, not what a cluster does. It does not know SERIALIZETOJSON, a documented parameter of COPY.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from sqlfluff.core import Linter

from etl import sources
from etl.core.intervals import DataInterval
from etl.destinations.redshift import audits, gold, tables
from etl.destinations.redshift.statements import columns, content, text
from etl.engines.dialects import transpile
from etl.sql import questions
from etl.sql.days import within
from etl.sql.statements import names

GOLDEN = Path(__file__).parent / "golden"
DAYS = (DataInterval(date(2024, 1, 1), date(2024, 2, 1)), DataInterval(date(2024, 3, 1), date(2024, 3, 2)))
ROLE = "'arn:aws:iam::123456789012:role/reads-the-lake'"
# What Postgres has and Redshift lacks, or takes for something else.
LACKING = re.compile(
    r"\b(lateral|filter|collate|timestamptz|datemultirange|values\s*\(\s*'|text|jsonb|array|returning)\b|<@"
)


def fixed() -> Iterator[tuple[str, str]]:
    """The statements of publishing, for two tables that are unlike each other."""
    yield "create_schema", text("redshift/create_schema", schema="silver")
    yield "create_markers", text("redshift/create_markers")
    yield "columns", text("redshift/columns")
    yield "limit_waiting", text("redshift/limit_waiting", milliseconds="60000")
    yield "lock", text("redshift/lock")
    for source, dataset in (("spacex", "spacex_payloads"), ("sensors", "sensor_readings")):
        table = next(each for each in sources.load(source).datasets if each.name == dataset)
        named, days = f"silver.{dataset}", within(table.day, DAYS)
        both = {"published": named, "staged": f"stage.{dataset}"}
        every = columns(column.name for column in table.columns)
        manifest = f"s3://a-lake/parsed/{dataset}_manifest/manifest.json"
        nested = "\nserializetojson" if dataset == "spacex_payloads" else ""
        yield f"create_{dataset}", tables.create(named, table)
        yield f"add_column_{dataset}", text("redshift/add_column", table=named, column='"new" varchar(65535)')
        yield (
            f"copy_{dataset}",
            text("redshift/copy", table=f"stage.{dataset}", manifest=manifest, iam_role=ROLE, nested=nested),
        )
        yield f"differs_{dataset}", text("redshift/differs", columns=content(table), days=days, **both)
        yield f"remove_{dataset}", text("redshift/remove", table=named, days=days)
        yield f"bring_in_{dataset}", text("redshift/bring_in", columns=every, **both)
        yield f"repeated_keys_{dataset}", text("redshift/repeated_keys", table=named, key=columns(table.key))
        yield f"drop_stage_{dataset}", text("redshift/drop_stage", table=f"stage.{dataset}")


def translated() -> Iterator[tuple[str, str]]:
    """Audits, gold and questions of every source, which are written for Postgres."""
    for name in sources.NAMES:
        source = sources.load(name)
        yield from ((f"gold.{table.name}", gold.translated(table.name)) for table in source.gold)
        yield from ((each, audits.translated(each, DAYS)) for each in names(f"audits/{name}"))
        yield from ((each, transpile(said, "redshift")) for each, said in questions.texts(name).items())


@cache
def _linter() -> Linter:
    return Linter(dialect="redshift")


def faults(statement: str) -> list[str]:
    known = re.sub(r"(?m)^serializetojson$", "", statement)
    bound = re.sub(r"%\((\w+)\)s", r"'\1'", known)
    return [str(found.desc()) for found in _linter().parse_string(bound).violations]


def test_a_typo_fails() -> None:
    good = text("redshift/copy", table="stage.a", manifest="s3://b/c", iam_role=ROLE, nested="")
    assert faults(good) == []
    assert faults(good.replace("parquet", "parqet"))
    assert faults("create table a (b integer) dist_key (b)")


@pytest.mark.parametrize("name", ["copy_spacex_payloads", "create_sensor_readings", "differs_sensor_readings"])
def test_statements_that_only_redshift_has_are_as_recorded(name: str) -> None:
    assert dict(fixed())[name] == (GOLDEN / f"{name}.sql").read_text()


@pytest.mark.thorough
def test_every_statement_parses() -> None:
    markers = [
        ("markers", text(f"redshift/{name}"))
        for name in ("remove_marker", "write_marker", "read_marker", "marked_sources")
    ]
    found = {name: faults(said) for name, said in (*fixed(), *translated(), *markers)}
    assert len(found) > 60
    assert {name: said for name, said in found.items() if said} == {}


def test_no_statement_uses_what_redshift_lacks_even_if_it_parses() -> None:
    said = {name: re.sub(r"--.*|'[^']*'", "", statement) for name, statement in (*fixed(), *translated())}
    found = {name: LACKING.findall(statement.lower()) for name, statement in said.items()}
    assert {name: words for name, words in found.items() if words} == {}
