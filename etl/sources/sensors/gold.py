"""What the sensors answer: the tables that sql/gold/ makes from silver."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, DAY, FLOAT, TEXT

SENSOR_REGION_MONTHS = Dataset(
    "sensor_region_months",
    grain="one row per region and month",
    key=("region", "month_start_date"),
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

SENSOR_EXTREMES = Dataset(
    "sensor_extremes",
    grain="one row per kind of extreme",
    key=("kind",),
    columns=(
        Column(
            "kind",
            TEXT,
            "hottest, coldest, wettest, widest_range, or driest: the longest stretch of days without precipitation.",
            nullable=False,
        ),
        Column("sensor_id", TEXT, "The sensor.", nullable=False),
        Column("region", TEXT, "Its zone of the grid.", nullable=False),
        Column("reading_date", DAY, "The UTC day; the last one of a stretch. Of equals the earliest.", nullable=False),
        Column("value", FLOAT, "The extreme.", nullable=False),
        Column("unit", TEXT, "What value counts: °C, mm or days.", nullable=False),
    ),
)

SENSOR_QUALITY = Dataset(
    "sensor_quality",
    grain="one row per month",
    key=("month_start_date",),
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
