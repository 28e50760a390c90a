"""`etl pictures`: the pictures that may be reused, as a folder or for the page of mosaics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from etl.cli.console import output
from etl.cli.startup import start
from etl.core.errors import ConfigError, UsageError
from etl.lake import pictures as lake_pictures
from etl.runtime import Runtime

Rows = Sequence[Mapping[str, Any]]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--send", is_flag=True, help="Send them to the page at ETL_ENRICHMENT__PAGE_URL.")
def pictures(folder: Path | None, send: bool) -> None:
    """Write the pictures that may be reused into FOLDER, with an index of titles and credits.

    They are those of gold.picture_pool. `make mosaic POOL=FOLDER` makes mosaics of them; with --send, the page on
    Kubernetes does.
    """
    if (folder is None) is not send:
        raise UsageError("Name a folder or give --send, one of the two.", hint="etl pictures --help")
    runtime = start()
    if folder is None and runtime.settings.enrichment.page_url is None:
        output.say("No page is set (ETL_ENRICHMENT__PAGE_URL): nothing is sent.")
        return
    with runtime.reader() as warehouse:
        rows = warehouse.run("listings/reusable_pictures")
    if folder is None:
        _send(runtime, rows)
    else:
        _write(runtime, rows, folder)


def _send(runtime: Runtime, rows: Rows) -> None:
    with runtime.page() as page:
        new = lake_pictures.send(runtime.lake(), rows, page)
    output.say(f"The page makes mosaics of {len(rows)} pictures; {new} of them are new.")


def _write(runtime: Runtime, rows: Rows, folder: Path) -> None:
    if not rows:
        raise ConfigError(
            "No picture that may be reused is published.", hint="Run `etl run apod`, then `etl run picture_facts`."
        )
    try:
        number = lake_pictures.export(runtime.lake(), rows, folder)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be written: {error.strerror or error}.", hint="Name another folder."
        ) from None
    output.say(f"{number} pictures are in {folder}. Next: make mosaic POOL={folder}")
