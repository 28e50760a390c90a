"""Schemathesis asks the whole API, as its OpenAPI describes it, for what breaks it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.enrichment.serving import KEY, Service, environment


def schemathesis(service: Service, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/enrichment/schemathesis.toml", "run"]
    return subprocess.run(
        [*command, f"{service.url}/openapi.json", "--no-color", "--header", f"X-API-Key: {KEY}", *options],
        cwd=ROOT,
        env=environment() | {"SCHEMATHESIS_HOOKS": "tests.enrichment.schemathesis_hooks", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_answer_keeps_to_its_description(service: Service) -> None:
    done = schemathesis(service, "--phases", "fuzzing", "--max-examples", "2", "--seed", "1")
    assert done.returncode == 0, done.stdout


@pytest.mark.thorough
def test_no_request_breaks_it(service: Service) -> None:
    done = schemathesis(service, "--max-examples", "100")
    assert done.returncode == 0, done.stdout
