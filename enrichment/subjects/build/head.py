"""Trains the head: logistic regression on embeddings, checked on pictures of people whose others it has not seen."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

from enrichment.subjects.model import OTHER, likeness

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

PENALTY = 0.02  # on the squares of the weights
FOLDS = 5
WANTED_PRECISION = 0.95  # of the subjects that are shown
KEPT = 0.95  # of deep-sky pictures that the guard lets pass


class Linear(NamedTuple):
    """Weights for standardised embeddings."""

    mean: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    def logits(self, embeddings: Floats) -> Floats:
        return np.asarray((embeddings - self.mean) / self.scale @ self.weights + self.bias)


class Checked(NamedTuple):
    """What the head says of each picture when it was trained without that picture's group."""

    logits: Floats
    likeness: Floats


def fit(embeddings: Floats, labels: Indices, classes: int) -> Linear:
    """Every class counts the same, however many pictures it has."""
    mean, scale = embeddings.mean(axis=0), embeddings.std(axis=0) + 1e-3
    known = (embeddings - mean) / scale
    per_class = np.bincount(labels, minlength=classes)
    share = 1 / (per_class[labels] * np.count_nonzero(per_class))
    one_hot = np.eye(classes)[labels]
    features = known.shape[1]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, bias = flat[: features * classes].reshape(features, classes), flat[features * classes :]
        logs = log_softmax(known @ weights + bias, axis=1)
        error = (np.exp(logs) - one_hot) * share[:, None]
        value = -(logs * one_hot).sum(axis=1) @ share + PENALTY / 2 * (weights**2).sum()
        slope = np.concatenate([(known.T @ error + PENALTY * weights).ravel(), error.sum(axis=0)])
        return float(value), slope

    found = minimize(loss, np.zeros((features + 1) * classes), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return Linear(mean, scale, found[: features * classes].reshape(features, classes), found[features * classes :])


def folds(groups: list[str]) -> Indices:
    """A fold for each picture: whole groups, the largest first, each into the fold that has the fewest."""
    names, counts = np.unique(groups, return_counts=True)
    sizes = [0] * FOLDS
    chosen = {}
    for place in np.argsort(-counts, kind="stable"):
        fold = int(np.argmin(sizes))
        sizes[fold] += int(counts[place])
        chosen[str(names[place])] = fold
    return np.array([chosen[group] for group in groups])


def cross_validated(embeddings: Floats, labels: Indices, groups: list[str], classes: tuple[str, ...]) -> Checked:
    """Trains once per fold."""
    logits, alike = np.zeros((len(labels), len(classes))), np.zeros(len(labels))
    fold_of, is_other = folds(groups), labels == classes.index(OTHER)
    for fold in range(FOLDS):
        unseen = fold_of == fold
        logits[unseen] = fit(embeddings[~unseen], labels[~unseen], len(classes)).logits(embeddings[unseen])
        known = unit(embeddings[~unseen & ~is_other])
        alike[unseen] = [likeness(one.astype(np.float32), known) for one in embeddings[unseen]]
    return Checked(logits, alike)


def temperature(checked: Checked, labels: Indices) -> float:
    """By what logits are divided so that probabilities mean what they say."""

    def loss(power: float) -> float:
        logs = log_softmax(checked.logits / np.exp(power), axis=1)
        return float(-logs[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def least_probability(probabilities: Floats, labels: Indices, other: int) -> float:
    """The lowest threshold above which enough of the subjects that would be shown are right; never below a half."""
    best, guess = probabilities.max(axis=1), probabilities.argmax(axis=1)
    for threshold in np.arange(0.5, 1.0, 0.01):
        shown = (best >= threshold) & (guess != other)
        if shown.any() and (guess == labels)[shown].mean() >= WANTED_PRECISION:
            return round(float(threshold), 2)
    return 0.99


def least_likeness(checked: Checked, is_other: NDArray[np.bool_]) -> float:
    """Below, a picture is unlike those that the model knows."""
    return float(np.quantile(checked.likeness[~is_other], 1 - KEPT))


def unit(embeddings: Floats) -> NDArray[np.float32]:
    """The same directions, of length 1."""
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True), dtype=np.float32)


def probabilities(checked: Checked, heat: float) -> Floats:
    """Of each class, once the logits mean what they say."""
    return np.asarray(softmax(checked.logits / heat, axis=1))
