"""Daily weather at a grid of virtual sensors: the Open-Meteo archive, https://open-meteo.com; a key is optional."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from etl.core.api import Api, Client, Limit
from etl.core.auth import NO_AUTH, QueryKey
from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Endpoint, Part, Source
from etl.settings import SensorsSettings
from etl.sources.days import ReadByDays
from etl.sources.sensors import contract, datasets, gold, pages, parsers
from etl.sources.sensors.grid import Grid


def make_source(settings: SensorsSettings, origin: str | None = None) -> Source:
    """The archive at `settings.base_url`, asked for the grid that the settings describe.

    Raises: ConfigError, for a grid that leaves the globe.
    """
    grid = Grid(
        settings.rows, settings.columns, settings.latitude, settings.longitude, settings.spacing, settings.zone_size
    )
    plan = pages.Plan(grid, settings.sensors_per_request)
    api = _api(settings, grid)
    days = ReadByDays("SENSORS", contract.EARLIEST, settings.start, settings.days, settings.lookback_days)
    return Source(
        name="sensors",
        about="Daily temperature and precipitation at a grid of virtual sensors.",
        api=api,
        origin=origin or api.base_url,
        endpoints=(_observations(plan),),
        silver=(datasets.READINGS,),
        gold=gold.TABLES,
        interval=days.interval,
        start=settings.start,
        await_days=settings.await_days,
        cost=plan.cost,
    )


def _api(settings: SensorsSettings, grid: Grid) -> Api:
    key = settings.api_key
    return Api(
        "sensors",
        settings.base_url,
        probe=partial(pages.probe, grid=grid),
        auth=NO_AUTH if key is None else QueryKey("apikey", key),
        limits=(
            Limit(settings.calls_per_minute, 60, "minute"),
            Limit(settings.calls_per_hour, 3600, "hour", is_spread=True),
            Limit(settings.calls_per_day, 86_400, "day", is_spread=True),
        ),
    )


def _observations(plan: pages.Plan, part: Part | None = None) -> Endpoint:
    def ask(client: Client, interval: DataInterval | None, first: int) -> Iterator[Page]:
        return pages.observations(client, interval, first, plan, part)

    whole = Endpoint(
        datasets.OBSERVATIONS.name,
        (datasets.OBSERVATIONS,),
        ask,
        parsers.observations,
        plan.sensors_per_request,
        request_fingerprint=str(plan.grid),
        knows_intervals=True,
    )
    return replace(whole, part=partial(_observations, plan)) if part is None else whole
