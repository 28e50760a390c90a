"""The Terraform code itself: formatted, valid, documented, and in step with the DAGs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aws import documents
from tests.aws.terraform import CODE, Terraform, copied, initialised, require_terraform
from tests.conftest import ROOT

EVERY_FILE = sorted(CODE.rglob("*.tf"))


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_terraform()
    return copied(tmp_path_factory.mktemp("aws"))


def test_code_is_formatted(code: Path) -> None:
    done = subprocess.run(
        ["terraform", f"-chdir={code}", "fmt", "-recursive", "-check"], capture_output=True, text=True
    )
    assert done.returncode == 0, f"Run `terraform fmt -recursive aws/terraform`: {done.stdout}"


@pytest.mark.thorough
def test_an_environment_is_valid(code: Path) -> None:
    dev = initialised(Terraform(code / "environments" / "dev"), "-backend=false")
    assert "The configuration is valid" in dev("validate", "-no-color")


@pytest.mark.thorough
def test_what_is_missing_or_wrong_is_refused(code: Path) -> None:
    tests = initialised(Terraform(code / "tests"))
    done = tests.run("test", "-no-color")
    assert done.returncode == 0, done.stdout + done.stderr


def test_environments_differ_in_their_settings_only() -> None:
    files = {file.name for file in (CODE / "environments/dev").glob("*.tf")}
    assert files == {file.name for file in (CODE / "environments/prod").glob("*.tf")} == {"main.tf", "settings.tf"}
    assert (CODE / "environments/dev/main.tf").read_text() == (CODE / "environments/prod/main.tf").read_text()


def test_settings_have_a_value_in_every_environment() -> None:
    dev, prod = (documents.settings(name) for name in documents.ENVIRONMENTS)
    assert list(dev) == list(prod)


def test_documents_are_up_to_date() -> None:
    assert documents.main(["--check"]) == 0


@pytest.mark.parametrize("file", EVERY_FILE, ids=[str(file.relative_to(CODE)) for file in EVERY_FILE])
def test_nothing_but_aws_is_asked(file: Path) -> None:
    """No provider besides, no registry: what a person applies is what is in this repository."""
    sources = set(re.findall(r'^ +source += "([^"]+)"', file.read_text(), re.MULTILINE))
    assert {source for source in sources if not source.startswith("../")} <= {"hashicorp/aws"}


@pytest.mark.parametrize("module", sorted((CODE / "modules").iterdir()), ids=lambda module: module.name)
def test_modules_have_the_same_files_and_say_what_each_value_is(module: Path) -> None:
    assert {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"} <= {f.name for f in module.iterdir()}
    assert len({(other / "versions.tf").read_text() for other in module.parent.iterdir()}) == 1
    for file in ("variables.tf", "outputs.tf"):
        for _, name, body in _blocks(module / file):
            assert re.search(r'^  description = ".+[.…]"$', body, re.MULTILINE), f"{name} in {module / file}"


def _blocks(file: Path) -> Iterator[tuple[str, str, str]]:
    for found in documents.BLOCK.finditer(file.read_text()):
        yield found["kind"], found["name"], found["body"]


def _validations() -> Iterator[tuple[str, str, str]]:
    for file in EVERY_FILE:
        for kind, name, body in _blocks(file):
            if kind == "variable":
                for message in re.findall(r'error_message = "(.+)"$', body, re.MULTILINE):
                    yield f"{file.parent.name}.{name}", name, message


@pytest.mark.parametrize(("variable", "name", "message"), list(_validations()))
def test_a_message_names_what_is_wrong_and_what_it_must_be(variable: str, name: str, message: str) -> None:
    assert name in message, f"{variable}: {message}"
    assert re.search(r"\bmust\b", message), f"{variable}: {message}"
    assert message[-1] in ".…", f"{variable}: {message}"


def test_each_validation_is_seen_to_refuse() -> None:
    refused = set(re.findall(r"\bvar\.(\w+)", (CODE / "tests/messages.tftest.hcl").read_text()))
    assert {name for _, name, _ in _validations()} - {"settings"} <= refused


def test_sources_are_read_as_the_dags_read_them() -> None:
    declared = dict(re.findall(r"^    (\w+) += \{ (schedule = .+) \}$", _sources(), re.MULTILINE))
    dags = {path.stem: path.read_text() for path in (ROOT / "dags").glob("*.py") if _dag(path.stem, path.read_text())}
    assert declared.keys() == dags.keys()
    for source, dag in dags.items():
        assert declared[source] == _dag(source, dag)


def _sources() -> str:
    return (CODE / "modules/platform/sources.tf").read_text()


def _dag(source: str, text: str) -> str | None:
    """What sources.tf must say of a DAG's source; None of what is not a source's, or wants what not all have."""
    if f'source_dag(\n    "{source}"' not in text or "    key=" in text or "    asks_enrichment=True" in text:
        return None
    [minute, hour] = re.findall(r'schedule="(\d+) (\d+) \* \* \*"', text)[0]
    transform = 'Step("transform"'
    parts = re.findall(r'Step\("extract".*?parts=(\d+)', text)
    return (
        f'schedule = "cron({minute} {hour} * * ? *)", by_days = {str("by_days=True" in text).lower()}, '
        f"transforms_apart = {str(transform in text).lower()}, parts = {parts[0] if parts else 1}"
    )
