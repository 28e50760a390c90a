"""One package per API; each has a `make_source`, and a group of settings of its name."""

from collections.abc import Callable, Mapping
from typing import Any

from etl.core.errors import UsageError
from etl.core.source import Source
from etl.settings import Settings, SourceSettings
from etl.sources import (
    apod,
    mars,
    neo,
    sensors,
    spacex,
)

REGISTRY: Mapping[str, Callable[[Any, str | None], Source]] = {
    "spacex": spacex.make_source,
    "sensors": sensors.make_source,
    "apod": apod.make_source,
    "neo": neo.make_source,
    "mars": mars.make_source,
}
NAMES = tuple(REGISTRY)


def load(name: str, settings: SourceSettings | None = None, origin: str | None = None) -> Source:
    """The declared source of that name, as `settings` configure it; `origin` if its data are not the API's own.

    Raises: UsageError for a name that is not declared.
    """
    if name not in REGISTRY:
        raise UsageError(f"There is no source '{name}'.", hint=f"Known sources: {', '.join(NAMES)}.")
    if settings is None:
        settings = Settings.model_fields[name].get_default(call_default_factory=True)
    return REGISTRY[name](settings, origin)
