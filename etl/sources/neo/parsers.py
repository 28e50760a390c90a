"""Page bytes in, an Arrow batch and refused records out. Inexact arithmetic is done here, once for all engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from etl.core.pages import PageContext, Parsed
from etl.core.tables import Dataset
from etl.sources.neo import answers, formulas
from etl.sources.neo import contract as api
from etl.sources.neo import datasets as to
from etl.sources.records import Contract, parse_records

C = TypeVar("C", bound=Contract)
Row = Mapping[str, Any]

FORESEEN_YEARS = 10  # until a potential impact, from which on whole years are exact enough
ROUNDED = 0.06  # relative error of a diameter that Sentry gives to two digits


def approaches(body: bytes, context: PageContext) -> Parsed:
    """Passes, in the order of the page."""
    return _parse(body, context, answers.APPROACHES, api.Approach, to.CLOSE_APPROACHES, _approach)


def risks(body: bytes, context: PageContext) -> Parsed:
    """Objects of Sentry's list, in its order."""
    return _parse(body, context, answers.RISKS, api.Risk, to.RISKS, _risk)


def objects(body: bytes, context: PageContext) -> Parsed:
    """Near-Earth objects, in the order of the page."""
    return _parse(body, context, answers.OBJECTS, api.NearEarthObject, to.OBJECTS, _object)


def _parse(
    body: bytes,
    context: PageContext,
    envelope: answers.Envelope,
    contract: type[C],
    dataset: Dataset,
    row_of: Callable[[C, datetime], Row],
) -> Parsed:
    """A page of one table; a later minor version is reported like an unknown field."""
    news: set[str] = set()

    def records(document: Any) -> list[Any]:
        found = envelope.records(document)
        if isinstance(document, dict) and envelope.is_newer(document):
            news.add(f"signature.version {'.'.join(map(str, envelope.version_of(document)))}")
        return found

    def rows(record: C) -> dict[str, list[Row]]:
        return {dataset.name: [row_of(record, context.received_at)]}

    parsed = parse_records(body, contract, (dataset,), rows, records_in=records)
    return replace(parsed, unknown_fields=parsed.unknown_fields | news)


def _approach(approach: api.Approach, received_at: datetime) -> Row:
    approach_at = approach.jd or approach.cd
    impact = None if approach.v_inf is None else formulas.impact_velocity_km_s(approach.v_inf)
    return {
        "designation": approach.des,
        "approach_date": approach_at.date(),
        "approach_at": approach_at,
        "full_name": approach.fullname,
        "orbit_id": approach.orbit_id,
        **_distances("miss_distance", approach.dist),
        **_distances("miss_distance_min", approach.dist_min),
        **_distances("miss_distance_max", approach.dist_max),
        "velocity_km_s": approach.v_rel,
        "velocity_infinity_km_s": approach.v_inf,
        "impact_velocity_km_s": impact,
        "time_uncertainty_minutes": approach.t_sigma_f,
        "absolute_magnitude": approach.h,
        "diameter_measured_km": approach.diameter,
        "diameter_uncertainty_km": approach.diameter_sigma,
        **_sizes(approach.h, impact),
        "received_at": received_at,
        "received_date": received_at.date(),
    }


def _distances(name: str, au: float | None) -> Row:
    km = None if au is None else au * formulas.AU_KM
    return {
        f"{name}_au": au,
        f"{name}_km": km,
        f"{name}_ld": None if km is None else km / formulas.LUNAR_DISTANCE_KM,
    }


def _sizes(absolute_magnitude: float | None, impact_km_s: float | None) -> Row:
    row: dict[str, float | None] = {}
    for which, albedo in (("min", formulas.BRIGHT), ("nominal", formulas.USUAL), ("max", formulas.DARK)):
        size = None if absolute_magnitude is None else formulas.diameter_km(absolute_magnitude, albedo)
        row[f"diameter_{which}_km"] = size
        row[f"energy_{which}_mt"] = (
            None if size is None or impact_km_s is None else formulas.energy_mt(size, impact_km_s)
        )
    return row


def _risk(risk: api.Risk, received_at: datetime) -> Row:
    impact = formulas.impact_velocity_km_s(risk.v_inf)
    energy = formulas.energy_mt(risk.diameter, impact)
    first_year, last_year = risk.range
    return {
        "designation": risk.des,
        "full_name": risk.fullname,
        "absolute_magnitude": risk.h,
        "diameter_km": risk.diameter,
        "velocity_infinity_km_s": risk.v_inf,
        "impact_velocity_km_s": impact,
        "energy_mt": energy,
        "impact_probability": risk.ip,
        "potential_impacts": risk.n_imp,
        "first_year": first_year,
        "last_year": last_year,
        "palermo_cumulative": risk.ps_cum,
        "palermo_max": risk.ps_max,
        "torino_max": risk.ts_max,
        "last_observed_date": risk.last_obs,
        "palermo_recomputed": _palermo(risk, energy, first_year - received_at.year),
        "received_at": received_at,
    }


def _palermo(risk: api.Risk, energy_mt: float, years: int) -> float | None:
    """What the scale must be, if there is one potential impact and its energy does not rest on a measured size."""
    is_measured = abs(risk.diameter / formulas.diameter_km(risk.h, formulas.USUAL) - 1) > ROUNDED
    if risk.n_imp > 1 or years < FORESEEN_YEARS or is_measured or energy_mt <= 0:
        return None
    return formulas.palermo(risk.ip, energy_mt, years)


def _object(found: api.NearEarthObject, received_at: datetime) -> Row:
    return {
        "designation": found.pdes,
        "full_name": found.full_name,
        "spk_id": found.spkid,
        "orbit_class": found.class_,
        "absolute_magnitude": found.H,
        "diameter_measured_km": found.diameter,
        "albedo": found.albedo,
        "moid_au": found.moid,
        "is_hazardous": None if found.pha is None else found.pha == "Y",
        "received_at": received_at,
    }
