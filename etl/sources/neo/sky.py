"""What the simulated APIs know: a few well-known objects, some risks, and made-up objects that pass every day.

Days, objects and passes are always the same. Facts are from JPL's public answers; 2010 RF12 passes every year as it
did in 2022, so that any year shows it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from etl.sources.neo import formulas

Record = dict[str, Any]

MADE_UP = 2400
PASSES = range(6, 19)  # of a day
FARTHEST_AU = 0.5
EARTH_GM = 398_600.4  # km³/s²
HALF_MONTHS = "ABCDEFGHJKLMNOPQRSTUVWXY"
LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
CLASSES = ("APO", "APO", "APO", "AMO", "AMO", "ATE")
RF12 = "2010 RF12"

WELL_KNOWN: tuple[Record, ...] = (
    {
        "spkid": "20099942",
        "pdes": "99942",
        "full_name": " 99942 Apophis (2004 MN4)",
        "H": "19.09",
        "diameter": "0.34",
        "albedo": "0.35",
        "moid": "0.000207",
        "pha": "Y",
        "class": "ATE",
    },
    {
        "spkid": "20101955",
        "pdes": "101955",
        "full_name": "101955 Bennu (1999 RQ36)",
        "H": "20.63",
        "diameter": "0.49",
        "albedo": "0.044",
        "moid": "0.00319",
        "pha": "Y",
        "class": "APO",
    },
    {
        "spkid": "20029075",
        "pdes": "29075",
        "full_name": " 29075 (1950 DA)",
        "H": "17.62",
        "diameter": "1.3",
        "albedo": None,
        "moid": "0.0402",
        "pha": "Y",
        "class": "APO",
    },
    {
        "spkid": "3549652",
        "pdes": RF12,
        "full_name": "       (2010 RF12)",
        "H": "28.42",
        "diameter": None,
        "albedo": None,
        "moid": "0.000541",
        "pha": "N",
        "class": "APO",
    },
    {
        "spkid": "3012393",
        "pdes": "1979 XB",
        "full_name": "       (1979 XB)",
        "H": "18.56",
        "diameter": None,
        "albedo": None,
        "moid": "0.0247",
        "pha": "Y",
        "class": "APO",
    },
    {
        "spkid": "3054374",
        "pdes": "2000 SB45",
        "full_name": "       (2000 SB45)",
        "H": "24.34",
        "diameter": None,
        "albedo": None,
        "moid": "0.00129",
        "pha": "N",
        "class": "APO",
    },
)

RISKS_OF_WELL_KNOWN: tuple[Record, ...] = (
    {
        "des": "29075",
        "fullname": "29075 (1950 DA)",
        "h": "17.94",
        "diameter": "1.300",
        "v_inf": "14.10",
        "ip": "0.00039",
        "n_imp": 1,
        "ps_cum": "-0.92",
        "ps_max": "-0.92",
        "ts_max": None,
        "range": "2880-2880",
        "last_obs": "2023-10-16.43109",
        "last_obs_jd": "2460233.93109",
        "id": "a0029075",
    },
    {
        "des": "101955",
        "fullname": "101955 Bennu (1999 RQ36)",
        "h": "20.63",
        "diameter": "0.490",
        "v_inf": "5.99",
        "ip": "0.000571699999999996",
        "n_imp": 157,
        "ps_cum": "-1.40",
        "ps_max": "-1.58",
        "ts_max": None,
        "range": "2178-2290",
        "last_obs": "2020-10-3.80160",
        "last_obs_jd": "2459126.30160",
        "id": "a0101955",
    },
    {
        "des": RF12,
        "fullname": "(2010 RF12)",
        "h": "28.39",
        "diameter": "0.0071",
        "v_inf": "5.10",
        "ip": "0.1",
        "n_imp": "70",
        "ps_cum": "-2.97",
        "ps_max": "-2.97",
        "ts_max": "0",
        "range": "2095-2122",
        "last_obs": "2022-08-21.43",
        "last_obs_jd": "2459812.93",
        "id": "bK10R12F",
    },
    {
        "des": "1979 XB",
        "fullname": "(1979 XB)",
        "h": "18.56",
        "diameter": "0.66",
        "v_inf": "23.7204",
        "ip": "8.89646e-07",
        "n_imp": "5",
        "ps_cum": "-2.75",
        "ps_max": "-3.12",
        "ts_max": "0",
        "range": "2056-2113",
        "last_obs": "1979-12-15",
        "last_obs_jd": "2444222.5",
        "id": "bJ79X00B",
    },
    {
        "des": "2000 SB45",
        "fullname": "(2000 SB45)",
        "h": "24.34",
        "diameter": "0.046",
        "v_inf": "7.5307",
        "ip": "0.000159",
        "n_imp": 227,
        "ps_cum": "-3.75",
        "ps_max": "-4.22",
        "ts_max": "0",
        "range": "2068-2118",
        "last_obs": "2000-09-29",
        "last_obs_jd": "2451816.5",
        "id": "bK00S45B",
    },
)

APOPHIS_2029: Record = {
    "des": "99942",
    "orbit_id": "206",
    "jd": "2462240.407091595",
    "cd": "2029-Apr-13 21:46",
    "dist": "0.000254099098170977",
    "dist_min": "0.000254085852623379",
    "dist_max": "0.000254112343772129",
    "v_rel": "7.42249308586014",
    "v_inf": "5.84135545611464",
    "t_sigma_f": "< 00:01",
    "h": "19.09",
    "diameter": "0.34",
    "diameter_sigma": "0.04",
    "fullname": " 99942 Apophis (2004 MN4)",
}


@cache
def objects() -> tuple[Record, ...]:
    """All objects, as `sbdb_query.api` serves them."""
    chance = random.Random("near-Earth objects")  # noqa: S311
    return (*WELL_KNOWN, *(_made_up(number, chance) for number in range(MADE_UP)))


def risks(year: int) -> list[Record]:
    """The risk list, as Sentry serves it in that year: numbers as text and as numbers."""
    return [*map(dict, RISKS_OF_WELL_KNOWN), *(_risk(number, year) for number in range(40, MADE_UP, 120))]


def passes(day: date) -> list[Record]:
    """The passes of a day within FARTHEST_AU, as `cad.api` serves them."""
    return sorted(_passes(day), key=lambda record: str(record["jd"]))


def _made_up(number: int, chance: random.Random) -> Record:
    year, half_month = 1998 + number % 28, HALF_MONTHS[number // 28 % 24]
    provisional = f"{year} {half_month}{LETTERS[number // 672 % 25]}{number % 97 + 300}"
    h = round(17 + 10.4 * chance.random() ** 0.6, 2)
    moid = round(0.3 * chance.random() ** 2, 6)
    has_number, is_measured = h < 20.5, chance.random() < 0.04
    designation = str(900_000 + number) if has_number else provisional
    return {
        "spkid": str(20_900_000 + number if has_number else 54_000_000 + number),
        "pdes": designation,
        "full_name": f"{designation} ({provisional})" if has_number else f"       ({provisional})",
        "H": f"{h:.2f}",
        "diameter": f"{formulas.diameter_km(h, formulas.USUAL):.3f}" if is_measured else None,
        "albedo": f"{formulas.USUAL}" if is_measured else None,
        "moid": f"{moid}",
        "pha": "Y" if h <= 22 and moid <= 0.05 else "N",
        "class": chance.choice(CLASSES),
    }


def _risk(number: int, year: int) -> Record:
    """One potential impact each, so that its Palermo scale follows from the rest."""
    found = objects()[len(WELL_KNOWN) + number]
    chance = random.Random(f"risk {number}")  # noqa: S311
    h, v_inf, when = float(found["H"]), round(6 + 18 * chance.random(), 4), 2070 + chance.randrange(50)
    size = float(f"{formulas.diameter_km(h, formulas.USUAL):.2g}")
    energy = formulas.energy_mt(size, formulas.impact_velocity_km_s(v_inf))
    scale = -3.5 - 5 * chance.random()
    probability = min(float(f"{10**scale * 0.03 * energy**-0.8 * (when - year):.3g}"), 0.01)
    palermo = f"{formulas.palermo(probability, energy, when - year):.2f}"
    return {
        "des": found["pdes"],
        "fullname": found["full_name"].strip(),
        "h": found["H"],
        "diameter": f"{size:g}",
        "v_inf": f"{v_inf}",
        "ip": f"{probability:g}",
        "n_imp": 1 if number % 240 else "1",
        "ps_cum": palermo,
        "ps_max": palermo,
        "ts_max": "0" if when - year <= 100 else None,
        "range": f"{when}-{when}",
        "last_obs": f"{min(year, 2025)}-03-{number % 28 + 1:02}",
        "last_obs_jd": "2460740.5",
        "id": f"bM{number:06}",
    }


def _passes(day: date) -> Iterator[Record]:
    chance = random.Random(day.toordinal())  # noqa: S311
    if day == date(2029, 4, 13):
        yield dict(APOPHIS_2029)
    if (day.month, day.day) == (9, 23):
        yield _pass(WELL_KNOWN[3], day, 0.3541, 0.0686051, 3.2846, 0.0001)
    first = day.toordinal() * PASSES.stop  # so that an object passes about twice a year
    for turn in range(chance.choice(PASSES)):
        found = objects()[len(WELL_KNOWN) + (first + turn) % MADE_UP]
        au = 1e-4 + (FARTHEST_AU - 1e-4) * chance.random() ** 1.3
        v_inf = 5 + 22 * chance.random() ** 1.5
        yield _pass(found, day, (turn + chance.random()) / PASSES.stop, au, v_inf, chance.random() ** 6)


def _pass(found: Record, day: date, time_of_day: float, au: float, v_inf: float, doubt: float) -> Record:
    julian = day.toordinal() + 1_721_424.5 + time_of_day
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=round(time_of_day * 1440 - 0.5))
    apart = au * doubt * 0.9
    return {
        "des": found["pdes"],
        "orbit_id": f"JPL {1 + int(doubt * 40)}",
        "jd": f"{julian:.9f}",
        "cd": f"{at:%Y-%b-%d %H:%M}",
        "dist": f"{au:.15g}",
        "dist_min": f"{au - apart:.15g}",
        "dist_max": f"{au + apart:.15g}",
        "v_rel": f"{math.sqrt(v_inf**2 + 2 * EARTH_GM / (au * formulas.AU_KM)):.15g}",
        "v_inf": f"{v_inf:.15g}",
        "t_sigma_f": _duration(doubt),
        "h": found["H"],
        "diameter": found["diameter"],
        "diameter_sigma": found["diameter"] and f"{float(found['diameter']) / 10:.3f}",
        "fullname": found["full_name"],
    }


def _duration(doubt: float) -> str:
    minutes = int(doubt * 6000)
    if minutes == 0:
        return "< 00:01"
    days, rest = divmod(minutes, 1440)
    return f"{f'{days}_' if days else ''}{rest // 60:02}:{rest % 60:02}"
