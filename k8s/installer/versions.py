"""charts/versions.toml, typed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from k8s.installer import paths


@dataclass(frozen=True)
class PublishedChart:
    """Where a chart is published, and which version is used."""

    repository: str
    version: str


@dataclass(frozen=True)
class Versions:
    """The version of everything the platform consists of."""

    charts: dict[str, PublishedChart]
    images: dict[str, str]
    tools: dict[str, str]
    kubernetes: dict[str, str]


@cache
def versions() -> Versions:
    """Read the file, once."""
    content = tomllib.loads(paths.VERSIONS.read_text(encoding="utf-8"))
    charts = {name: PublishedChart(**chart) for name, chart in content["charts"].items()}
    return Versions(charts, content["images"], content["tools"], content["kubernetes"])


def number(text: str) -> tuple[int, ...]:
    """The comparable part of a version: (1, 34, 4) of `v1.34.4+k3s1`."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
