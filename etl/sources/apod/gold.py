"""Answers about the pictures of the day: the table that sql/gold/ makes from silver."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, DAY

APOD_MONTHS = Dataset(
    "apod_months",
    grain="one row per month",
    key=("month_start_date",),
    month="month_start_date",
    columns=(
        Column("month_start_date", DAY, "First day of the month.", nullable=False),
        Column("pictures", BIGINT, "Days with a picture, of any media type.", nullable=False),
        Column("images", BIGINT, "Those whose media_type is image.", nullable=False),
        Column("videos", BIGINT, "Those whose media_type is video or iframe.", nullable=False),
        Column("others", BIGINT, "Those of any other media_type.", nullable=False),
        Column("with_copyright", BIGINT, "Those that name who holds the rights, even if it is NASA.", nullable=False),
        Column("first_picture_date", DAY, "The first day with a picture.", nullable=False),
        Column("last_picture_date", DAY, "The last day with a picture.", nullable=False),
        Column(
            "missing_days",
            BIGINT,
            "Days between these two without a picture; if the whole month was read, the archive has none for them.",
            nullable=False,
        ),
    ),
)
