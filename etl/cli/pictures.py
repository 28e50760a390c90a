"""`etl pictures`: the pictures that may be reused, as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from etl.cli.console import output
from etl.cli.startup import start
from etl.core.errors import ConfigError
from etl.lake.pictures import export


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def pictures(folder: Path) -> None:
    """Write the pictures that may be reused into FOLDER, with an index of titles and credits.

    They are those of gold.picture_pool. `make mosaic POOL=FOLDER` makes mosaics of them.
    """
    runtime = start()
    with runtime.reader() as warehouse:
        rows = warehouse.run("listings/reusable_pictures")
    if not rows:
        raise ConfigError(
            "No picture that may be reused is published.", hint="Run `etl run apod`, then `etl run picture_facts`."
        )
    try:
        number = export(runtime.lake(), rows, folder)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be written: {error.strerror or error}.", hint="Name another folder."
        ) from None
    output.say(f"{number} pictures are in {folder}. Next: make mosaic POOL={folder}")
