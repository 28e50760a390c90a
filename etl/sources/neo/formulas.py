"""What follows from brightness, speed and probability. It takes powers and roots, so it is computed here, not in SQL.

Sources: https://cneos.jpl.nasa.gov/tools/ast_size_est.html, https://cneos.jpl.nasa.gov/sentry/palermo_scale.html
"""

from __future__ import annotations

import math

AU_KM = 149_597_870.7
LUNAR_DISTANCE_KM = 384_400.0
ESCAPE_KM_S = 11.186  # the speed of what falls to Earth from rest
DENSITY_KG_M3 = 2600.0  # assumed
MEGATON_J = 4.184e15
BRIGHT, USUAL, DARK = 0.25, 0.154, 0.05  # assumed albedos, for the smallest, the nominal and the largest size


def diameter_km(absolute_magnitude: float, albedo: float) -> float:
    """How large an object of that brightness is, if it reflects that share of the light."""
    return float(1329 / math.sqrt(albedo) * 10 ** (-absolute_magnitude / 5))


def impact_velocity_km_s(velocity_infinity_km_s: float) -> float:
    """The speed at which it would hit, given its speed before Earth's gravity takes hold."""
    return math.sqrt(velocity_infinity_km_s**2 + ESCAPE_KM_S**2)


def energy_mt(diameter_km: float, impact_velocity_km_s: float) -> float:
    """The energy of a ball of DENSITY_KG_M3, in megatons of TNT."""
    mass_kg = math.pi / 6 * DENSITY_KG_M3 * (diameter_km * 1000) ** 3
    return mass_kg * (impact_velocity_km_s * 1000) ** 2 / 2 / MEGATON_J


def palermo(probability: float, energy_mt: float, years: float) -> float:
    """The risk of an impact `years` ahead, relative to that of any impact as large by then, as a power of ten."""
    background_per_year = 0.03 * energy_mt**-0.8
    return math.log10(probability / (background_per_year * years))
