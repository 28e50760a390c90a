"""The table that the rovers' photos become."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BOOL, DAY, INSTANT, INT, TEXT

PHOTOS = Dataset(
    "mars_photos",
    grain="one row per photo of a rover",
    key=("photo_id", "taken_date"),
    day="taken_date",
    max_lost_share=0.02,
    columns=(
        Column("photo_id", TEXT, "The mission and the feed's id, such as msl:1523343.", nullable=False),
        Column("rover", TEXT, "curiosity or perseverance; the withdrawn API had others, too.", nullable=False),
        Column("sol", INT, "The day on Mars, counted from the landing.", nullable=False),
        Column("taken_date", DAY, "The day on Earth on which it was taken, UTC.", nullable=False),
        Column("taken_at", INSTANT, "When it was taken; null from the withdrawn API, which knew only the day."),
        Column("taken_at_mars", TEXT, "The same in local mean solar time, as the feed writes it."),
        Column("arrived_at", INSTANT, "When it arrived on Earth, hours to weeks later."),
        Column("camera", TEXT, "The camera as its feed names it.", nullable=False),
        Column(
            "camera_family",
            TEXT,
            "What the camera is for: hazard, navigation, mast, laser, arm, descent or other.",
            nullable=False,
        ),
        Column("is_thumbnail", BOOL, "A small copy, sent ahead of a photo that may never follow.", nullable=False),
        Column("sample_type", TEXT, "How much of the photo was sent, as the feed puts it."),
        Column("title", TEXT, "Its title."),
        Column("credit", TEXT, "Whom to credit."),
        Column("site", INT, "The stretch of the rover's way, as its drivers number it."),
        Column("drive", INT, "The step within the site; null where the feed gives no number."),
        Column("image_url", TEXT, "The photo at the largest size that the feed offers; null if none."),
        Column("page_url", TEXT, "The page that shows it; null from the withdrawn API."),
        Column(
            "is_from_withdrawn_api",
            BOOL,
            "The record has the form of the API that was withdrawn in 2025.",
            nullable=False,
        ),
        Column("received_at", INSTANT, "When it was received from the API.", nullable=False, is_bookkeeping=True),
        Column(
            "rendition_url",
            TEXT,
            "The photo as a JPEG of at most 1,648 pixels, 800 where there is a choice; null if none, or from the "
            "withdrawn API.",
        ),
    ),
)
