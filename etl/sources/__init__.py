"""One package per API; each has a `make_source`, and a group of settings of its name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from etl.core.errors import UsageError
from etl.core.source import Source
from etl.settings import Settings, SourceSettings
from etl.sources import (
    apod,
    mars,
    neo,
    neows,
    picture_facts,
    sensors,
    spacex,
)

REGISTRY: Mapping[str, Callable[[Any, str | None], Source]] = {
    "spacex": spacex.make_source,
    "sensors": sensors.make_source,
    "apod": apod.make_source,
    "neo": neo.make_source,
    "mars": mars.make_source,
    "neows": neows.make_source,
    "picture_facts": picture_facts.make_source,
}
NAMES = tuple(REGISTRY)
FAMILIES: Mapping[str, tuple[str, ...]] = {"nasa": ("apod", "neo", "mars", "neows")}  # what `etl run` takes together


def unknown(name: str) -> UsageError:
    """What to say of a name that is not a source's."""
    known = f"Known sources: {', '.join(NAMES)}."
    if name in FAMILIES:
        members = ", ".join(FAMILIES[name])
        return UsageError(
            f"There is no source '{name}'. It is a family, which only `etl run` takes whole: {members}.",
            hint=f"Name one of them. {known}",
        )
    return UsageError(f"There is no source '{name}'.", hint=known)


def of_tables(tables: Iterable[str]) -> frozenset[str]:
    """The sources that make these tables of silver and gold."""
    made = {table.name: name for name in NAMES for of in [load(name)] for table in (*of.datasets, *of.gold)}
    return frozenset(made[table] for table in tables if table in made)


def load(name: str, settings: SourceSettings | None = None, origin: str | None = None) -> Source:
    """The declared source of that name, as `settings` configure it; `origin` if its data are not the API's own.

    Raises: UsageError for a name that is not declared.
    """
    if name not in REGISTRY:
        raise unknown(name)
    if settings is None:
        settings = Settings.model_fields[name].get_default(call_default_factory=True)
    return REGISTRY[name](settings, origin)
