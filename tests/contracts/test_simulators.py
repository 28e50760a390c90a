"""On a cluster every source has a simulator, and its pods find it."""

from urllib.parse import urlsplit

import pytest

from etl import settings, sources
from k8s.installer.install import pods
from tests.charts.rendering import defaults, of_kind, render, schema


def test_the_chart_simulates_every_source() -> None:
    assert set(defaults("simulator")["sources"]) == set(sources.NAMES)


def test_the_chart_takes_the_name_of_any_source_and_no_other() -> None:
    assert schema("simulator")["properties"]["sources"]["propertyNames"] == {"enum": list(sources.NAMES)}


@pytest.mark.parametrize("source", sources.NAMES)
def test_a_pod_is_told_the_address_of_its_simulator_in_a_setting_that_exists(source: str) -> None:
    told = pods.settings(simulate=True)["data"]
    name = f"ETL_{source.upper()}__BASE_URL"
    assert name in {known for known, _, _ in settings.names()}
    address = urlsplit(told[name])
    services = of_kind(render("simulator"), "Service")
    found = [
        (f"{service['metadata']['name']}.simulator.svc", port["port"])
        for service in services
        for port in service["spec"]["ports"]
    ]
    assert (address.hostname, address.port) in found


def test_without_simulators_pods_ask_the_apis_themselves() -> None:
    told = pods.settings(simulate=False)["data"]
    assert not [name for name in told if name.endswith("__BASE_URL")]
