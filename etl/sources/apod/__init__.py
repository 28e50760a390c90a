"""NASA's Astronomy Picture of the Day: https://science.nasa.gov/apod, no key, a picture a day since June 1995."""

from collections.abc import Iterator

from etl.core.api import Api, Client
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Cost, Endpoint, Source
from etl.settings import ApodSettings
from etl.sources.apod import contract, datasets, gold, pages, parsers
from etl.sources.days import ReadByDays


def make_source(settings: ApodSettings, origin: str | None = None) -> Source:
    """The pictures of the day, as configured."""
    api = Api("apod", settings.base_url, probe=pages.probe)
    page_size = settings.days_per_request

    def pictures(client: Client, interval: DataInterval | None, first: int) -> Iterator[Page]:
        return pages.pictures(client, interval, first, page_size)

    def cost(interval: DataInterval | None) -> Cost:
        return pages.cost(interval, page_size)

    return Source(
        name="apod",
        about="Astronomy pictures of the day, with what they show and who made them.",
        api=api,
        origin=origin or api.base_url,
        endpoints=(
            Endpoint(
                datasets.PICTURES.name,
                (datasets.PICTURES,),
                pictures,
                parsers.pictures,
                page_size=page_size,
                knows_intervals=True,
            ),
        ),
        gold=(gold.APOD_MONTHS,),
        interval=ReadByDays("APOD", contract.FIRST_DAY, settings.start, settings.days, settings.lookback_days).interval,
        start=settings.start,
        cost=cost,
    )
