"""The page of settings."""

from __future__ import annotations

from itertools import groupby

from etl import settings
from website.markdown import code, table

HEAD = """# Settings

Every setting is an environment variable; `etl settings` lists them, too. An unknown name that begins with `ETL_` is
refused. The warehouse is set by libpq's own variables: `PGHOST`, `PGUSER`, `PGPASSWORD` and so on; if `PGHOST` is
unset, it is an embedded Postgres.
"""


def page() -> str:
    """Every setting with its default, group by group."""
    parts = [HEAD]
    for group, names in groupby(settings.names(), key=lambda each: each[0].removeprefix("ETL_").split("__")[0]):
        declared = type(settings.Settings.model_fields[group.lower()].get_default(call_default_factory=True))
        rows = ((code(name), code(default), about) for name, default, about in names)
        parts += [f"## {group.lower()}\n\n{declared.__doc__}\n", table(("variable", "default", "meaning"), rows)]
    return "\n".join(parts)
