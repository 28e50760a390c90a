"""A registry of images on this machine: Debian's docker-registry, filled by skopeo with images of two architectures."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.collector import free_port
from tests.waiting import eventually

TYPE = "application/vnd.oci.image"
MISSING = [program for program in ("docker-registry", "skopeo") if shutil.which(program) is None]
# Whoever this is: nobody logs in.
NOBODY = "nobody:$2b$04$S8Kbzv5dkGAuCcLWeHuQ8eUzc6C3Sce6A2g3dQfSC9dmLTvqkVmcW"


class Registry:
    """`push` makes an image and gives it a tag, or moves it."""

    def __init__(self, address: str, work: Path) -> None:
        self.address = address
        self._work = work

    def push(self, name: str, content: str) -> str:
        """Returns the digest of the index that lists both architectures."""
        folder = self._work / hashlib.sha256(f"{name} {content}".encode()).hexdigest()
        digest = _layout(folder, content)
        where = f"docker://{self.address}/{name}"
        copy = ["skopeo", "copy", "--all", "--quiet", "--dest-tls-verify=false", f"oci:{folder}", where]
        subprocess.run(copy, check=True, capture_output=True)
        return digest


def redirect(home: Path, places: Mapping[str, str]) -> None:
    """Skopeo with this home finds the registries in these places, without TLS."""
    folder = home / ".config" / "containers"
    folder.mkdir(parents=True)
    entries = (
        f'[[registry]]\nprefix = "{name}"\nlocation = "{place}"\ninsecure = true\n' for name, place in places.items()
    )
    (folder / "registries.conf").write_text("\n".join(entries))


@contextmanager
def running(work: Path, *, wants_login: bool = False) -> Iterator[Registry]:
    """A registry that keeps its images in this folder."""
    address = f"127.0.0.1:{free_port()}"
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(work / "images")}},
        "http": {"addr": address},
    }
    if wants_login:
        (work / "users").write_text(NOBODY)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(work / "users")}}
    (work / "config.yml").write_text(json.dumps(config))
    server = subprocess.Popen(["docker-registry", "serve", str(work / "config.yml")], stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: server.poll() is not None or _answers(address))
        assert server.poll() is None, "the registry has ended"
        yield Registry(address, work)
    finally:
        server.terminate()
        server.wait()


def _answers(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/v2/", timeout=1).status_code in (200, 401)
    except requests.ConnectionError:
        return False


def _layout(folder: Path, content: str) -> str:
    """https://github.com/opencontainers/image-spec/blob/main/image-layout.md"""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(kind: str, item: Any, **more: Any) -> dict[str, Any]:
        raw = json.dumps(item).encode()
        name = hashlib.sha256(raw).hexdigest()
        (blobs / name).write_bytes(raw)
        return {"mediaType": f"{TYPE}.{kind}.v1+json", "digest": f"sha256:{name}", "size": len(raw), **more}

    manifests = []
    for architecture in ("amd64", "arm64"):
        platform = {"architecture": architecture, "os": "linux"}
        labels = {"config": {"Labels": {"content": content}}, "rootfs": {"type": "layers", "diff_ids": []}}
        config = put("config", {**platform, **labels})
        manifests.append(put("manifest", {"schemaVersion": 2, "config": config, "layers": []}, platform=platform))
    index = put("index", {"schemaVersion": 2, "mediaType": f"{TYPE}.index.v1+json", "manifests": manifests})
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
    (folder / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    digest: str = index["digest"]
    return digest
