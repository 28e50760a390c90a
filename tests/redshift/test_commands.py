"""Redshift on the command line: settings, what it says if something is missing, a run and its answers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from etl.core.errors import AccessError, ConfigError, WarehouseUnavailableError
from etl.destinations.redshift.connection import session
from etl.settings import RedshiftSettings
from tests.cli.conftest import Etl, etl, libpq
from tests.conftest import Simulate
from tests.object_store import KEYS
from tests.redshift.conftest import ROLE, Played

__all__ = ["etl"]
SOMEWHERE = RedshiftSettings(host="127.0.0.1", port=1, password=SecretStr("open sesame"))


def test_without_a_host_nothing_is_guessed() -> None:
    with pytest.raises(ConfigError) as caught, session(RedshiftSettings()):
        pass
    assert "ETL_REDSHIFT__HOST" in caught.value.hint


def test_an_installation_without_the_driver_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    with pytest.raises(ConfigError, match="lacks redshift-connector") as caught, session(SOMEWHERE):
        pass
    assert "`pip install redshift-connector`" in caught.value.hint


def test_an_unreachable_host_and_an_untrusted_certificate_end_in_one_line(
    redshift: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WarehouseUnavailableError, match="Redshift cannot be reached"), session(SOMEWHERE):
        pass
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    with pytest.raises(WarehouseUnavailableError, match="certificate verify failed"), session(redshift.settings):
        pass


def test_iam_that_issues_no_password_is_not_a_bug(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cluster's host, but no credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    cluster = RedshiftSettings(host="our-cluster.abc123.eu-central-1.redshift.amazonaws.com")
    with pytest.raises(AccessError, match="IAM issues no password") as caught, session(cluster):
        pass
    assert "docs/how-to/redshift.md" in caught.value.hint


@pytest.mark.thorough
def test_a_run_its_answers_and_its_watermarks(
    etl: Etl, simulate: Simulate, redshift: Played, s3: str, trusted: Path, new_database: Callable[..., str]
) -> None:
    environment = {
        **KEYS,
        **libpq(new_database()),
        "SSL_CERT_FILE": str(trusted),
        "ETL_LAKE__URL": s3,
        "ETL_SPACEX__BASE_URL": simulate(),
        "ETL_REDSHIFT__HOST": "127.0.0.1",
        "ETL_REDSHIFT__PORT": str(redshift.settings.port),
        "ETL_REDSHIFT__DATABASE": redshift.settings.database,
        "ETL_REDSHIFT__PASSWORD": "open sesame",
        "ETL_REDSHIFT__IAM_ROLE": ROLE,
    }
    ran = etl("run", "spacex", "--destination", "redshift", **environment)
    assert ran.code == 0, ran.err
    asked = etl("ask", "most_reused_core", "--on", "redshift", **environment)
    assert asked.code == 0, asked.err
    assert "B1058" in asked.out
    assert "B1058" in ran.out
    nothing = etl("ask", "--on", "warehouse", **environment)
    assert nothing.code == 78, nothing.out
    assert etl("rebuild", "spacex", "--destination", "redshift", "--plan", **environment).code == 0
    assert "open sesame" not in ran.out + ran.err + asked.out + asked.err
