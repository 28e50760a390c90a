"""Records that broke their contract."""

from __future__ import annotations

from typing import BinaryIO

import click

from etl import destinations
from etl.cli import corrections
from etl.cli.console import output
from etl.cli.console import quarantine as shown
from etl.cli.options import destination_option, source_argument
from etl.cli.startup import pipeline, start
from etl.pipeline import replay as replaying


@click.group()
def quarantine() -> None:
    """List and replay records that broke their contract. They are kept with the reason."""


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, to correct and replay.")
@destination_option("Show records refused on the way to this destination.")
def list_(as_json: bool, destination: str) -> None:
    """List records that have not been replayed or read again."""
    with start().warehouse() as warehouse:
        records = warehouse.run("ledger/open_quarantine", {"source": None, "destination": destination})
    shown.show(records, as_json=as_json)


@quarantine.command()
@source_argument
@click.option(
    "--from-file", type=click.File("rb"), help="Corrected lines of `etl quarantine list --json`; - reads stdin."
)
def replay(source_name: str, from_file: BinaryIO | None) -> None:
    """Publish quarantined records that were corrected, or that this version of the contract accepts."""
    runtime = start()
    source = runtime.source(source_name)
    with runtime.warehouse() as warehouse:
        kept = warehouse.run("ledger/open_quarantine", {"source": source_name, "destination": destinations.DEFAULT})
        records = corrections.records(kept, from_file.read() if from_file else None)
        if not records:
            output.say("There is nothing in quarantine.")
            return
        with pipeline(runtime, source) as steps:
            published, still_refused = replaying.replay(steps, warehouse, records)
    shown.show_replay(published, records, still_refused)
