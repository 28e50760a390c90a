"""The tables that the sensors' answers become."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BOOL, DAY, FLOAT, INSTANT, INT, TEXT

SENSOR = (
    Column("sensor_id", TEXT, "The sensor, such as SENSOR_0001.", nullable=False),
    Column("region", TEXT, "The zone of the grid that it is in, such as ZONE_1_1.", nullable=False),
    Column("latitude", FLOAT, "Degrees north, as asked for.", nullable=False),
    Column("longitude", FLOAT, "Degrees east, as asked for.", nullable=False),
    Column("reading_date", DAY, "The UTC day that was measured.", nullable=False),
)
TEMPERATURE_MAX = Column(
    "temperature_max", FLOAT, "Highest air temperature of the day, 2 m above ground, in °C.", is_awaited=True
)
TEMPERATURE_MIN = Column(
    "temperature_min", FLOAT, "Lowest air temperature of the day, 2 m above ground, in °C.", is_awaited=True
)
PRECIPITATION = Column("precipitation", FLOAT, "Rain, showers and snow of the day, in mm of water.", is_awaited=True)
RECEIVED_AT = Column(
    "received_at", INSTANT, "When this reading was received from the API.", nullable=False, is_bookkeeping=True
)

OBSERVATIONS = Dataset(
    "sensor_observations",
    grain="one row per sensor and day, as often as it was received",
    key=("sensor_id", "reading_date"),
    day="reading_date",
    columns=(*SENSOR, TEMPERATURE_MAX, TEMPERATURE_MIN, PRECIPITATION, RECEIVED_AT),
)

READINGS = Dataset(
    "sensor_readings",
    grain="one row per sensor and day",
    key=("sensor_id", "reading_date"),
    day="reading_date",
    distributed_by="sensor_id",
    columns=(
        *SENSOR,
        TEMPERATURE_MAX,
        TEMPERATURE_MIN,
        Column("temperature_avg", FLOAT, "Mean of the day's highest and lowest, in °C, to two decimals."),
        Column("temperature_range", FLOAT, "Highest less lowest, in °C, to two decimals."),
        Column("temperature_max_f", FLOAT, "temperature_max in °F, to two decimals."),
        Column("temperature_min_f", FLOAT, "temperature_min in °F, to two decimals."),
        Column("temperature_avg_f", FLOAT, "Mean of the day's highest and lowest, in °F, to two decimals."),
        PRECIPITATION,
        Column(
            "temp_category",
            TEXT,
            "By temperature_avg: freezing, cold from 0, mild from 10, warm from 20, hot from 30 °C.",
        ),
        Column(
            "precipitation_level",
            TEXT,
            "By precipitation: none, light from 0.1, moderate from 2.5, heavy from 10, extreme from 50 mm.",
        ),
        Column("is_complete", BOOL, "Both temperatures and the precipitation are known.", nullable=False),
        Column(
            "data_quality_score",
            INT,
            "0 to 100: 30 for each measure that is known, 10 if the highest is not below the lowest.",
            nullable=False,
        ),
        Column(
            "region_avg_temp", FLOAT, "Mean temperature_avg of the region's sensors that day, in °C, to two decimals."
        ),
        Column(
            "region_total_precipitation", FLOAT, "Sum of the region's precipitation that day, in mm, to two decimals."
        ),
        RECEIVED_AT,
        Column(
            "processed_at",
            INSTANT,
            "When the run that made this row transformed it.",
            nullable=False,
            is_bookkeeping=True,
        ),
        Column("processing_version", TEXT, "Which version of the rules above made it.", nullable=False),
    ),
)
