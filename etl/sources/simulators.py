"""The simulator of each source's API. Not in the image that pods run: simulators need Werkzeug."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from etl.sources.apod import simulator as apod
from etl.sources.mars import simulator as mars
from etl.sources.neo import simulator as neo
from etl.sources.neows import simulator as neows
from etl.sources.picture_facts import simulator as picture_facts
from etl.sources.sensors import simulator as sensors
from etl.sources.spacex import simulator as spacex

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from etl.simulate.faults import Faults


class Simulator(Protocol):
    """A module that simulates one API; `ABOUT` says what its data are."""

    ABOUT: str

    def make_app(self, faults: Faults | None = None, *, with_limits: bool = True) -> WSGIApplication: ...


REGISTRY: Mapping[str, Simulator] = {
    "spacex": spacex,
    "sensors": sensors,
    "apod": apod,
    "neo": neo,
    "mars": mars,
    "neows": neows,
    "picture_facts": picture_facts,
}
