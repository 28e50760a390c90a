"""Makes a model: `python -m enrichment.subjects.build FOLDER [--stellarium FOLDER]`; then ENRICHMENT_MODEL=FOLDER."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np

from enrichment.facts.decode import decode
from enrichment.facts.errors import PictureError
from enrichment.subjects import model
from enrichment.subjects.build import head, openngc, weights
from enrichment.subjects.build.card import Quality, card, quality
from enrichment.subjects.build.examples import CLASSES, FOLDER, Example, examples
from enrichment.subjects.build.network import network

NAMES = (*map(str, CLASSES), model.OTHER)
CARD = "MODEL_CARD.md"
LEAST_BALANCED, LEAST_OTHER = 0.80, 0.95  # a model that is worse is not used


def main() -> int:
    """Make it, measure it, and refuse it if it is bad."""
    parser = argparse.ArgumentParser(prog="python -m enrichment.subjects.build", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the model is written")
    parser.add_argument("--stellarium", type=Path, default=FOLDER, help="the pictures of Debian's stellarium-data")
    arguments = parser.parse_args()
    if not arguments.stellarium.is_dir():
        print(f"error: {arguments.stellarium} is not there.\nhint: apt-get install stellarium-data", file=sys.stderr)
        return os.EX_NOINPUT
    measured = build(arguments.folder, arguments.stellarium)
    print(json.dumps(measured._asdict(), indent=2))
    if measured.balanced < LEAST_BALANCED or measured.other_recall < LEAST_OTHER:
        print("error: The model is worse than it must be.\nhint: See its card, in the folder.", file=sys.stderr)
        return os.EX_DATAERR
    return os.EX_OK


def build(folder: Path, stellarium: Path) -> Quality:
    """Write all files of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / model.NETWORK).write_bytes(network(weights.read(weights.packaged())).SerializeToString())
    catalogue = openngc.catalogue()
    (folder / model.CATALOGUE).write_text(json.dumps(catalogue), encoding="utf-8")
    seen, embeddings = _embedded(examples(stellarium, catalogue), model.Network(folder / model.NETWORK))
    labels, groups = np.array([NAMES.index(example.label) for example in seen]), [example.group for example in seen]
    checked = head.cross_validated(embeddings, labels, groups, NAMES)
    heat, is_other = head.temperature(checked, labels), labels == NAMES.index(model.OTHER)
    chances = head.probabilities(checked, heat)
    thresholds = (
        head.least_probability(chances, labels, NAMES.index(model.OTHER)),
        head.least_likeness(checked, is_other),
    )
    linear = head.fit(embeddings, labels, len(NAMES))
    np.savez(
        folder / model.HEAD,
        mean=linear.mean.astype(np.float32),
        scale=linear.scale.astype(np.float32),
        weights=(linear.weights / heat).astype(np.float32),
        bias=(linear.bias / heat).astype(np.float32),
        known=head.unit(embeddings[~is_other]).astype(np.float16),
        classes=np.array(NAMES),
        least_probability=thresholds[0],
        least_likeness=thresholds[1],
    )
    measured = quality(chances, labels, checked.likeness, NAMES, thresholds)
    version = _sealed(folder)
    text = card(version, NAMES, labels, len(set(groups)), measured, thresholds)
    (folder / CARD).write_text(text, encoding="utf-8")
    return measured


def _embedded(wanted: list[Example], network: model.Network) -> tuple[list[Example], head.Floats]:
    """The pictures that can be read, as the service would read them."""
    seen, found = [], []
    for example in wanted:
        try:
            found.append(network.embed(decode(example.file.read_bytes()).rgb))
        except PictureError as error:
            print(f"left out: {example.file.name}: {error}", file=sys.stderr)
        else:
            seen.append(example)
    return seen, np.array(found, dtype=np.float64)


def _sealed(folder: Path) -> str:
    """Write the manifest, with the hash of each file; the version names all of them."""
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (model.NETWORK, model.HEAD, model.CATALOGUE)
    }
    version = "lite0-" + hashlib.sha256("".join(hashes.values()).encode()).hexdigest()[:12]
    manifest = {"version": version, "sha256": hashes}
    (folder / model.MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return version


if __name__ == "__main__":
    sys.exit(main())
