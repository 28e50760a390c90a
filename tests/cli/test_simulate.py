"""The stand-ins for APIs, in a process of their own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from etl import sources
from etl.sources.sensors import contract

PROBES = {
    "spacex": "/v4/payloads",
    "sensors": "/v1/archive?latitude=52&longitude=13&start_date=2024-05-01&end_date=2024-05-01"
    f"&daily={','.join(contract.VARIABLES)}&timezone=GMT",
}


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `etl simulate` prints: the URL of each source."""
    command = [sys.executable, "-m", "etl", "simulate", "--port", "0"]
    folder: Path = tmp_path_factory.mktemp("simulate")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().split() for _ in sources.NAMES]
        yield {name: url for _, name, _, url in lines}
        process.terminate()


def test_without_names_all_sources_are_simulated_each_below_its_name(urls: dict[str, str]) -> None:
    assert tuple(urls) == sources.NAMES
    assert all(url.endswith(f"/{name}") for name, url in urls.items())
    for name, path in PROBES.items():
        assert requests.get(urls[name] + path, timeout=60).status_code == 200, name


def test_a_fault_of_one_source_affects_no_other(urls: dict[str, str]) -> None:
    requests.post(f"{urls['spacex']}/_faults", json=["unavailable*"], timeout=60).raise_for_status()
    try:
        assert requests.get(urls["spacex"] + PROBES["spacex"], timeout=60).status_code == 503
        assert requests.get(urls["sensors"] + PROBES["sensors"], timeout=60).status_code == 200
    finally:
        requests.delete(f"{urls['spacex']}/_faults", timeout=60)
    assert requests.get(urls["spacex"] + PROBES["spacex"], timeout=60).status_code == 200


def test_a_path_of_no_source_is_not_found(urls: dict[str, str]) -> None:
    assert requests.get(urls["spacex"].removesuffix("spacex") + "weather", timeout=60).status_code == 404
