"""Answers about the sensors: the tables that sql/gold/ makes from silver."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, DAY, FLOAT, TEXT

SENSOR_REGION_MONTHS = Dataset(
    "sensor_region_months",
    grain="one row per region and month",
    key=("region", "month_start_date"),
    month="month_start_date",
    columns=(
        Column("region", TEXT, "The zone of the grid.", nullable=False),
        Column("month_start_date", DAY, "First day of the month, UTC.", nullable=False),
        Column("sensors", BIGINT, "Sensors with a reading.", nullable=False),
        Column("readings", BIGINT, "Days of sensors.", nullable=False),
        Column("complete_readings", BIGINT, "Those with every measure known.", nullable=False),
        Column("temperature_max", FLOAT, "Highest temperature, in °C."),
        Column("temperature_min", FLOAT, "Lowest temperature, in °C."),
        Column("temperature_avg", FLOAT, "Mean of the days' averages, in °C, to two decimals."),
        Column("precipitation_avg", FLOAT, "Mean precipitation of a sensor's day, in mm, to two decimals."),
        Column("freezing_readings", BIGINT, "Readings whose temp_category is freezing.", nullable=False),
        Column("hot_readings", BIGINT, "Readings whose temp_category is hot.", nullable=False),
        Column("wet_readings", BIGINT, "Readings with any precipitation_level but none.", nullable=False),
    ),
)

KIND = Column(
    "kind",
    TEXT,
    "hottest, coldest, wettest, widest_range, or driest: the most days in a row without precipitation.",
    nullable=False,
)
EXTREME = (
    Column("sensor_id", TEXT, "The sensor.", nullable=False),
    Column("region", TEXT, "Its zone of the grid.", nullable=False),
    Column(
        "reading_date",
        DAY,
        "The UTC day; the last one of a dry spell. If several are equal, the earliest.",
        nullable=False,
    ),
    Column("value", FLOAT, "The extreme.", nullable=False),
    Column("unit", TEXT, "What value counts: °C, mm or days.", nullable=False),
)
MONTH = Column("month_start_date", DAY, "First day of the month, UTC.", nullable=False)

SENSOR_DRY_SPELLS = Dataset(
    "sensor_dry_spells",
    grain="one row per month and sensor with a dry day",
    key=("month_start_date", "sensor_id"),
    month="month_start_date",
    columns=(
        MONTH,
        Column("sensor_id", TEXT, "The sensor.", nullable=False),
        Column("region", TEXT, "Its zone of the grid.", nullable=False),
        Column(
            "dry_days",
            BIGINT,
            "The most days in a row without precipitation, by the end of the month or of the spell. Days of the months "
            "before count; a day that is missing or unknown ends a spell.",
            nullable=False,
        ),
        Column(
            "end_date",
            DAY,
            "The last of these days within the month. If several are equal, the earliest.",
            nullable=False,
        ),
        Column("open_since_date", DAY, "First day of the spell that goes on at the end of the month; null if none."),
        Column("open_days", BIGINT, "How long that one is by then; 0 if none.", nullable=False),
    ),
)

SENSOR_MONTH_EXTREMES = Dataset(
    "sensor_month_extremes",
    grain="one row per month and kind of extreme",
    key=("month_start_date", "kind"),
    month="month_start_date",
    columns=(MONTH, KIND, *EXTREME),
)

SENSOR_EXTREMES = Dataset(
    "sensor_extremes", grain="one row per kind of extreme", key=("kind",), columns=(KIND, *EXTREME)
)

SENSOR_QUALITY = Dataset(
    "sensor_quality",
    grain="one row per month",
    key=("month_start_date",),
    month="month_start_date",
    columns=(
        Column("month_start_date", DAY, "First day of the month, UTC.", nullable=False),
        Column("readings", BIGINT, "Days of sensors.", nullable=False),
        Column("complete_readings", BIGINT, "Those with every measure known.", nullable=False),
        Column("complete_rate_pct", FLOAT, "Their share, in percent, to two decimals.", nullable=False),
        Column("temperature_max_nulls", BIGINT, "Readings without the highest temperature.", nullable=False),
        Column("temperature_min_nulls", BIGINT, "Readings without the lowest temperature.", nullable=False),
        Column("precipitation_nulls", BIGINT, "Readings without precipitation.", nullable=False),
        Column("data_quality_score_avg", FLOAT, "Mean data_quality_score, to two decimals.", nullable=False),
    ),
)

TABLES = (  # each after those that its statement reads
    SENSOR_REGION_MONTHS,
    SENSOR_DRY_SPELLS,
    SENSOR_MONTH_EXTREMES,
    SENSOR_EXTREMES,
    SENSOR_QUALITY,
)
