"""The sensors' page: temperatures, rain, a map of the grid, and how complete the readings are."""

from etl.report import Columns, Report, Section
from etl.sources.sensors.report import answers, charts, maps

REPORT = Report(
    title="Weather on a grid",
    lead="Daily temperature and precipitation at a grid of virtual sensors: how warm, how wet, where, "
    "and how much of it is known.",
    counted=("places", "periods"),
    counts=answers.counts,
    answers=(
        Section("hottest", "Highest temperature", ("extremes",), answers.hottest),
        Section("coldest", "Lowest temperature", ("extremes",), answers.coldest),
        Section("wettest", "Wettest day", ("extremes",), answers.wettest),
        Section("driest", "Longest dry spell", ("extremes",), answers.driest),
    ),
    sections=(
        Section("temperature", "Temperature over time", ("periods", "extremes"), charts.temperature),
        Columns(
            (Section("rain", "Precipitation over time", ("periods",), charts.rain),),
            (Section("wet", "Wet and dry days", ("periods", "extremes"), charts.wet_days),),
        ),
        Columns(
            (Section("warmth", "Temperature by sensor", ("places",), maps.warmth),),
            (Section("wetness", "Precipitation by sensor", ("places",), maps.wetness),),
        ),
        Section("quality", "Data quality", ("periods",), charts.quality),
    ),
    how_made=(
        "The readings were extracted from the API, typed, audited and published to Postgres in one transaction; the "
        "page shows gold as that run left it, and the last 30 days of each sensor from silver. Means over sensors are "
        "weighted by readings. A day is wet from 0.1 mm of rain, showers and snow on. Days are UTC."
    ),
)
