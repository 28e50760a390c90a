"""Terraform on a copy of the project's code, with the provider from where this machine has it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

CODE = ROOT / "aws" / "terraform"
USUAL = (Path.home() / ".terraform.d/plugins", Path("/usr/local/share/terraform/plugins"), *Path("/opt").glob("*"))

# What a provider of the simulated AWS needs, beside AWS_ENDPOINT_URL. Terraform merges it into the provider's block.
OVERRIDE = """
provider "aws" {
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
"""


@dataclass(frozen=True)
class Terraform:
    """Commands in one folder of a copy of aws/terraform."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=inherited | configuration(self.folder) | {"TF_IN_AUTOMATION": "1"} | dict(self.environment),
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def __call__(self, *arguments: str, timeout: float = 900) -> str:
        done = self.run(*arguments, timeout=timeout)
        assert done.returncode == 0, f"terraform {' '.join(arguments)}:\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self("output", "-json")).items()}


def configuration(folder: Path) -> dict[str, str]:
    """Where Terraform finds its provider: in a mirror, if the machine has one; otherwise it downloads it as usual."""
    mirror = _mirror()
    if mirror is None:
        return {name: os.environ[name] for name in ("TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR") if name in os.environ}
    file = folder / ".terraformrc"
    file.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
    return {"TF_CLI_CONFIG_FILE": str(file)}


@cache
def _mirror() -> Path | None:
    named = os.environ.get("TF_PLUGIN_MIRROR")
    places = [Path(named)] if named else USUAL
    return next((place for place in places if (place / "registry.terraform.io/hashicorp/aws").is_dir()), None)


def copied(to: Path) -> Path:
    """A copy of the code, in which a test may leave and change what it likes."""
    return Path(shutil.copytree(CODE, to / "terraform", ignore=shutil.ignore_patterns(".terraform", "*.tfstate*")))


def require_terraform() -> None:
    if shutil.which("terraform") is None:
        pytest.skip("needs terraform 1.11 or later, which is not installed: https://developer.hashicorp.com/terraform")


def initialised(terraform: Terraform, *options: str) -> Terraform:
    """Skips if the provider can be had neither from a mirror nor from the internet."""
    done = terraform.run("init", "-input=false", "-no-color", *options)
    if done.returncode and any(sign in done.stderr for sign in ("could not connect", "Failed to query available")):
        pytest.skip("needs Terraform's provider for AWS: no internet, and TF_PLUGIN_MIRROR names no mirror that has it")
    assert done.returncode == 0, done.stderr
    return terraform
