"""Facts about pictures that other sources list: renditions from NASA's image server, described by `enrichment`.

The pictures of the day are listed by `apod`, on https://assets.science.nasa.gov; a few of each rover's photos a day by
`mars`, on https://mars.nasa.gov. Neither needs a key.
"""

from collections.abc import Iterator, Sequence

from etl.core.api import Api, Client
from etl.core.pages import Page
from etl.core.source import Endpoint, Kept, Listed, LookUp, Row, Source
from etl.settings import PictureFactsSettings
from etl.sources.days import ReadByDays
from etl.sources.picture_facts import datasets, gold, pages, parsers

FIRST_DAY = datasets.FIRST_DAY


def make_source(settings: PictureFactsSettings, origin: str | None = None) -> Source:
    """The source, as configured."""
    api = Api("picture_facts", settings.base_url, probe=pages.probe)

    def pictures(client: Client, listed: Sequence[Row], look_up: LookUp, kept: Kept) -> Iterator[Page]:
        return pages.pictures(client, listed, look_up, kept, settings)

    return Source(
        name="picture_facts",
        about="What the pictures of other sources show, measured on renditions at most 1,024 pixels wide.",
        api=api,
        origin=origin or api.base_url,
        endpoints=(
            Endpoint(
                datasets.FACTS.name,
                (datasets.FACTS,),
                Listed("listings/picture_facts", "listings/described_file", pictures),
                parsers.facts,
                knows_intervals=True,
            ),
        ),
        gold=(gold.POOL, gold.DUPLICATES, gold.MONTHS),
        interval=ReadByDays("PICTURE_FACTS", FIRST_DAY, settings.start, settings.days, settings.lookback_days).interval,
        start=settings.start,
        await_days=settings.await_days,
        follows=("apod_pictures", "mars_photos"),
        keeps_pages=True,
    )
