"""Near-Earth objects as NASA's NeoWs lists them: https://api.nasa.gov, with a key. JPL's own lists are in `neo`."""

from collections.abc import Iterator
from functools import partial

from etl.core.api import Client
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Cost, Endpoint, Source
from etl.settings import NeowsSettings
from etl.sources import nasa
from etl.sources.days import ReadByDays
from etl.sources.neows import contract, datasets, pages, parsers


def make_source(settings: NeowsSettings, origin: str | None = None) -> Source:
    """NeoWs, as configured; without a key it can be declared, but not asked."""
    probe = partial(pages.probe, is_demo=nasa.is_demo(settings.nasa))
    api = nasa.make_api(settings.nasa, settings.base_url, probe)
    page_size = settings.days_per_request

    def passes(client: Client, interval: DataInterval | None, first: int) -> Iterator[Page]:
        return pages.passes(client, interval, first, page_size)

    def cost(interval: DataInterval | None) -> Cost:
        return pages.cost(interval, page_size)

    days = ReadByDays("NEOWS", contract.EARLIEST, settings.start, settings.days, settings.lookback_days)
    return Source(
        name="neows",
        about="The passes of near-Earth objects as NASA's NeoWs lists them, to compare with JPL's own. Wants a key.",
        api=api,
        origin=origin or api.base_url,
        endpoints=(
            Endpoint(
                datasets.PASSES.name,
                (datasets.PASSES,),
                passes,
                parsers.passes,
                page_size=page_size,
                knows_intervals=True,
            ),
        ),
        interval=days.interval,
        start=settings.start,
        cost=cost,
    )
