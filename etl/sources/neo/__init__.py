"""Near-Earth objects: when they pass and how dangerous they are, from JPL: https://ssd-api.jpl.nasa.gov, no key."""

from collections.abc import Iterator
from datetime import date

from etl.core.api import Api, Client
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Endpoint, Source
from etl.settings import NeoSettings
from etl.sources.neo import datasets, gold, pages, parsers


def make_source(settings: NeoSettings, origin: str | None = None) -> Source:
    """JPL's APIs, as configured."""
    api = Api(
        "neo", settings.base_url, probe=pages.probe, max_concurrency=1
    )  # JPL refuses parallel requests from one address
    plan = pages.Plan(settings.max_distance_au, settings.days_per_request)

    def approaches(client: Client, interval: DataInterval | None, first: int) -> Iterator[Page]:
        return pages.approaches(client, interval, first, plan)

    def interval(next_start: date | None, today: date) -> DataInterval:
        return pages.days(next_start, today, settings.days, settings.lookback_days, settings.ahead_days)

    return Source(
        name="neo",
        about="Near-Earth objects: when and how closely they pass, and how likely they are to hit.",
        api=api,
        origin=origin or api.base_url,
        endpoints=(
            Endpoint(
                datasets.CLOSE_APPROACHES.name,
                (datasets.CLOSE_APPROACHES,),
                approaches,
                parsers.approaches,
                settings.days_per_request,
                request_fingerprint=f"{settings.max_distance_au:g} au",
                knows_intervals=True,
            ),
            Endpoint(datasets.RISKS.name, (datasets.RISKS,), pages.risks, parsers.risks),
            Endpoint(
                datasets.OBJECTS.name, (datasets.OBJECTS,), pages.objects, parsers.objects
            ),  # last: must know all above
        ),
        gold=gold.TABLES,
        interval=interval,
    )
