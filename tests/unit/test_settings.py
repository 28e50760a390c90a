"""Settings are read once, typed, and refused by name when they make no sense."""

import os
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from etl.core.errors import ConfigError
from etl.settings import NeowsSettings, Settings, load, names, retired


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("ETL_"):
            monkeypatch.delenv(name)


def with_env(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load()


def test_nothing_needs_to_be_set() -> None:
    settings = load()
    assert settings.lake.url == ".data/lake"
    assert settings.spacex.base_url == "https://api.spacexdata.com"
    assert settings.spacex.page_size == 100
    assert settings.quarantine.max_share == 0.05
    assert settings.statsd.host is None


def test_each_variable_reaches_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_env(
        monkeypatch,
        ETL_LAKE__URL="s3://bucket/prefix",
        ETL_HTTP__ATTEMPTS="2",
        ETL_HTTP__WAIT_S="0",
        etl_spacex__page_size="7",
        ETL_WAREHOUSE__EMBEDDED="/data/pg",
        ETL_STATSD__HOST="exporter",
        ETL_LOG__FORMAT="json",
    )
    assert settings.lake.url == "s3://bucket/prefix"
    assert (settings.http.attempts, settings.http.wait_s, settings.spacex.page_size) == (2, 0, 7)
    assert settings.warehouse.embedded == Path("/data/pg")
    assert (settings.statsd.host, settings.log.format) == ("exporter", "json")


@pytest.mark.parametrize(
    "around", ["{}\n", "{}\r\n", "\ufeff{}\n", " {} "], ids=["line", "of DOS", "with a mark", "spaces"]
)
def test_what_a_file_has_around_a_value_is_not_part_of_it(monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    """A Secret made from a file holds the line break that every editor adds."""
    settings = with_env(
        monkeypatch,
        ETL_SENSORS__API_KEY=around.format("hunter2-hunter2"),
        ETL_REDSHIFT__PASSWORD=around.format("hunter2-hunter2"),
        ETL_SPACEX__BASE_URL=around.format("https://it.example"),
        ETL_LAKE__URL=around.format("s3://bucket/prefix"),
        ETL_SPACEX__PAGE_SIZE=around.format("7"),
        ETL_SENSORS__START=around.format("2026-01-01"),
        ETL_STATSD__HOST=around.format(""),
    )
    assert settings.sensors.api_key is not None
    assert settings.redshift.password is not None
    assert settings.sensors.api_key.get_secret_value() == "hunter2-hunter2"
    assert settings.redshift.password.get_secret_value() == "hunter2-hunter2"
    assert settings.spacex.base_url == "https://it.example"
    assert settings.lake.url == "s3://bucket/prefix"
    assert settings.spacex.page_size == 7
    assert settings.sensors.start == date(2026, 1, 1)
    assert settings.statsd.host is None


def test_the_tree_is_frozen() -> None:
    with pytest.raises(ValidationError):
        load().lake.url = "elsewhere"


def test_a_setting_of_an_older_version_is_accepted_and_warned_about_if_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert with_env(monkeypatch, ETL_HTTP__CACHE="folder", ETL_HTTP__ATTEMPTS="2").http.attempts == 2
    (said,) = retired()
    assert said.startswith("ETL_HTTP__CACHE is no longer used")
    monkeypatch.setenv("ETL_HTTP__CACHE", "")
    assert not list(retired())


def test_an_api_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_env(monkeypatch, ETL_SENSORS__API_KEY="hunter2-hunter2")
    assert settings.sensors.api_key is not None
    assert settings.sensors.api_key.get_secret_value() == "hunter2-hunter2"
    assert "hunter2" not in f"{settings} {settings!r}"
    assert with_env(monkeypatch, ETL_SENSORS__API_KEY="").sensors.api_key is None


def test_sources_of_one_api_share_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = with_env(monkeypatch, ETL_NASA__API_KEY="hunter2-hunter2", ETL_NEOWS__DAYS="3")
    neows = settings.of_source("neows")
    assert isinstance(neows, NeowsSettings)
    assert (neows.nasa, neows.days) == (settings.nasa, 3)
    assert settings.of_source("spacex") == settings.spacex
    with pytest.raises(ConfigError, match="ETL_NEOWS__NASA__API_KEY"):
        with_env(monkeypatch, ETL_NEOWS__NASA__API_KEY="hunter2-hunter2")


@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2-hunter2@api.example.org",
        "https://hunter2-hunter2@api.example.org/v1",
        "https://api.example.org?apikey=hunter2-hunter2",
        "https://api.example.org/v1#hunter2-hunter2",
    ],
)
def test_a_base_url_with_a_secret_is_refused_without_repeating_it(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with pytest.raises(ConfigError, match=r"ETL_SPACEX__BASE_URL: should hold no user.*ETL_SENSORS__API_KEY") as told:
        with_env(monkeypatch, ETL_SPACEX__BASE_URL=url)
    assert "hunter2" not in f"{told.value} {told.value.hint} {told.value.__cause__}"


def test_a_key_that_is_too_short_is_refused_without_repeating_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="ETL_SENSORS__API_KEY") as told:
        with_env(monkeypatch, ETL_SENSORS__API_KEY="hunter2")
    assert "hunter2" not in f"{told.value} {told.value.__cause__}"


