"""The tables that JPL's answers become."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, BOOL, DAY, FLOAT, INSTANT, INT, TEXT

DESIGNATION = Column(
    "designation",
    TEXT,
    "The object: its number, or its provisional designation if it has none, such as 99942 or 2010 RF12.",
    nullable=False,
)
FULL_NAME = Column("full_name", TEXT, "Number, name and provisional designation, as far as it has them.", False)
RECEIVED_AT = Column(
    "received_at", INSTANT, "When this row was received from JPL.", nullable=False, is_bookkeeping=True
)
RECEIVED_DATE = Column("received_date", DAY, "The UTC day of received_at.", nullable=False, is_bookkeeping=True)

ASSUMED = "computed from H and an albedo of {}"
SIZES = (
    Column("diameter_min_km", FLOAT, f"Smallest likely diameter, {ASSUMED.format('0.25')}; null without H."),
    Column("diameter_nominal_km", FLOAT, f"Nominal diameter, {ASSUMED.format('0.154, as Sentry does')}."),
    Column("diameter_max_km", FLOAT, f"Largest likely diameter, {ASSUMED.format('0.05')}."),
)
ENERGIES = tuple(
    Column(
        f"energy_{which}_mt",
        FLOAT,
        f"Energy of an impact at impact_velocity_km_s with diameter_{which}_km and an assumed 2,600 kg/m³, in Mt TNT.",
    )
    for which in ("min", "nominal", "max")
)
DISTANCES = tuple(
    Column(f"miss_distance{which}_{unit}", FLOAT, f"{what}, in {words}.", nullable=bool(which))
    for which, what in (
        ("", "Distance between the centres of Earth and object at closest approach"),
        ("_min", "The smallest that it may be, within three standard deviations of the orbit"),
        ("_max", "The largest that it may be, within three standard deviations of the orbit"),
    )
    for unit, words in (
        ("au", "astronomical units of 149,597,870.7 km"),
        ("km", "km"),
        ("ld", "lunar distances of 384,400 km"),
    )
)
APPROACH = (
    Column(
        "approach_date",
        DAY,
        "The day of approach_at. It may move when an orbit is recomputed; the new row then replaces the old.",
        nullable=False,
    ),
    Column("approach_at", INSTANT, "When it is closest, in TDB, which is about 69 s ahead of UTC.", nullable=False),
)
TIME_UNCERTAINTY = Column(
    "time_uncertainty_minutes",
    INT,
    "Three standard deviations of approach_at, in whole minutes; 1 also stands for less.",
)
VELOCITY = Column("velocity_km_s", FLOAT, "Speed relative to Earth when closest, in km/s.", nullable=False)
VELOCITY_INFINITY = Column(
    "velocity_infinity_km_s", FLOAT, "Speed relative to Earth before its gravity takes hold, in km/s."
)
IMPACT_VELOCITY = Column(
    "impact_velocity_km_s", FLOAT, "Speed at which it would hit: √(velocity_infinity² + 11.186²), in km/s."
)
MAGNITUDE = Column("absolute_magnitude", FLOAT, "H: its intrinsic brightness; 5 less is ten times the diameter.")
MEASURED = Column("diameter_measured_km", FLOAT, "Measured diameter, in km; null for most objects.", may_vanish=True)

CLOSE_APPROACHES = Dataset(
    "neo_close_approaches",
    grain="one row per object and day on which it passes Earth",
    key=("designation", "approach_date"),
    day="approach_date",
    distributed_by="designation",
    max_lost_share=0.05,  # orbits are recomputed, and objects get numbers
    columns=(
        DESIGNATION,
        *APPROACH,
        FULL_NAME,
        Column("orbit_id", TEXT, "The orbit solution from which the pass was computed.", nullable=False),
        *DISTANCES,
        VELOCITY,
        VELOCITY_INFINITY,
        IMPACT_VELOCITY,
        TIME_UNCERTAINTY,
        MAGNITUDE,
        MEASURED,
        Column(
            "diameter_uncertainty_km",
            FLOAT,
            "One standard deviation of diameter_measured_km, in km.",
            may_vanish=True,
        ),
        *SIZES,
        *ENERGIES,
        RECEIVED_AT,
        RECEIVED_DATE,
    ),
)

RISKS = Dataset(
    "neo_risks",
    grain="one row per object that may hit Earth, as Sentry lists it",
    key=("designation",),
    distributed_by="designation",
    max_lost_share=0.1,  # most objects are ruled out within weeks of being listed
    columns=(
        DESIGNATION,
        FULL_NAME,
        Column("absolute_magnitude", FLOAT, "H: its intrinsic brightness.", nullable=False),
        Column("diameter_km", FLOAT, "Diameter, in km; from H and an albedo of 0.154 if not measured.", nullable=False),
        Column("velocity_infinity_km_s", FLOAT, "Speed before Earth's gravity takes hold, in km/s.", nullable=False),
        Column("impact_velocity_km_s", FLOAT, "Speed at which it would hit, in km/s.", nullable=False),
        Column(
            "energy_mt",
            FLOAT,
            "Energy of an impact with diameter_km and an assumed 2,600 kg/m³, in Mt TNT.",
            nullable=False,
        ),
        Column(
            "impact_probability",
            FLOAT,
            "Probability that any of its potential impacts happens: 0.1 is 10 %.",
            nullable=False,
        ),
        Column("potential_impacts", BIGINT, "How many potential impacts there are.", nullable=False),
        Column("first_year", INT, "Year of the first of them.", nullable=False),
        Column("last_year", INT, "Year of the last of them.", nullable=False),
        Column(
            "palermo_cumulative",
            FLOAT,
            "Palermo scale of all of them: 0 is as likely as any impact at least as large until then; −2, a hundredth.",
            nullable=False,
        ),
        Column("palermo_max", FLOAT, "Palermo scale of the worst of them.", nullable=False),
        Column(
            "torino_max",
            INT,
            "Torino scale of the worst of them, 0 to 10; null, which is not 0, if all are more than a hundred years "
            "ahead.",
            may_vanish=True,
        ),
        Column("last_observed_date", DAY, "The UTC day on which it was last observed.", nullable=False),
        Column(
            "palermo_recomputed",
            FLOAT,
            "palermo_max as it follows from this row and the year in which it was received; null if there are several "
            "potential impacts, less than ten years until the only one, or a measured diameter.",
            is_bookkeeping=True,
        ),
        RECEIVED_AT,
    ),
)

OBJECTS = Dataset(
    "neo_objects",
    grain="one row per near-Earth object",
    key=("designation",),
    distributed_by="designation",
    columns=(
        DESIGNATION,
        FULL_NAME,
        Column("spk_id", BIGINT, "JPL's number for the object.", nullable=False),
        Column("orbit_class", TEXT, "Class of its orbit, such as APO (Apollo), ATE (Aten), AMO (Amor).", False),
        MAGNITUDE,
        MEASURED,
        Column("albedo", FLOAT, "Measured share of the light that it reflects.", may_vanish=True),
        Column(
            "moid_au",
            FLOAT,
            "Smallest distance between its orbit and Earth's, in au: says nothing about a particular pass.",
        ),
        Column(
            "is_hazardous",
            BOOL,
            "A potentially hazardous asteroid: H of at most 22 and moid_au of at most 0.05; null if unknown.",
        ),
        RECEIVED_AT,
    ),
)
