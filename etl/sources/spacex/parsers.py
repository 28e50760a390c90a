"""Turns page bytes into Arrow batches and refused records; plain functions, so that any engine can call them."""

from typing import Any

from etl.core.pages import PageContext, Parsed
from etl.sources.records import Rows, parse_records
from etl.sources.spacex import contract as api
from etl.sources.spacex import datasets as to


def launches(body: bytes, _context: PageContext) -> Parsed:
    """Launches, and their core slots numbered from 1."""
    return parse_records(body, api.Launch, (to.LAUNCHES, to.LAUNCH_CORES), _launch)


def cores(body: bytes, _context: PageContext) -> Parsed:
    """Cores with their own counts of landings."""
    return parse_records(body, api.Core, (to.CORES,), _core)


def rockets(body: bytes, _context: PageContext) -> Parsed:
    """Kinds of rockets, metric units only."""
    return parse_records(body, api.Rocket, (to.ROCKETS,), _rocket)


def launchpads(body: bytes, _context: PageContext) -> Parsed:
    """Launchpads."""
    return parse_records(body, api.Launchpad, (to.LAUNCHPADS,), _launchpad)


def landpads(body: bytes, _context: PageContext) -> Parsed:
    """Landpads, on land and on ships."""
    return parse_records(body, api.Landpad, (to.LANDPADS,), _landpad)


def payloads(body: bytes, _context: PageContext) -> Parsed:
    """Payloads, metric units only."""
    return parse_records(body, api.Payload, (to.PAYLOADS,), _payload)


def _launch(launch: api.Launch) -> Rows:
    row = {
        "launch_id": launch.id,
        "name": launch.name,
        "flight_number": launch.flight_number,
        "rocket_id": launch.rocket,
        "launchpad_id": launch.launchpad,
        "is_upcoming": launch.upcoming,
        "is_success": launch.success,
        "is_to_be_determined": launch.tbd,
        "is_no_earlier_than": launch.net,
        "date_precision": launch.date_precision,
        "window_s": launch.window,
        "static_fire_at": launch.static_fire_date_utc,
        "launched_at": launch.date_utc,
        "launched_date": launch.date_utc.date() if launch.date_utc else None,
    }
    slots = [_slot(launch.id, position, slot) for position, slot in enumerate(launch.cores, start=1)]
    return {to.LAUNCHES.name: [row], to.LAUNCH_CORES.name: slots}


def _slot(launch_id: str, position: int, slot: api.CoreSlot) -> dict[str, Any]:
    return {
        "launch_id": launch_id,
        "position": position,
        "core_id": slot.core,
        "landpad_id": slot.landpad,
        "flight_number": slot.flight,
        "has_gridfins": slot.gridfins,
        "has_legs": slot.legs,
        "is_reused": slot.reused,
        "is_landing_attempted": slot.landing_attempt,
        "is_landing_success": slot.landing_success,
        "landing_type": slot.landing_type,
    }


def _core(core: api.Core) -> Rows:
    row = {
        "core_id": core.id,
        "serial": core.serial,
        "block": core.block,
        "status": core.status,
        "reuse_count": core.reuse_count,
        "rtls_attempts": core.rtls_attempts,
        "rtls_landings": core.rtls_landings,
        "asds_attempts": core.asds_attempts,
        "asds_landings": core.asds_landings,
    }
    return {to.CORES.name: [row]}


def _rocket(rocket: api.Rocket) -> Rows:
    row = {
        "rocket_id": rocket.id,
        "name": rocket.name,
        "type": rocket.type,
        "country": rocket.country,
        "stages": rocket.stages,
        "boosters": rocket.boosters,
        "cost_per_launch_usd": rocket.cost_per_launch,
        "success_rate_pct": rocket.success_rate_pct,
        "height_m": rocket.height.meters,
        "diameter_m": rocket.diameter.meters,
        "mass_kg": rocket.mass.kg,
        "is_active": rocket.active,
        "first_flight_date": rocket.first_flight,
    }
    return {to.ROCKETS.name: [row]}


def _place(place: api.Place) -> dict[str, Any]:
    return {
        "name": place.name,
        "full_name": place.full_name,
        "status": place.status,
        "locality": place.locality,
        "region": place.region,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


def _launchpad(pad: api.Launchpad) -> Rows:
    row = {
        "launchpad_id": pad.id,
        **_place(pad),
        "timezone": pad.timezone,
        "launch_attempts": pad.launch_attempts,
        "launch_successes": pad.launch_successes,
    }
    return {to.LAUNCHPADS.name: [row]}


def _landpad(pad: api.Landpad) -> Rows:
    row = {
        "landpad_id": pad.id,
        **_place(pad),
        "type": pad.type,
        "landing_attempts": pad.landing_attempts,
        "landing_successes": pad.landing_successes,
    }
    return {to.LANDPADS.name: [row]}


def _payload(payload: api.Payload) -> Rows:
    row = {
        "payload_id": payload.id,
        "launch_id": payload.launch,
        "name": payload.name,
        "type": payload.type,
        "orbit": payload.orbit,
        "regime": payload.regime,
        "customers": payload.customers,
        "nationalities": payload.nationalities,
        "manufacturers": payload.manufacturers,
        "mass_kg": payload.mass_kg,
        "is_reused": payload.reused,
    }
    return {to.PAYLOADS.name: [row]}
