"""One package per API; each has a `make_source`, and a group of settings of its name."""

from importlib import import_module

from etl.core.errors import UsageError
from etl.model import Source
from etl.settings import Settings, SourceSettings

NAMES = tuple(
    name
    for name, group in Settings.model_fields.items()
    if isinstance(group.annotation, type) and issubclass(group.annotation, SourceSettings)
)


def load(name: str, knobs: SourceSettings | None = None, origin: str | None = None) -> Source:
    """The declared source of that name, as `knobs` set it up; `origin` if its address says too little.

    Raises: UsageError for a name that nobody declared.
    """
    if name not in NAMES:
        raise UsageError(f"There is no source '{name}'.", hint=f"Known sources: {', '.join(NAMES)}.")
    if knobs is None:
        knobs = Settings.model_fields[name].get_default(call_default_factory=True)
    source: Source = import_module(f"etl.sources.{name}").make_source(knobs, origin)
    return source