def test_an_empty_statsd_host_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_env(monkeypatch, ETL_STATSD__HOST="").statsd.host is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ETL_LAKE__URL", ""),
        ("ETL_HTTP__ATTEMPTS", "0"),
        ("ETL_HTTP__ATTEMPTS", "many"),
        ("ETL_HTTP__ATTEMPTS", ""),
        ("ETL_HTTP__ATTEMPTS", "1.5"),
        ("ETL_HTTP__READ_TIMEOUT_S", "0"),
        ("ETL_HTTP__READ_TIMEOUT_S", "inf"),
        ("ETL_HTTP__CONNECT_TIMEOUT_S", "nan"),
        ("ETL_HTTP__RETRY_S", "1e300"),
        ("ETL_HTTP__WAIT_S", "-1"),
        ("ETL_SPACEX__PAGE_SIZE", "0"),
        ("ETL_SPACEX__PAGE_SIZE", "1001"),
        ("ETL_SPACEX__BASE_URL", "api.spacexdata.com"),
        ("ETL_SPACEX__BASE_URL", "ftp://api.spacexdata.com"),
        ("ETL_SPACEX__BASE_URL", "http://"),
        ("ETL_SPACEX__BASE_URL", "http://[::1"),
        ("ETL_SPACEX__BASE_URL", "http://host:99999"),
        ("ETL_SPACEX__BASE_URL", ""),
        ("ETL_SPARK__MASTER", ""),
        ("ETL_SPARK__MEMORY", "1gb"),
        ("ETL_SPARK__MEMORY", "0m"),
        ("ETL_QUARANTINE__MAX_SHARE", "5"),
        ("ETL_QUARANTINE__MAX_SHARE", "nan"),
        ("ETL_WAREHOUSE__EMBEDDED", ""),
        ("ETL_WAREHOUSE__LOCK_TIMEOUT_S", "0.0001"),
        ("ETL_STATSD__PORT", "0"),
        ("ETL_LOG__FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=f"^A setting has an invalid value: {name}: .*") as told:
        with_env(monkeypatch, **{name: value})
    assert "Value error" not in told.value.message
    assert "\n" not in told.value.message


def test_all_wrong_values_are_reported_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"ETL_HTTP__ATTEMPTS: .*; ETL_SPACEX__PAGE_SIZE: "):
        with_env(monkeypatch, ETL_HTTP__ATTEMPTS="0", ETL_SPACEX__PAGE_SIZE="0")


@pytest.mark.parametrize(
    "name",
    ["ETL_NASA__APIKEY", "ETL_HTTP__ATTEMPT", "ETL_HTPP__ATTEMPTS", "ETL_HTTP_ATTEMPTS", "ETL_LAKE", "ETL_", "etl_x"],
)
def test_an_unknown_name_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(ConfigError, match=f"^Unknown setting: {name}\\.$") as told:
        with_env(monkeypatch, **{name: "1"})
    assert "etl settings" in told.value.hint


def test_every_setting_is_listed_with_its_default_and_meaning() -> None:
    listed = {name: (default, about) for name, default, about in names()}
    assert listed["ETL_LAKE__URL"][0] == ".data/lake"
    assert listed["ETL_STATSD__HOST"][0] == ""
    assert all(about.endswith(".") for _, about in listed.values())
    tree = load().model_dump()
    assert set(listed) == {f"ETL_{group}__{name}".upper() for group, settings in tree.items() for name in settings}


def test_a_variable_set_to_its_listed_default_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = load()
    assert with_env(monkeypatch, **{name: default for name, default, _ in names()}) == defaults


def test_a_misspelt_name_and_a_value_come_from_the_same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"ETL_LAKE__URL": "elsewhere"})
    assert load().lake.url == "elsewhere"
