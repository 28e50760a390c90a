"""One package per API; each declares a `SOURCE`."""

from importlib import import_module

from etl.errors import UsageError
from etl.model import Source

NAMES = ("spacex",)


def load(name: str, base_url: str, page_size: int, origin: str | None = None) -> Source:
    """The declared source of that name, at `base_url`; `origin` if that address says too little.

    Raises: UsageError for a name that nobody declared.
    """
    if name not in NAMES:
        raise UsageError(f"There is no source '{name}'.", hint=f"Known sources: {', '.join(NAMES)}.")
    source: Source = import_module(f"etl.sources.{name}").make_source(base_url, origin or base_url, page_size)
    return source
