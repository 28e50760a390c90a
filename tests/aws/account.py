"""What a person does with an empty account: bootstrap once, then an environment with its state in the account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.aws.simulated import Simulated, cloud
from tests.aws.terraform import OVERRIDE, Terraform, copied, initialised, require_terraform

REPOSITORY = "example/data-platform"
# The state's bucket is the simulated account's, too.
BACKEND = """use_path_style = true
skip_credentials_validation = true
skip_metadata_api_check = true
skip_requesting_account_id = true
"""


@contextmanager
def an_account(folder: Path) -> Iterator[tuple[Simulated, Path]]:
    """An empty account, and a copy of the code that will be applied to it."""
    require_terraform()
    code = copied(folder)
    for root in (code / "bootstrap", *(code / "environments").iterdir()):
        (root / "simulated_override.tf").write_text(OVERRIDE)
    with cloud(folder) as aws:
        yield aws, code


def bootstrapped(aws: Simulated, code: Path) -> Terraform:
    bootstrap = initialised(Terraform(code / "bootstrap", aws.environment | {"TF_VAR_repository": REPOSITORY}))
    bootstrap("apply", "-auto-approve", "-no-color")
    return bootstrap


def environment(
    aws: Simulated, code: Path, name: str, bootstrap: Terraform | None = None, **variables: str
) -> Terraform:
    """One that can be applied, with its state where `bootstrap` says; without it, in a file, a minute sooner."""
    folder = code / "environments" / name
    if bootstrap is None:
        (folder / "state_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    else:
        (folder / "backend.hcl").write_text(bootstrap.outputs()["backend_configs"][name] + BACKEND)
    given = {f"TF_VAR_{key}": value for key, value in {"image_version": "1.0.0", **variables}.items()}
    where = () if bootstrap is None else ("-backend-config=backend.hcl",)
    return initialised(Terraform(folder, aws.environment | given), *where)


def apply(terraform: Terraform, subtests: pytest.Subtests) -> None:
    with subtests.test("an environment is applied in one go"):
        terraform("apply", "-auto-approve", "-no-color", "-parallelism=30")
    with subtests.test("a second plan finds nothing to change"):
        again = terraform.run("plan", "-no-color", "-detailed-exitcode", "-parallelism=30")
        assert again.returncode == 0, again.stdout + again.stderr


def destroy(aws: Simulated, terraform: Terraform, subtests: pytest.Subtests, name: str) -> None:
    with subtests.test("destroying leaves nothing"):
        terraform("destroy", "-auto-approve", "-no-color", "-parallelism=30", "-refresh=false")
        assert terraform("state", "list") == ""
        left = aws.left_of(name)
        assert not left, left
