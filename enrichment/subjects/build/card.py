"""The model card: what was measured when this very model was made, and where it must not be trusted."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrichment.subjects.model import OTHER


class Quality(NamedTuple):
    """Measured on groups that were not trained on."""

    accuracy: float
    balanced: float
    other_recall: float
    shown: float
    precision: float
    strangers_passed: float


def quality(
    chances: NDArray[np.float64],
    labels: NDArray[np.int64],
    likeness: NDArray[np.float64],
    classes: tuple[str, ...],
    thresholds: tuple[float, float],
) -> Quality:
    """Of pictures whose subject is known, with the thresholds for probability and likeness."""
    guess, best, other = chances.argmax(axis=1), chances.max(axis=1), classes.index(OTHER)
    is_right, is_other = guess == labels, labels == other
    recalls = [float(is_right[labels == place].mean()) for place in range(len(classes))]
    passes = likeness >= thresholds[1]
    shown = (guess != other) & (best >= thresholds[0]) & passes
    return Quality(
        accuracy=float(is_right.mean()),
        balanced=float(np.mean(recalls)),
        other_recall=recalls[other],
        shown=float(shown[~is_other].mean()),
        precision=float(is_right[shown].mean()) if shown.any() else 0.0,
        strangers_passed=float(passes[is_other].mean()),
    )


def card(
    version: str,
    classes: tuple[str, ...],
    labels: NDArray[np.int64],
    groups: int,
    measured: Quality,
    thresholds: tuple[float, float],
) -> str:
    """Markdown; generated, never typed."""
    counts = Counter(classes[label] for label in labels)
    rows = "\n".join(f"| {name} | {counts[name]} |" for name in classes)
    return f"""# Model card: subjects of astronomical pictures

Version `{version}`. Written by `python -m enrichment.subjects.build`; the figures are of this very model.

**What it is.** EfficientNet-lite0 (Apache-2.0, trained on ImageNet) without its last layer, and a linear layer on its
1,280 numbers. It was trained on pictures of Debian's package stellarium-data, labelled by their numbers in OpenNGC
(CC BY-SA 4.0). The class `{OTHER}` is landscapes, drawings, textures and planets of the same package.

| Class | Pictures |
|---|---|
{rows}

**Measured** by 5-fold cross-validation over {groups} groups: a photographer's pictures are all in one fold, as are
those of a folder.

| | |
|---|---|
| Accuracy | {measured.accuracy:.3f} |
| Balanced accuracy (mean recall of the classes) | {measured.balanced:.3f} |
| Recall of `{OTHER}` | {measured.other_recall:.3f} |
| Threshold of probability | {thresholds[0]:.2f} |
| Threshold of likeness (cosine) | {thresholds[1]:.3f} |
| Deep-sky pictures for which a subject is shown | {measured.shown:.3f} |
| … of which it is right; pictures of `{OTHER}` that slip through count as wrong | {measured.precision:.3f} |
| Pictures of `{OTHER}` that the guard lets pass, before the class is looked at | {measured.strangers_passed:.3f} |

**Where it must not be trusted.** The training pictures are centred on one object on black sky. Pictures of the day have
frames, text, foregrounds and several objects: nobody has measured the accuracy on those. Supernova remnants count as
nebulae. The Hubble deep field, full of galaxies, is taken for an open cluster. `{OTHER}` holds no people and no night
skies over landscapes. A subject below a threshold is not shown.
"""
