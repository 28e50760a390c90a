"""The model as it is served: a network that turns a picture into numbers, and a head that knows five subjects."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from enrichment.subjects.record import ImageSubject, Subject
from enrichment.subjects.text import Catalogue

SIDE = 224
NETWORK, HEAD, CATALOGUE, MANIFEST = "network.onnx", "head.npz", "catalogue.json", "manifest.json"
OTHER = "other"
NEAREST = 5  # pictures of the training set that one is compared with

Vectors = NDArray[np.float32]


class ModelError(Exception):
    """The folder holds no model, or not the one that its manifest is about."""


class Network:
    """EfficientNet-lite0 under ONNX Runtime: one thread per call, as calls are many."""

    def __init__(self, file: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(
            file.read_bytes(), options, providers=["CPUExecutionProvider"]
        )

    def embed(self, rgb: Image.Image) -> Vectors:
        """1,280 numbers that are alike for pictures that look alike."""
        (found,) = self._session.run(["embedding"], {"pixels": pixels(rgb)[None]})
        return np.asarray(found[0], dtype=np.float32)


class Head:
    """A calibrated linear layer on the embedding, and a guard against pictures unlike those it was trained on."""

    def __init__(self, file: Path) -> None:
        with np.load(file, allow_pickle=False) as kept:
            self._mean, self._scale = kept["mean"], kept["scale"]
            self._weights, self._bias = kept["weights"], kept["bias"]
            self._known = kept["known"].astype(np.float32)
            self.classes: tuple[str, ...] = tuple(str(name) for name in kept["classes"])
            self.least_probability, self.least_likeness = (
                float(kept["least_probability"]),
                float(kept["least_likeness"]),
            )

    def probabilities(self, embedding: Vectors) -> Vectors:
        logits = (embedding - self._mean) / self._scale @ self._weights + self._bias
        powers = np.exp(logits - logits.max())
        return np.asarray(powers / powers.sum(), dtype=np.float32)

    def likeness(self, embedding: Vectors) -> float:
        """Cosine to the nearest pictures of the training set, in the mean."""
        return likeness(embedding, self._known)


class Model:
    """What a folder made by `python -m enrichment.subjects.build` holds."""

    def __init__(self, folder: Path) -> None:
        """Raises: ModelError."""
        manifest = _verified(folder)
        self.version: str | None = manifest["version"]
        self.catalogue: Catalogue = {
            name: Subject(kind) for name, kind in json.loads((folder / CATALOGUE).read_text("utf-8")).items()
        }
        self._network, self._head = Network(folder / NETWORK), Head(folder / HEAD)
        self.knows = frozenset(Subject(name) for name in self._head.classes if name != OTHER)

    def subject_of(self, rgb: Image.Image) -> ImageSubject:
        """The subject, if it is likely enough and the picture is like those that the model knows."""
        embedding = self._network.embed(rgb)
        probabilities = self._head.probabilities(embedding)
        best = int(probabilities.argmax())
        name, confidence = self._head.classes[best], round(float(probabilities[best]), 4)
        if name == OTHER:
            reason = "it looks like none of the subjects that the model knows"
        elif self._head.likeness(embedding) < self._head.least_likeness:
            reason = "it is unlike the pictures that the model was trained on"
        elif confidence < self._head.least_probability:
            reason = "the model is not sure enough"
        else:
            return ImageSubject(subject=Subject(name), confidence=confidence, model_version=self.version, reason=None)
        return ImageSubject(subject=None, confidence=confidence, model_version=self.version, reason=reason)


def pixels(rgb: Image.Image) -> NDArray[np.uint8]:
    """The middle of a picture as the network takes it: rows of RGB. The rest of the preparation is in the network."""
    return np.asarray(ImageOps.fit(rgb, (SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.uint8)


def likeness(embedding: Vectors, known: Vectors) -> float:
    """The mean cosine between an embedding and the nearest of those that are known, which have length 1."""
    cosines = known @ (embedding / np.linalg.norm(embedding))
    return float(np.sort(cosines)[-NEAREST:].mean())


def _verified(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        for name, expected in manifest["sha256"].items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
                raise ModelError(f"{folder / name} is not the file that {MANIFEST} is about.")
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{folder} holds no model: {error}.") from error
    return manifest
