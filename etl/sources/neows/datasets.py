"""The table that NeoWs' feed becomes."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BOOL, DAY, FLOAT, INSTANT, TEXT

PASSES = Dataset(
    "neows_passes",
    grain="one row per object of NeoWs and day on which it passes Earth",
    key=("neo_id", "approach_date"),
    day="approach_date",
    max_lost_share=0.05,  # orbits are recomputed, and objects get numbers
    columns=(
        Column(
            "neo_id",
            TEXT,
            "NeoWs' id of the object. An object may have two: one from before it got its number.",
            nullable=False,
        ),
        Column("approach_date", DAY, "The day of approach_at.", nullable=False),
        Column(
            "approach_at",
            INSTANT,
            "When it is closest, to the minute, in TDB, which is about 69 s ahead of UTC.",
            nullable=False,
        ),
        Column(
            "designation",
            TEXT,
            "The object as in silver.neo_objects: its number, or its provisional designation, such as 2010 RF12.",
            nullable=False,
        ),
        Column("full_name", TEXT, "Number, name and provisional designation, as far as it has them.", nullable=False),
        Column("miss_distance_au", FLOAT, "Distance between the centres of Earth and object, in au.", nullable=False),
        Column("miss_distance_km", FLOAT, "The same in km.", nullable=False),
        Column(
            "miss_distance_ld",
            FLOAT,
            "The same in lunar distances as NeoWs counts them, 389 to the au; JPL's tables here have 389.17.",
            nullable=False,
        ),
        Column("velocity_km_s", FLOAT, "Speed relative to Earth when closest, in km/s.", nullable=False),
        Column("absolute_magnitude", FLOAT, "H: its intrinsic brightness; null if NeoWs has none."),
        Column("diameter_min_km", FLOAT, "Smallest likely diameter, from H and an albedo of 0.25; null without H."),
        Column("diameter_max_km", FLOAT, "Largest likely diameter, from H and an albedo of 0.05; null without H."),
        Column("is_hazardous", BOOL, "NeoWs says that it is a potentially hazardous asteroid.", nullable=False),
        Column(
            "is_on_risk_list",
            BOOL,
            "NeoWs says that Sentry lists it (is_sentry_object); it says no of some that Sentry does list.",
            nullable=False,
        ),
        Column("received_at", INSTANT, "When it was received from the API.", nullable=False, is_bookkeeping=True),
    ),
)
