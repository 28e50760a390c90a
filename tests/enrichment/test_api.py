"""Schemathesis asks the whole API, as its OpenAPI describes it, for what breaks it."""

from __future__ import annotations

import subprocess
import sys

import hypothesis
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.conftest import ROOT
from tests.enrichment import schemathesis_hooks
from tests.enrichment.serving import KEY, Service, environment

assert schemathesis_hooks.SOME


def ask(operation: schemathesis.schemas.APIOperation) -> None:
    """A few requests that the description allows."""
    excluded = [positive_data_acceptance] if operation.path.endswith(":batch") else []  # see schemathesis.toml

    @hypothesis.given(case=operation.as_strategy())
    @hypothesis.settings(max_examples=3, database=None)
    def each(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"X-API-Key": KEY}, excluded_checks=excluded)

    each()


@pytest.mark.thorough
def test_every_answer_keeps_to_its_description(service: Service) -> None:
    operations = [
        found.ok() for found in schemathesis.openapi.from_url(f"{service.url}/openapi.json").get_all_operations()
    ]
    assert len(operations) == 9
    for operation in operations:
        ask(operation)


@pytest.mark.thorough
def test_no_request_breaks_it(service: Service) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/enrichment/schemathesis.toml", "run"]
    options = ["--no-color", "--header", f"X-API-Key: {KEY}", "--max-examples", "50"]
    done = subprocess.run(
        [*command, f"{service.url}/openapi.json", *options],
        cwd=ROOT,
        env=environment() | {"SCHEMATHESIS_HOOKS": "tests.enrichment.schemathesis_hooks", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
