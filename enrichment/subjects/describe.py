"""All that is said about one picture: the same in the service and in the pipeline's own process."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Protocol

from PIL import Image

from enrichment.facts.decode import decode
from enrichment.facts.measure import measured
from enrichment.subjects import text as texts
from enrichment.subjects.record import Description, ImageSubject, Subject, Text, TextSubject

Timed = Callable[[str], AbstractContextManager[object]]


class Classifier(Protocol):
    """What can tell a picture's subject, and what objects' numbers stand for."""

    version: str | None
    knows: frozenset[Subject]
    catalogue: texts.Catalogue

    def subject_of(self, rgb: Image.Image) -> ImageSubject: ...


class NoModel:
    """Facts without subjects, where no model is installed."""

    version: str | None = None
    knows: frozenset[Subject] = frozenset()
    catalogue: texts.Catalogue = MappingProxyType({})

    def subject_of(self, rgb: Image.Image) -> ImageSubject:
        del rgb
        return ImageSubject(subject=None, confidence=None, model_version=None, reason="no model is installed")


def describe(
    data: bytes, classifier: Classifier, text: Text | None = None, timed: Timed = lambda _: nullcontext()
) -> Description:
    """Facts and subject of a file, and of its text if there is one. Raises: PictureError."""
    with timed("decode"):
        picture = decode(data)
    with timed("measure"):
        facts = measured(picture, data)
    with timed("classify"):
        by_image = classifier.subject_of(picture.rgb)
    description = Description(facts=facts, subject_by_image=by_image, subject_by_text=None, subjects_agree=None)
    return description if text is None else with_text(description, text, classifier)


def with_text(description: Description, text: Text, classifier: Classifier) -> Description:
    """The same, with what its text says."""
    by_text = texts.subject_of(text, classifier.catalogue)
    agree = _agree(description.subject_by_image, by_text, classifier.knows)
    return description.model_copy(update={"subject_by_text": by_text, "subjects_agree": agree})


def _agree(by_image: ImageSubject, by_text: TextSubject, known: frozenset[Subject]) -> bool | None:
    if by_image.subject is None or by_text.subject not in known:
        return None
    return by_image.subject == by_text.subject
