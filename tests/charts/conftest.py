"""Tests of what helm renders, without a cluster."""

import os
import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def _helm() -> None:
    if shutil.which("helm"):
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail("CI renders the charts, but there is no helm on its PATH", pytrace=False)
    pytest.skip("needs helm on the PATH to render the charts; see https://helm.sh/docs/intro/install")
