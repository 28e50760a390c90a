"""The pictures to learn from: those of Debian's package stellarium-data, labelled by what their file names number."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from enrichment.subjects.model import OTHER
from enrichment.subjects.record import Subject

FOLDER = Path("/usr/share/stellarium")
NUMBERED = re.compile(r"(m|n|ngc|ic)0*([1-9]\d*)(?!\d)", re.IGNORECASE)
BARE_POINT = re.compile(r"([\[,\s]-?)\.(?=\d)")  # Stellarium writes -.5, which JSON does not know
PREFIXES = {"m": "M", "n": "NGC", "ngc": "NGC", "ic": "IC"}
CLASSES = (Subject.GALAXY, Subject.GLOBULAR_CLUSTER, Subject.OPEN_CLUSTER, Subject.NEBULA, Subject.PLANETARY_NEBULA)
ELSEWHERE = ("landscapes", "skycultures", "textures", "scenery3d", "models")  # what no deep-sky picture shows
SKY = re.compile(r"milkyway|^neb|zodiac|star", re.IGNORECASE)
LEAST_BYTES, MOST_PER_FOLDER = 10_000, 12


class Example(NamedTuple):
    """A picture, what it shows, and whose it is: pictures of one group look alike for other reasons, too."""

    file: Path
    label: str
    group: str


def examples(folder: Path, catalogue: Mapping[str, Subject]) -> list[Example]:
    """Deep-sky pictures with a known subject, and others."""
    found = [*_deep_sky(folder / "nebulae" / "default", catalogue), *_others(folder)]
    return sorted(found, key=lambda example: str(example.file))


def _deep_sky(folder: Path, catalogue: Mapping[str, Subject]) -> Iterator[Example]:
    text = BARE_POINT.sub(r"\g<1>0.", (folder / "textures.json").read_text("utf-8"))
    listed = json.loads(text)["subTiles"]
    credits = {tile["imageUrl"]: _credit(tile) for tile in listed}
    for name, credit in credits.items():
        number = NUMBERED.match(name)
        subject = catalogue.get(f"{PREFIXES[number[1].lower()]}{number[2]}") if number else None
        if subject is Subject.SUPERNOVA_REMNANT:
            subject = Subject.NEBULA  # there are too few to tell them apart
        if subject in CLASSES and (folder / name).is_file():
            yield Example(folder / name, str(subject), credit or name)


def _credit(tile: Mapping[str, Mapping[str, str]]) -> str:
    credits = {key.lower(): value for key, value in tile.get("imageCredits", {}).items()}
    return credits.get("short", "")


def _others(folder: Path) -> Iterator[Example]:
    taken: Counter[Path] = Counter()
    for place in ELSEWHERE:
        for file in sorted((folder / place).rglob("*")):
            is_picture = file.suffix in (".png", ".jpg") and file.stat().st_size >= LEAST_BYTES
            if is_picture and not SKY.search(file.name) and taken[file.parent] < MOST_PER_FOLDER:
                taken[file.parent] += 1
                yield Example(file, OTHER, str(file.parent.relative_to(folder)))
