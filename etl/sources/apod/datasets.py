"""The table that the pictures of the day become."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BOOL, DAY, INSTANT, TEXT

PICTURES = Dataset(
    "apod_pictures",
    grain="one row per day with a picture",
    key=("picture_date",),
    day="picture_date",
    columns=(
        Column("picture_date", DAY, "The day whose picture it is, as the API names it.", nullable=False),
        Column("title", TEXT, "Its title.", nullable=False),
        Column(
            "media_type",
            TEXT,
            "image, video (a file), iframe (another site's player) or other. The withdrawn API said video for both.",
            nullable=False,
        ),
        Column("explanation", TEXT, "What it shows, as plain text: without links, and without the site's footer."),
        Column("credit", TEXT, "Who made it, as plain text; null from the withdrawn API."),
        Column(
            "copyright",
            TEXT,
            "Who holds the rights, as plain text. Since 2026 it may be NASA, so a picture with a value may still be "
            "in the public domain; the withdrawn API left it out for those.",
        ),
        Column("alt_text", TEXT, "What it looks like, for people who cannot see it; null from the withdrawn API."),
        Column("picture_url", TEXT, "The picture at its full size, or a video's poster; null if there is none."),
        Column(
            "rendition_url", TEXT, "The picture at most 1,024 pixels wide; null where NASA serves the full size only."
        ),
        Column("video_url", TEXT, "The video, or the page of its player; null if it is not a video."),
        Column("page_url", TEXT, "The page that shows it.", nullable=False),
        Column("is_poster", BOOL, "picture_url is a video's poster, which many videos may share.", nullable=False),
        Column(
            "is_from_withdrawn_api",
            BOOL,
            "The record has the form of the API that was withdrawn in 2026.",
            nullable=False,
        ),
        Column("received_at", INSTANT, "When it was received from the API.", nullable=False, is_bookkeeping=True),
    ),
)
