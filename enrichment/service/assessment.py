"""How dangerous a pass looks: the simple score that is widely copied, beside what says more.

The formulas are those of etl.sources.neo, of which this image has nothing; a test compares the two.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

AU_KM = 149_597_870.7
LUNAR_DISTANCE_KM = 384_400.0
ESCAPE_KM_S = 11.186
DENSITY_KG_M3 = 2600.0  # assumed
MEGATON_J = 4.184e15
CLOSE_AU = 0.05


class Attention(StrEnum):
    """What a pass deserves, the most first; `sentry` is missing, as nobody can tell it from these numbers."""

    PHA_CLOSE = "pha_close"
    CLOSE = "close"
    PHA = "pha"
    ROUTINE = "routine"


class Pass(BaseModel):
    """An object that passes Earth, with the field names of NASA's NeoWs."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {
                    "diameter_min_km": 0.0053,
                    "diameter_max_km": 0.0119,
                    "velocity_kph": 40_000,
                    "miss_distance_km": 150_000,
                    "hazardous": False,
                }
            ]
        },
    )

    diameter_min_km: Annotated[float, Field(gt=0, le=2000)]
    diameter_max_km: Annotated[float, Field(gt=0, le=2000)]
    velocity_kph: Annotated[float, Field(ge=0, le=3_600_000, description="Relative to Earth.")]
    miss_distance_km: Annotated[float, Field(ge=0, le=1e10, description="0 is a hit.")]
    hazardous: Annotated[bool, Field(description="Potentially hazardous: large, on an orbit that comes close.")]


class Assessment(BaseModel):
    """What follows from the numbers of a pass."""

    seed_threat_score: Annotated[
        float, Field(ge=0, le=1, description="The simple score, kept for comparison: it ignores distance and energy.")
    ]
    attention: Attention
    miss_distance_ld: Annotated[float, Field(description="In lunar distances of 384,400 km.")]
    impact_velocity_km_s: Annotated[float, Field(description="At which it would hit; Earth's gravity adds to it.")]
    energy_min_mt: Annotated[float, Field(description="Of an impact, in Mt TNT, with 2,600 kg/m³ assumed.")]
    energy_max_mt: float


def assess(passing: Pass) -> Assessment:
    """The assessment of a pass."""
    velocity = math.sqrt((passing.velocity_kph / 3600) ** 2 + ESCAPE_KM_S**2)
    sizes = sorted((passing.diameter_min_km, passing.diameter_max_km))
    energies = [_energy_mt(size, velocity) for size in sizes]
    return Assessment(
        seed_threat_score=_score(passing),
        attention=_attention(passing),
        miss_distance_ld=passing.miss_distance_km / LUNAR_DISTANCE_KM,
        impact_velocity_km_s=velocity,
        energy_min_mt=energies[0],
        energy_max_mt=energies[1],
    )


def _score(passing: Pass) -> float:
    size = min((passing.diameter_min_km + passing.diameter_max_km) / 2, 1.0)
    speed = min(passing.velocity_kph / 100_000, 1.0)
    nearness = 1 / max(passing.miss_distance_km, 1.0)  # 1 km is as near as it gets
    return min(1.0, 0.3 * size + 0.2 * speed + 0.2 * nearness + 0.3 * passing.hazardous)


def _attention(passing: Pass) -> Attention:
    if passing.hazardous and passing.miss_distance_km <= CLOSE_AU * AU_KM:
        return Attention.PHA_CLOSE
    if passing.miss_distance_km <= LUNAR_DISTANCE_KM:
        return Attention.CLOSE
    return Attention.PHA if passing.hazardous else Attention.ROUTINE


def _energy_mt(diameter_km: float, velocity_km_s: float) -> float:
    mass_kg = math.pi / 6 * DENSITY_KG_M3 * (diameter_km * 1000) ** 3
    return mass_kg * (velocity_km_s * 1000) ** 2 / 2 / MEGATON_J
