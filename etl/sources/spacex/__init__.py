"""SpaceX launches and what belongs to them: https://api.spacexdata.com, no key, frozen since October 2022."""

from collections.abc import Iterator
from functools import partial

from etl.core.api import Api, Client
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Endpoint, Source
from etl.settings import SpacexSettings
from etl.sources.http.pages import whole_list
from etl.sources.spacex import datasets, gold, pages, parsers


def make_source(settings: SpacexSettings, origin: str | None = None) -> Source:
    """SpaceX, as configured."""
    api = Api("spacex", settings.base_url, probe=pages.probe)

    def launches(client: Client, interval: DataInterval | None, first: int) -> Iterator[Page]:
        return pages.launches(client, interval, first, settings.page_size)

    return Source(
        name="spacex",
        about="SpaceX launches, cores, rockets, pads and payloads.",
        api=api,
        origin=origin or api.base_url,
        endpoints=(
            Endpoint(
                "spacex_launches",
                (datasets.LAUNCHES, datasets.LAUNCH_CORES),
                launches,
                parsers.launches,
                settings.page_size,
                knows_intervals=True,
            ),
            *(
                Endpoint(dataset.name, (dataset,), partial(whole_list, path), parse)
                for path, dataset, parse in (
                    ("/v4/cores", datasets.CORES, parsers.cores),
                    ("/v4/rockets", datasets.ROCKETS, parsers.rockets),
                    ("/v4/launchpads", datasets.LAUNCHPADS, parsers.launchpads),
                    ("/v4/landpads", datasets.LANDPADS, parsers.landpads),
                    ("/v4/payloads", datasets.PAYLOADS, parsers.payloads),
                )
            ),
        ),
        gold=(gold.CORE_USAGE, gold.CORE_REUSES, gold.LAUNCH_STATISTICS),
    )
