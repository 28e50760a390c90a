"""What the rovers Curiosity and Perseverance photograph on Mars: https://mars.nasa.gov, two feeds, no key."""

from collections.abc import Iterator

from etl.core.api import Api, Client
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Endpoint, Source
from etl.settings import MarsSettings
from etl.sources.days import ReadByDays
from etl.sources.mars import datasets, gold, pages, parsers
from etl.sources.mars.sols import FIRST_DAY


def make_source(settings: MarsSettings, origin: str | None = None) -> Source:
    """The feeds, as configured: one endpoint, as both fill one table."""
    api = Api("mars", settings.base_url, probe=pages.probe)
    page_size = settings.photos_per_request

    def photos(client: Client, interval: DataInterval | None, first: int) -> Iterator[Page]:
        return pages.photos(client, interval, first, page_size)

    return Source(
        name="mars",
        about="Raw images of the rovers Curiosity and Perseverance: when, where and by which camera.",
        api=api,
        origin=origin or api.base_url,
        endpoints=(
            Endpoint(
                datasets.PHOTOS.name,
                (datasets.PHOTOS,),
                photos,
                parsers.photos,
                page_size=page_size,
                knows_intervals=True,
            ),
        ),
        gold=(gold.MARS_ACTIVITY,),
        interval=ReadByDays("MARS", FIRST_DAY, settings.start, settings.days, settings.lookback_days).interval,
        start=settings.start,
        cost=pages.cost,
    )
