"""On a cluster every source has a simulator, and its pods find it."""

from urllib.parse import urlsplit

import pytest

from etl import settings, sources
from k8s.installer.install import pods
from k8s.installer.install.options import Options
from tests.charts.rendering import of_kind, render


@pytest.mark.parametrize("source", sources.NAMES)
def test_a_pod_gets_the_url_of_its_simulator_in_a_setting_that_exists(source: str) -> None:
    told = pods.settings(Options(simulate=True))["data"]
    name = f"ETL_{source.upper()}__BASE_URL"
    assert name in {known for known, _, _ in settings.names()}
    address = urlsplit(told[name])
    [service] = of_kind(render("simulator"), "Service")
    [port] = service["spec"]["ports"]
    assert (address.hostname, address.port) == (f"{service['metadata']['name']}.simulator.svc", port["port"])
    assert address.path == f"/{source}"


def test_without_simulators_pods_ask_the_apis_themselves() -> None:
    told = pods.settings(Options())["data"]
    assert not [name for name in told if name.endswith("__BASE_URL")]
