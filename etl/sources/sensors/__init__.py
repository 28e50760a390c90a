"""Daily weather at a grid of virtual sensors: the Open-Meteo archive, https://open-meteo.com, no key."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial

from etl.core.intervals import DataInterval
from etl.core.pages import Page
from etl.core.source import Client, Endpoint, Limit, Part, Source
from etl.settings import SensorsSettings
from etl.sources.sensors import datasets, gold, pages, parsers
from etl.sources.sensors.grid import Grid


def make_source(knobs: SensorsSettings, origin: str | None = None) -> Source:
    """The archive at `knobs.base_url`, asked for the grid that the knobs describe.

    Raises: ConfigError, for a grid that leaves the globe.
    """
    grid = Grid(knobs.rows, knobs.columns, knobs.latitude, knobs.longitude, knobs.spacing, knobs.zone_size)
    plan = pages.Plan(grid, knobs.sensors_per_request)

    def interval(next_start: date | None, until: date) -> DataInterval:
        if next_start is None:
            return pages.first_days(knobs.start, knobs.days, until)
        return pages.later_days(next_start, knobs.lookback_days, until)

    return Source(
        name="sensors",
        about="Daily temperature and precipitation at a grid of virtual sensors.",
        base_url=knobs.base_url,
        origin=origin or knobs.base_url,
        probe=partial(pages.probe, grid=grid),
        endpoints=(_observations(plan),),
        silver=(datasets.READINGS,),
        gold=(gold.SENSOR_REGION_MONTHS, gold.SENSOR_EXTREMES, gold.SENSOR_QUALITY),
        interval=interval,
        limits=(
            Limit(knobs.calls_per_minute, 60, "minute"),
            Limit(knobs.calls_per_hour, 3600, "hour", is_spread=True),
            Limit(knobs.calls_per_day, 86_400, "day", is_spread=True),
        ),
        cost=plan.cost,
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
        question=str(plan.grid),
        knows_intervals=True,
    )
    return replace(whole, part=partial(_observations, plan)) if part is None else whole
