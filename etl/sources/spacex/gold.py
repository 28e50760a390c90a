"""What SpaceX answers: the tables that sql/gold/ makes from silver."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, DAY, FLOAT, INSTANT, INT, TEXT

CORE_USAGE = Dataset(
    "core_usage",
    grain="one row per core that has flown",
    key=("core_id",),
    columns=(
        Column("core_id", TEXT, "The core.", nullable=False),
        Column("serial", TEXT, "Its serial number; null if not known."),
        Column("launches", BIGINT, "Times it has flown.", nullable=False),
        Column("reuses", BIGINT, "Launches after its first.", nullable=False),
        Column("first_launch_date", DAY, "UTC day of its first launch.", nullable=False),
        Column("last_launch_date", DAY, "UTC day of its latest launch.", nullable=False),
        Column("shortest_gap_days", FLOAT, "Fewest days between two of its launches; null if it flew once."),
    ),
)

CORE_REUSES = Dataset(
    "core_reuses",
    grain="one row per core and launch, from the core's second launch on",
    key=("core_id", "launch_id"),
    columns=(
        Column("core_id", TEXT, "The core.", nullable=False),
        Column("serial", TEXT, "Its serial number; null if not known."),
        Column("reuse_number", BIGINT, "1 for the core's second launch.", nullable=False),
        Column("launch_id", TEXT, "The launch.", nullable=False),
        Column("launch_name", TEXT, "Its name.", nullable=False),
        Column("launched_at", INSTANT, "Its lift-off, UTC.", nullable=False),
        Column("previous_launch_id", TEXT, "The core's launch before.", nullable=False),
        Column("previous_launch_name", TEXT, "Its name.", nullable=False),
        Column("previous_launched_at", INSTANT, "Its lift-off, UTC.", nullable=False),
        Column("days_since_previous", FLOAT, "Days from lift-off to lift-off, with decimals.", nullable=False),
    ),
)

LAUNCH_STATISTICS = Dataset(
    "launch_statistics",
    grain="one row per year and kind of rocket, launches that have flown only",
    key=("launch_year", "rocket_id"),
    columns=(
        Column("launch_year", INT, "UTC year.", nullable=False),
        Column("rocket_id", TEXT, "Kind of rocket.", nullable=False),
        Column("rocket_name", TEXT, "Its name.", nullable=False),
        Column("launches", BIGINT, "Launches that have flown.", nullable=False),
        Column("successes", BIGINT, "Those that succeeded.", nullable=False),
        Column("failures", BIGINT, "Those that failed; the rest is not known.", nullable=False),
        Column("landings_tried", BIGINT, "Core landings tried.", nullable=False),
        Column("landings_made", BIGINT, "Core landings that succeeded.", nullable=False),
    ),
)
