"""How the installer uses monitoring/, and Secret monitoring/alerts."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from etl.core.errors import ConfigError
from k8s.installer.install import manifests, monitoring, receivers
from k8s.installer.install.receivers import Receivers


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://github.com/acme/data.git", "https://github.com/acme/data/blob/main/monitoring/runbooks"),
        ("https://git.acme.org:8443/team/data", "https://git.acme.org/team/data/blob/main/monitoring/runbooks"),
        ("git@github.com:acme/data.git", "https://github.com/acme/data/blob/main/monitoring/runbooks"),
        ("ssh://git@github.com/acme/data.git", "https://github.com/acme/data/blob/main/monitoring/runbooks"),
        ("https://me:secret-token@github.com/acme/data", "https://github.com/acme/data/blob/main/monitoring/runbooks"),
        ("/srv/git/data", "monitoring/runbooks"),
        ("", "monitoring/runbooks"),
    ],
)
def test_runbooks_are_linked_in_the_repository_that_the_checkout_came_from(
    tmp_path: Path, remote: str, page: str
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    if remote:
        subprocess.run(["git", "-C", str(tmp_path), "remote", "add", "origin", remote], check=True)
    assert monitoring.runbooks(tmp_path) == page


def test_in_the_queries_of_the_exporter_each_file_name_is_replaced_by_its_statement() -> None:
    queries = yaml.safe_load(monitoring.queries())
    named = yaml.safe_load(monitoring.QUERIES.read_text())
    assert list(queries) == list(named)
    for prefix, entry in queries.items():
        file = monitoring.paths.ROOT / named[prefix]["query_file"]
        assert entry["query"] == file.read_text().rstrip("\n"), prefix
        assert "query_file" not in entry


class Holding:
    """A cluster with this in Secret monitoring/alerts."""

    def __init__(self, **data: str) -> None:
        self._data = {key.replace("_", "-"): base64.b64encode(value.encode()).decode() for key, value in data.items()}

    def find(self, *_: str) -> Any:
        return {"data": self._data} if self._data else None


def read(**data: str) -> Receivers:
    return receivers.read(Holding(**data))  # type: ignore[arg-type]


def test_without_a_secret_alerts_are_sent_nowhere() -> None:
    assert read() == Receivers()
    assert receivers.values(Receivers()) == {}
    assert manifests.ALERTS_OUT not in {file.name for file in manifests.files(manifests.Wanted())}


def test_alerts_are_sent_to_the_urls_in_the_secret_and_their_ports_are_opened() -> None:
    found = read(slack_url="https://hooks.slack.com/services/x", webhook_url="http://chat.acme.org:8065/hooks/y\n")
    assert found == Receivers(("slack-url", "webhook-url"), (443, 8065))
    values = receivers.values(found)["alertmanager"]
    people = values["config"]["receivers"][1]
    assert values["config"]["route"]["receiver"] == people["name"] == "people"
    assert people["slack_configs"][0]["api_url_file"] == "/etc/alertmanager/secrets/alerts/slack-url"
    assert people["webhook_configs"][0]["url_file"] == "/etc/alertmanager/secrets/alerts/webhook-url"
    assert "hooks.slack.com" not in str(values), "the URL is a secret"
    assert manifests.ALERTS_OUT in {file.name for file in manifests.files(manifests.Wanted(alert_ports=found.ports))}


@pytest.mark.parametrize("wrong", [{"pager": "https://x.org"}, {"slack_url": "hooks.slack.com"}, {"webhook_url": ""}])
def test_a_secret_that_names_no_receiver_is_refused_with_a_reason(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="Secret monitoring/alerts"):
        read(**wrong)
