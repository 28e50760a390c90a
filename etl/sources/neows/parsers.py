"""Page bytes in, an Arrow batch and refused records out."""

from __future__ import annotations

from etl.core.pages import PageContext, Parsed
from etl.sources.neows import contract as api
from etl.sources.neows import datasets as to
from etl.sources.records import Rows, parse_records


def passes(body: bytes, context: PageContext) -> Parsed:
    """Passes, in the order of their days: an object that breaks its contract is refused with all of its own."""

    def rows(found: api.NearEarthObject) -> Rows:
        size = found.estimated_diameter.kilometers if found.estimated_diameter else None
        about = {
            "neo_id": found.id,
            "designation": found.designation,
            "full_name": found.name,
            "absolute_magnitude": found.absolute_magnitude_h,
            "diameter_min_km": size and size.estimated_diameter_min,
            "diameter_max_km": size and size.estimated_diameter_max,
            "is_hazardous": found.is_potentially_hazardous_asteroid,
            "is_on_risk_list": found.is_sentry_object,
            "received_at": context.received_at,
        }
        return {to.PASSES.name: [about | _pass(each) for each in found.close_approach_data]}

    return parse_records(body, api.NearEarthObject, (to.PASSES,), rows, records_in=api.objects_in)


def _pass(found: api.Pass) -> dict[str, object]:
    return {
        "approach_date": found.close_approach_date,
        "approach_at": found.epoch_date_close_approach,
        "miss_distance_au": found.miss_distance.astronomical,
        "miss_distance_km": found.miss_distance.kilometers,
        "miss_distance_ld": found.miss_distance.lunar,
        "velocity_km_s": found.relative_velocity.kilometers_per_second,
    }
