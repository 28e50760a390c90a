"""Digests beside tags: what an export names stays what it is, wherever a publisher moves a tag.

Charts take a digest in different ways and do not say in which. So it is written into the values that name an image, in
one way after the other, until helm renders that image with its digest; what helm renders is all that counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import yaml

from etl.core.errors import ConfigError

Values = dict[str, Any]
REPOSITORY = "repository"  # also as the end of a longer key: defaultAirflowRepository
# What stands beside a repository, and how it takes a digest; the chart's own ways first, as a tag may become a label.
WAYS = (
    ("digest", "sha256:{hex}"),
    ("sha", "{hex}"),
    ("sha", "sha256:{hex}"),
    ("tag", "{tag}@sha256:{hex}"),
)
FIELDS = ("image", "imageName")  # of containers, and of what operators make containers from
# An image in the middle of a text, such as an argument of an operator.
MENTION = re.compile(r"(?<![\w.:/@-])[\w.-]+(?::\d+)?(?:/[\w.-]+)+(?::[\w.-]*\w)?(?:@[\w:]+)?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Pins:
    """The digest of every image that an export names, by its name and tag; what is not known is looked up."""

    def __init__(self, known: Mapping[str, str], look_up: Callable[[str], str]) -> None:
        self._known = known
        self._look_up = look_up
        self.digests: dict[str, str] = {}

    def text(self, text: str, repositories: Collection[str]) -> str:
        """Objects of ours with every image pinned; `repositories` are those that texts within them mention."""
        for image in self._names(named(text, repositories)):
            unpinned = rf"(?<![\w./-]){re.escape(image)}(?![\w.@-])"
            text = re.sub(unpinned, f"{image}@{self.digests[image]}", text)
        return text

    def values(self, chart: str, values: Values, merged: Values, render: Callable[[], str]) -> None:
        """Pin, in these values, every image of a release; `merged` are all its values, `render` renders it with these.

        Raises: ConfigError, with the images that no value pins.
        """
        places = list(_places(merged))
        repositories = {place.text for place in places if place.is_repository}
        rendered = named(render(), repositories)
        images = self._names(rendered)
        for way in WAYS:
            left = self._left(images, rendered)
            written = [place.write(values, *way, image, self.digests[image]) for place in places for image in left]
            if any(written):
                rendered = named(render(), repositories)
        if left := self._left(images, rendered):
            raise ConfigError(
                f"No value of chart {chart} pins {', '.join(sorted(left))}.",
                hint="Export with --tags, or with a chart that takes a tag or a digest for it.",
            )

    def _names(self, images: Iterable[str]) -> set[str]:
        """These images without the digests that some have already; from here on, all digests are known."""
        given = {name: digest for name, _, digest in (image.partition("@") for image in sorted(images))}
        self.digests |= {name: digest for name, digest in given.items() if DIGEST.fullmatch(digest)}
        self.digests |= {name: self._known[name] for name in given if name in self._known and name not in self.digests}
        missing = [name for name in given if name not in self.digests]
        with ThreadPoolExecutor() as pool:
            self.digests |= zip(missing, pool.map(self._look_up, missing), strict=True)
        return set(given)

    def _left(self, images: set[str], rendered: Iterable[str]) -> set[str]:
        """Which images a rendering does not name by their digests, or not everywhere."""
        pinned, others = set(), set()
        for one in rendered:
            name, _, digest = one.partition("@")
            meant = {image for image in images if name in (image, repository(image))}
            right = {image for image in meant if self.digests[image] == digest}
            pinned |= right
            others |= set() if right else meant or {one}
        return images - pinned | others


def named(text: str, repositories: Collection[str]) -> set[str]:
    """The images that objects name: in fields, and in texts if they are of these repositories."""
    fields = {image for item in yaml.load_all(text, yaml.CSafeLoader) for image in _fields(item)}
    mentions = {mention[0] for mention in MENTION.finditer(text)}
    return fields | {
        one for one in mentions if one != repository(one) and any(_is_of(one, each) for each in repositories)
    }


def repository(image: str) -> str:
    """`registry:5000/a/b` of registry:5000/a/b:1.0@sha256:…"""
    return re.sub(r":[\w.-]+$", "", image.partition("@")[0])


def _is_of(image: str, wanted: str) -> bool:
    """Whether it comes from a repository that may be named without its registry."""
    return f"/{repository(image)}".endswith(f"/{wanted}")


def _fields(item: Any) -> Iterator[str]:
    if isinstance(item, dict):
        yield from (item[field] for field in FIELDS if item.get(field) and isinstance(item[field], str))
    for inner in item.values() if isinstance(item, dict) else item if isinstance(item, list) else ():
        yield from _fields(inner)


@dataclass(frozen=True)
class _Place:
    """A value that may name an image, as a whole or by its repository; `beside` has the keys around it, too."""

    path: tuple[str, ...]
    text: str
    beside: Mapping[str, Any]

    @property
    def is_repository(self) -> bool:
        return self.path[-1].lower().endswith(REPOSITORY)

    def write(self, values: Values, way: str, form: str, image: str, digest: str) -> bool:
        """Give the image its digest here, in this way; False if this is not its place, or the place has another way."""
        *path, key = self.path
        text = f"{image}@{digest}"
        if self.text != image:
            prefix = key[: -len(REPOSITORY)]
            key = _beside(prefix, way)
            tag = image.removeprefix(repository(image)).removeprefix(":")
            is_its_place = self.is_repository and _is_of(image, self.text)
            is_its_tag = str(self.beside.get(_beside(prefix, "tag")) or tag) == tag
            if not (is_its_place and is_its_tag and (key in self.beside or way == "tag")):
                return False
            text = form.format(hex=digest.removeprefix("sha256:"), tag=tag)
        for name in path:
            values = values.setdefault(name, {})
        values[key] = text
        return True


def _beside(prefix: str, way: str) -> str:
    """`tag`, or defaultAirflowTag."""
    return prefix + (way.title() if prefix else way)


def _places(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[_Place]:
    """Those in a list are left out, as helm replaces lists as a whole."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _places(value, (*path, key))
        elif isinstance(value, str) and value:
            yield _Place((*path, key), value, values)
