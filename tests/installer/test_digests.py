"""What a real registry says about images, asked with the tool that a user has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from etl.core.errors import AccessError, ConfigError, TransientError
from k8s.installer.cluster import builder
from tests.collector import free_port
from tests.installer import registry
from tests.installer.registry import Registry

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(bool(registry.MISSING), reason=f"needs {' and '.join(registry.MISSING)}"),
]


@pytest.fixture(params=["docker", "buildah"])
def tool(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "docker" and not _has_buildx():
        pytest.skip("needs docker with its plugin buildx")
    return name


def _has_buildx() -> bool:
    docker = shutil.which("docker")
    return docker is not None and subprocess.run([docker, "buildx", "version"], capture_output=True).returncode == 0


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    with registry.running(tmp_path) as found:
        _without_tls(found.address, tmp_path, monkeypatch)
        yield found


def _without_tls(address: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker does so anyway for a registry on this machine."""
    monkeypatch.setenv("DOCKER_CONFIG", os.environ.get("DOCKER_CONFIG", str(Path.home() / ".docker")))
    monkeypatch.setenv("HOME", str(home))
    registry.redirect(home, {address: address})


def test_a_digest_is_that_of_all_architectures_and_moves_with_its_tag(tool: str, images: Registry) -> None:
    image = f"{images.address}/team/app:1.0"
    first = images.push("team/app:1.0", "first")
    assert builder.digest(tool, image) == first
    second = images.push("team/app:1.0", "second")
    assert second != first
    assert builder.digest(tool, image) == second


def test_an_image_that_is_not_there_is_named(tool: str, images: Registry) -> None:
    images.push("team/app:1.0", "first")
    with pytest.raises(ConfigError, match=r"does not have this image\..*team/app") as caught:
        builder.digest(tool, f"{images.address}/team/app:2.0")
    assert "push" in caught.value.hint


def test_a_registry_that_wants_a_login_is_told_from_others(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with registry.running(tmp_path, wants_login=True) as locked:
        _without_tls(locked.address, tmp_path, monkeypatch)
        with pytest.raises(AccessError) as caught:
            builder.digest(tool, f"{locked.address}/team/app:1.0")
    assert "log in" in caught.value.hint


def test_a_registry_that_does_not_answer_is_no_cluster(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"127.0.0.1:{free_port()}"
    _without_tls(address, tmp_path, monkeypatch)
    with pytest.raises(TransientError, match="The registry does not answer"):
        builder.digest(tool, f"{address}/team/app:1.0")
