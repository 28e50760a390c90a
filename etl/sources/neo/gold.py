"""Answers about near-Earth objects: the tables that sql/gold/ makes from silver."""

from etl.core.tables import Column, Dataset
from etl.sources.neo.datasets import (
    APPROACH,
    DESIGNATION,
    DISTANCES,
    ENERGIES,
    FULL_NAME,
    MAGNITUDE,
    SIZES,
    TIME_UNCERTAINTY,
    VELOCITY,
)
from etl.sources.types import BIGINT, BOOL, DAY, FLOAT, INT, TEXT

MONTH = Column("month_start_date", DAY, "First day of the month of approach_date.", nullable=False)
ATTENTION = Column(
    "attention",
    TEXT,
    "The first that holds: sentry (on the risk list), pha_close (hazardous, within 0.05 au), close (within one lunar "
    "distance), pha (hazardous), routine.",
    nullable=False,
)
ATTENTION_RANK = Column("attention_rank", INT, "The order of attention: 1 for sentry, 5 for routine.", nullable=False)

NEO_THREATS = Dataset(
    "neo_threats",
    grain="one row per object and day on which it passes Earth, with what is known about the object now",
    key=("designation", "approach_date"),
    month="month_start_date",
    columns=(
        DESIGNATION,
        *APPROACH,
        MONTH,
        FULL_NAME,
        ATTENTION,
        ATTENTION_RANK,
        *DISTANCES,
        Column(
            "is_impact_possible",
            BOOL,
            "miss_distance_min_au is within Earth's radius, 0.0000426 au; null if unknown.",
        ),
        TIME_UNCERTAINTY,
        VELOCITY,
        MAGNITUDE,
        *SIZES,
        *ENERGIES,
        Column("is_known", BOOL, "Whether the Small-Body Database lists the object.", nullable=False),
        Column("orbit_class", TEXT, "Class of its orbit, such as APO (Apollo)."),
        Column("moid_au", FLOAT, "Smallest distance between its orbit and Earth's, in au."),
        Column("is_hazardous", BOOL, "A potentially hazardous asteroid; null if unknown."),
        Column("impact_probability", FLOAT, "Sentry's, of all potential impacts; null if it is not on the risk list."),
        Column("palermo_cumulative", FLOAT, "Sentry's Palermo scale; null if it is not on the risk list."),
        Column(
            "torino_max",
            INT,
            "Sentry's Torino scale; null if it is not on the risk list, or all impacts are over a hundred years ahead.",
        ),
        Column(
            "seed_threat_score",
            FLOAT,
            "0 to 1, kept for comparison, as it misleads: 0.3 for the mean of smallest and largest diameter up to "
            "1 km, 0.2 for velocity up to 100,000 km/h, 0.2 for 1 km over the miss distance, 0.3 if hazardous; null if "
            "any of these is.",
        ),
    ),
)

NEO_ATTENTION_MONTHS = Dataset(
    "neo_attention_months",
    grain="one row per month and class of attention with a pass",
    key=("month_start_date", "attention"),
    month="month_start_date",
    columns=(
        MONTH,
        ATTENTION,
        ATTENTION_RANK,
        Column("passes", BIGINT, "Passes of that class.", nullable=False),
        Column("objects", BIGINT, "Objects that pass, each counted once.", nullable=False),
        Column("closest_ld", FLOAT, "The closest of them, in lunar distances.", nullable=False),
    ),
)

TABLES = (NEO_THREATS, NEO_ATTENTION_MONTHS)
