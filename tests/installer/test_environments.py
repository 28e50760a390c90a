"""Environments are files, and what they say is checked before anything happens."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from etl.core.errors import ConfigError, UsageError
from k8s.installer import environments, paths
from k8s.installer.__main__ import installer
from k8s.installer.install.options import Options

ROLE = "arn:aws:iam::123456789012:role/data-platform-dev-eks-pods-airflow"


def options_of(monkeypatch: pytest.MonkeyPatch, *arguments: str, **variables: str) -> Options:
    """What `up` would install with these arguments and variables."""
    seen: list[Options] = []
    monkeypatch.setattr("k8s.installer.verbs.up.up", seen.append)
    result = CliRunner(env=variables).invoke(installer, ["up", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return seen[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which environments can be written."""
    found = tmp_path / "k8s" / "environments"
    found.mkdir(parents=True)
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "ENVIRONMENTS", found)
    return found


@pytest.mark.parametrize("name", environments.names())
def test_every_environment_of_this_repository_can_be_read(name: str) -> None:
    assert environments.defaults(name, installer.commands)["up"]


def test_production_gets_its_own_values_and_development_the_simulators(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options_of(monkeypatch, ENVIRONMENT="prod").values == "prod"
    assert options_of(monkeypatch, ENVIRONMENT="dev").simulate


def test_in_production_the_warehouse_fails_over_unless_it_is_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options_of(monkeypatch, ENVIRONMENT="prod").cnpg
    assert not options_of(monkeypatch, ENVIRONMENT="prod", WAREHOUSE="postgres").cnpg
    outside = options_of(monkeypatch, ENVIRONMENT="prod", WAREHOUSE_HOST="db.example.org", WAREHOUSE_CA="ca.pem")
    assert not outside.cnpg
    assert not options_of(monkeypatch, ENVIRONMENT="dev").cnpg


def test_a_variable_wins_over_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "test.toml").write_text('simulate = true\nlogs = true\nimage_registry = "a.example.org"')
    options = options_of(monkeypatch, ENVIRONMENT="test", SIMULATE="0", IMAGE_REGISTRY="b.example.org")
    assert (options.simulate, options.logs, options.image_registry) == (False, True, "b.example.org")


def test_every_verb_reaches_the_cluster_of_its_environment(folder: Path) -> None:
    (folder / "test.toml").write_text('cluster = "elsewhere"\nlogs = true')
    found = environments.defaults("test", installer.commands)
    assert [found[verb] for verb in ("status", "psql", "destroy")] == [{"cluster": "elsewhere"}] * 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("simulat = true", "k8s/environments/test.toml: there is no option `simulat`."),
        ('simulate = "yes"', "k8s/environments/test.toml: `simulate` is 'yes'."),
        ("cluster = 1", "k8s/environments/test.toml: `cluster` is 1."),
        ("cluster = prod", "k8s/environments/test.toml is not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(folder: Path, content: str, words: str) -> None:
    (folder / "test.toml").write_text(content)
    commands: dict[str, click.Command] = dict(installer.commands)
    with pytest.raises(ConfigError, match="environments/test") as caught:
        environments.defaults("test", commands)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"lake_url": "lake/prefix"}, "LAKE_URL=lake/prefix is not a lake that pods can share"),
        ({"lake_url": "s3://hunter2:hunter2@lake/prefix"}, "LAKE_URL=lake/prefix is not"),
        ({"lake_url": "s3://lake/prefix", "object_store": True}, "two places for one lake"),
        ({"pods_role": "data-platform-dev-eks-pods-etl"}, "PODS_ROLE=.* is not a role of AWS"),
        (
            {"task_logs": "s3://logs/airflow", "task_logs_role": "airflow"},
            "TASK_LOGS_ROLE=airflow is not a role of AWS",
        ),
        ({"task_logs": "s3://hunter2:hunter2@logs/airflow"}, "TASK_LOGS=logs/airflow is not a folder in a bucket"),
        ({"task_logs": "/logs"}, "TASK_LOGS=/logs is not a folder in a bucket"),
        ({"task_logs_role": ROLE}, "a bucket that is not named"),
    ],
)
def test_a_place_or_a_role_that_pods_cannot_use_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        Options(**arguments)
    assert "hunter2" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ingress_class": "", "ingress_from": ""}, "An ingress needs INGRESS_CLASS, INGRESS_FROM as well"),
        ({"host": ""}, "An ingress needs HOST as well"),
        ({"host": "https://data.example.org"}, "HOST=https://data.example.org is not a domain"),
        ({"host": "localhost"}, "HOST=localhost is not a domain"),
        ({"ingress_from": "10.20.0.0/99"}, "INGRESS_FROM=10.20.0.0/99 is neither a namespace nor a network"),
    ],
)
def test_an_ingress_that_could_not_work_is_refused(changed: dict[str, str], words: str) -> None:
    given = {
        "host": "data.example.org",
        "ingress_class": "traefik",
        "ingress_certificate": "letsencrypt",
        "ingress_from": "traefik",
    }
    Options(**given)
    with pytest.raises(UsageError, match=words) as caught:
        Options(**{**given, **changed})
    assert caught.value.hint


def test_values_that_nobody_wrote_are_refused() -> None:
    arguments: dict[str, Any] = {"values": "staging"}
    with pytest.raises(Exception, match="no values 'staging'"):
        Options(**arguments)
