"""Sizes, energies and the Palermo scale agree with what Sentry and NeoWs publish."""

import json
from pathlib import Path

import pytest

from etl.sources.neo import formulas


@pytest.mark.parametrize(("h", "km"), [(28.39, 0.0071), (18.54, 0.663), (24.79, 0.037)])
def test_the_nominal_diameter_is_sentrys(h: float, km: float) -> None:
    assert formulas.diameter_km(h, formulas.USUAL) == pytest.approx(km, rel=0.015)


def test_the_smallest_and_largest_diameters_are_those_of_neows(shared: Path) -> None:
    feed = json.loads((shared / "data/nasa/neows_feed_2022-09-18_2022-09-25.json").read_text())
    objects = [each for day in feed["near_earth_objects"].values() for each in day]
    assert len(objects) == 70
    for each in objects:
        said = each["estimated_diameter"]["kilometers"]
        sizes = [formulas.diameter_km(each["absolute_magnitude_h"], p) for p in (formulas.BRIGHT, formulas.DARK)]
        assert sizes == pytest.approx([said["estimated_diameter_min"], said["estimated_diameter_max"]], rel=5e-8)


def test_h_22_is_about_140_m() -> None:
    assert formulas.diameter_km(22, 0.14) == pytest.approx(0.140, rel=0.015)


def test_the_impact_velocity_of_bennu_is_sentrys(shared: Path) -> None:
    bennu = json.loads((shared / "data/nasa/sentry_2.0_object_bennu_part.json").read_text())["summary"]
    assert formulas.impact_velocity_km_s(float(bennu["v_inf"])) == pytest.approx(float(bennu["v_imp"]), abs=0.015)


def test_the_energy_of_bennu_would_be_more_than_twice_sentrys_which_uses_its_mass() -> None:
    assert formulas.energy_mt(0.490, 12.68) == pytest.approx(3077, rel=0.001)
    assert formulas.energy_mt(0.490, 12.68) * 1190 / formulas.DENSITY_KG_M3 == pytest.approx(1425, rel=0.02)


@pytest.mark.parametrize(
    ("probability", "energy", "years", "palermo"),
    [
        (1e-7, 1425.0, 2290.73 - 2021.0, -5.38),  # Bennu, 2290-09-25
        (0.1, formulas.energy_mt(0.0071, formulas.impact_velocity_km_s(5.10)), 2095.68 - 2022.7, -2.97),  # 2010 RF12
    ],
)
def test_the_palermo_scale_is_sentrys(probability: float, energy: float, years: float, palermo: float) -> None:
    assert formulas.palermo(probability, energy, years) == pytest.approx(palermo, abs=0.03)


def test_the_background_itself_is_zero_on_the_palermo_scale() -> None:
    assert formulas.palermo(0.03 * 100**-0.8 * 50, 100, 50) == pytest.approx(0)
