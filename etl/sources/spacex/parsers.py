"""Page bytes in, Arrow batches and refused records out; plain functions, so that any engine can call them."""

from etl.core.pages import Asked, Parsed
from etl.sources.records import Rows, parse_records
from etl.sources.spacex import contract as api
from etl.sources.spacex import datasets as to


def launches(body: bytes, _asked: Asked) -> Parsed:
    """Launches, and their core slots numbered from 1."""
    return parse_records(body, api.Launch, (to.LAUNCHES, to.LAUNCH_CORES), _launch)


def cores(body: bytes, _asked: Asked) -> Parsed:
    """Cores with their own counts of landings."""
    return parse_records(body, api.Core, (to.CORES,), _core)


def rockets(body: bytes, _asked: Asked) -> Parsed:
    """Kinds of rockets, metric units only."""
    return parse_records(body, api.Rocket, (to.ROCKETS,), _rocket)


def launchpads(body: bytes, _asked: Asked) -> Parsed:
    """Launchpads."""
    return parse_records(body, api.Launchpad, (to.LAUNCHPADS,), _launchpad)


def landpads(body: bytes, _asked: Asked) -> Parsed:
    """Landpads, on land and ships."""
    return parse_records(body, api.Landpad, (to.LANDPADS,), _landpad)


def payloads(body: bytes, _asked: Asked) -> Parsed:
    """Payloads, metric units only."""
    return parse_records(body, api.Payload, (to.PAYLOADS,), _payload)


def _launch(launch: api.Launch) -> Rows:
    row = (
        launch.id,
        launch.name,
        launch.flight_number,
        launch.rocket,
        launch.launchpad,
        launch.upcoming,
        launch.success,
        launch.tbd,
        launch.net,
        launch.date_precision,
        launch.window,
        launch.static_fire_date_utc,
        launch.date_utc,
        launch.date_utc.date() if launch.date_utc else None,
    )
    slots = [
        (
            launch.id,
            position,
            slot.core,
            slot.landpad,
            slot.flight,
            slot.gridfins,
            slot.legs,
            slot.reused,
            slot.landing_attempt,
            slot.landing_success,
            slot.landing_type,
        )
        for position, slot in enumerate(launch.cores, start=1)
    ]
    return {to.LAUNCHES.name: [row], to.LAUNCH_CORES.name: slots}


def _core(core: api.Core) -> Rows:
    landings = (core.rtls_attempts, core.rtls_landings, core.asds_attempts, core.asds_landings)
    return {to.CORES.name: [(core.id, core.serial, core.block, core.status, core.reuse_count, *landings)]}


def _rocket(rocket: api.Rocket) -> Rows:
    row = (
        rocket.id,
        rocket.name,
        rocket.type,
        rocket.country,
        rocket.stages,
        rocket.boosters,
        rocket.cost_per_launch,
        rocket.success_rate_pct,
        rocket.height.meters,
        rocket.diameter.meters,
        rocket.mass.kg,
        rocket.active,
        rocket.first_flight,
    )
    return {to.ROCKETS.name: [row]}


def _place(place: api.Place) -> tuple[str | float, ...]:
    return (
        place.id,
        place.name,
        place.full_name,
        place.status,
        place.locality,
        place.region,
        place.latitude,
        place.longitude,
    )


def _launchpad(pad: api.Launchpad) -> Rows:
    return {to.LAUNCHPADS.name: [(*_place(pad), pad.timezone, pad.launch_attempts, pad.launch_successes)]}


def _landpad(pad: api.Landpad) -> Rows:
    return {to.LANDPADS.name: [(*_place(pad), pad.type, pad.landing_attempts, pad.landing_successes)]}


def _payload(payload: api.Payload) -> Rows:
    row = (
        payload.id,
        payload.launch,
        payload.name,
        payload.type,
        payload.orbit,
        payload.regime,
        payload.customers,
        payload.nationalities,
        payload.manufacturers,
        payload.mass_kg,
        payload.reused,
    )
    return {to.PAYLOADS.name: [row]}
