"""The assessment of a pass: the pipeline's formulas, in an image that has nothing of the pipeline."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.service.assessment import Attention, Pass, assess
from etl.sources.neo import formulas

sizes = st.floats(0.001, 2000)


@given(sizes, sizes, st.floats(0, 3_600_000), st.floats(0, 1e10), st.booleans())
def test_energy_and_velocity_are_those_of_the_pipeline(
    one: float, other: float, kph: float, miss_km: float, hazardous: bool
) -> None:
    found = assess(
        Pass(
            diameter_min_km=one, diameter_max_km=other, velocity_kph=kph, miss_distance_km=miss_km, hazardous=hazardous
        )
    )
    velocity = formulas.impact_velocity_km_s(kph / 3600)
    assert math.isclose(found.impact_velocity_km_s, velocity)
    for size, energy in zip(sorted((one, other)), (found.energy_min_mt, found.energy_max_mt), strict=True):
        assert math.isclose(energy, formulas.energy_mt(size, velocity))
    assert math.isclose(found.miss_distance_ld, miss_km / formulas.LUNAR_DISTANCE_KM)
    assert 0 <= found.seed_threat_score <= 1


@pytest.mark.parametrize(
    ("hazardous", "miss_km", "attention"),
    [
        (True, 7_479_893, Attention.PHA_CLOSE),
        (True, 7_479_894, Attention.PHA),
        (False, 384_400, Attention.CLOSE),
        (False, 384_401, Attention.ROUTINE),
    ],
)
def test_attention_has_sharp_boundaries(hazardous: bool, miss_km: float, attention: Attention) -> None:
    passing = Pass(
        diameter_min_km=0.1, diameter_max_km=0.3, velocity_kph=1.0, miss_distance_km=float(miss_km), hazardous=hazardous
    )
    assert assess(passing).attention is attention


def test_a_hit_is_no_division_by_zero() -> None:
    passing = Pass(diameter_min_km=1.0, diameter_max_km=1.0, velocity_kph=0.0, miss_distance_km=0.0, hazardous=True)
    assert assess(passing).seed_threat_score == pytest.approx(0.3 + 0.2 + 0.3)
