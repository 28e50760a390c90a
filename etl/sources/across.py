"""Views over the tables of several sources: they hold no rows of their own, so no run publishes them.

A migration makes each, in the warehouse only; a test compares these declarations with it.
"""

from etl.core.tables import Column, Dataset
from etl.sources.types import DAY, TEXT

VIEWS = (
    Dataset(
        "nasa_catalogue",
        grain="one row per picture of the day, near-Earth object that is listed or will pass, and photo of a rover",
        key=("source", "item_id"),
        columns=(
            Column("source", TEXT, "The source that holds it: apod, neo or mars.", nullable=False),
            Column(
                "item_id",
                TEXT,
                "What it is called there: the picture's day, the object's designation, or the photo_id.",
                nullable=False,
            ),
            Column(
                "item_date",
                DAY,
                "The picture's day, the day of the object's next pass (null if none is published), or the day a photo "
                "was taken.",
            ),
            Column(
                "kind",
                TEXT,
                "A picture's media_type, such as image or video; object; photo or thumbnail.",
                nullable=False,
            ),
            Column("title", TEXT, "Its title, or an object's full name; null for some photos."),
            Column("page_url", TEXT, "The page about it; null for photos from the withdrawn API."),
            Column(
                "image_url",
                TEXT,
                "The picture or photo at its full size, or a video's poster; null for objects, and where there is "
                "none.",
            ),
            Column("credit", TEXT, "Whom to credit; null for objects, and where it is unknown."),
        ),
    ),
)
