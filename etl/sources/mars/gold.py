"""Answers about the photos: the table that sql/gold/ makes from silver."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, DAY, INSTANT, INT, TEXT

MARS_ACTIVITY = Dataset(
    "mars_activity",
    grain="one row per rover, day on Earth and family of cameras",
    key=("rover", "taken_date", "camera_family"),
    month="month_start_date",
    columns=(
        Column("rover", TEXT, "curiosity or perseverance; the withdrawn API had others, too.", nullable=False),
        Column("taken_date", DAY, "The day on Earth, UTC.", nullable=False),
        Column("camera_family", TEXT, "What its cameras are for: hazard, navigation, mast and so on.", nullable=False),
        Column("month_start_date", DAY, "First day of the month.", nullable=False),
        Column("photos", BIGINT, "Photos, not counting thumbnails.", nullable=False),
        Column("thumbnails", BIGINT, "Small copies, sent ahead.", nullable=False),
        Column("cameras", BIGINT, "Cameras of the family that took one.", nullable=False),
        Column("first_sol", INT, "Their first sol.", nullable=False),
        Column("last_sol", INT, "Their last sol: a day on Earth overlaps two.", nullable=False),
        Column("first_taken_at", INSTANT, "When the first was taken; null if only the day is known."),
        Column("last_taken_at", INSTANT, "When the last was taken; null if only the day is known."),
    ),
)
