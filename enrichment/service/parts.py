"""What the routes of one app share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from enrichment.facts.errors import PictureError
from enrichment.service.cache import Cache
from enrichment.service.metrics import Metrics
from enrichment.service.settings import Settings
from enrichment.service.workers import Workers
from enrichment.subjects.describe import Classifier, describe
from enrichment.subjects.record import Description
from enrichment.web import problems
from enrichment.web.bodies import Bodies


@dataclass
class Parts:
    """Settings, and what was made of them. A router gets them with `Shared`."""

    settings: Settings
    classifier: Classifier
    metrics: Metrics = field(default_factory=Metrics)
    is_ready: bool = False

    def __post_init__(self) -> None:
        self.bodies = Bodies(self.settings.held_bytes, self.settings.send_seconds, self.metrics.held_bytes.set)
        self.workers = Workers(self.settings.workers, self.settings.waiting, self.metrics)
        self.cache = Cache(self.settings.cached)

    def known(self, data: bytes) -> Description | None:
        """What was said about these bytes before."""
        found = self.cache.get(hashlib.sha256(data).hexdigest())
        self.metrics.cache.labels("hit" if found else "miss").inc()
        return found

    def describe(self, data: bytes) -> Description:
        """Work on a picture, in whatever thread this is called. Raises: Problem 413, 415, 422."""
        try:
            description = describe(data, self.classifier, timed=self.metrics.step)
        except PictureError as error:
            raise problems.of_picture(error) from error
        self.metrics.described(description)
        return description


def parts_of(request: Request) -> Parts:
    """The parts of the app that answers."""
    parts: Parts = request.app.state.parts
    return parts


Shared = Annotated[Parts, Depends(parts_of)]
