"""`enrichment` in this process: the only module that imports it, and Pillow with it."""

from __future__ import annotations

from pathlib import Path

from enrichment.facts.errors import PictureError
from enrichment.facts.record import FACTS_VERSION
from enrichment.subjects.describe import Classifier, NoModel, describe
from enrichment.subjects.record import Text
from etl.core.errors import ConfigError
from etl.sources.picture_facts.contract import Description
from etl.sources.picture_facts.enricher import EXPLANATION, TITLE, RefusedPictureError


class InProcess:
    """Calls the functions that the service calls."""

    def __init__(self, model: Path | None) -> None:
        self._classifier = NoModel() if model is None else _model(model)

    def version(self) -> str:
        return FACTS_VERSION

    def describe(self, picture: bytes, title: str, explanation: str) -> Description:
        text = Text(title=title[:TITLE], explanation=explanation[:EXPLANATION])
        try:
            described = describe(picture, self._classifier, text)
        except PictureError as error:
            raise RefusedPictureError(error.message) from error
        return Description.model_validate(described.model_dump(mode="json"))


def _model(folder: Path) -> Classifier:
    from enrichment.subjects.model import Model, ModelError

    try:
        return Model(folder)
    except ModelError as error:
        raise ConfigError(
            str(error), hint=f"Make one: `.venv/bin/python -m enrichment.subjects.build {folder}`."
        ) from error
