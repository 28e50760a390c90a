"""The table that pictures and what is said about them become."""

from datetime import date

from etl.core.tables import Column, Dataset
from etl.sources.types import BOOL, DAY, FLOAT, INSTANT, INT, TEXT

FIRST_DAY = date(1995, 6, 16)

FACTS = Dataset(
    "picture_facts",
    grain="one row per picture that a source lists, with its facts once they are known",
    key=("source", "item_id", "picture_date"),
    day="picture_date",
    max_lost_share=1.0,  # its source may withdraw a picture; a person has consented there
    columns=(
        Column("source", TEXT, "The source that lists it, such as apod.", nullable=False),
        Column("item_id", TEXT, "What it is called there.", nullable=False),
        Column("picture_date", DAY, "Its day there.", nullable=False),
        Column("title", TEXT, "Its title.", nullable=False),
        Column("credit", TEXT, "Who made it.", may_vanish=True),
        Column("copyright", TEXT, "Who holds the rights, as the source says.", may_vanish=True),
        Column("page_url", TEXT, "The page that shows it.", nullable=False),
        Column(
            "picture_url",
            TEXT,
            "The rendition that is described: of a picture of the day, at most 1,024 pixels wide.",
            nullable=False,
        ),
        Column(
            "is_reusable",
            BOOL,
            "Its credit and its copyright name NASA and its partners in a mission and nobody else. False if in doubt.",
            nullable=False,
        ),
        Column(
            "status",
            TEXT,
            "described; due (not asked for or not described yet); unreachable (not received); refused (received, but "
            "not a picture that can be described). All but the first are due again.",
            nullable=False,
        ),
        Column("reason", TEXT, "Why it has no facts; null if nothing went wrong.", may_vanish=True),
        Column("attempts", INT, "How often in succession it was asked for or described in vain.", nullable=False),
        Column("tried_at", INSTANT, "When that was tried last, or when it was described.", may_vanish=True),
        Column("file", TEXT, "The page in the lake's bronze that holds the picture as received.", may_vanish=True),
        Column("sha256", TEXT, "Hash of its bytes, by which facts are kept.", may_vanish=True),
        Column(
            "facts_version",
            TEXT,
            "Which version of the functions measured it; null if nothing is known yet.",
            is_awaited=True,
            may_vanish=True,
        ),
        Column("model_version", TEXT, "Which model saw the subject; null without one.", may_vanish=True),
        Column("bytes", INT, "Size of the file.", may_vanish=True),
        Column("format", TEXT, "JPEG, PNG, GIF, WEBP or TIFF.", may_vanish=True),
        Column("width", INT, "Pixels of the rendition.", may_vanish=True),
        Column("height", INT, "Pixels of the rendition.", may_vanish=True),
        Column("frames", INT, "Frames; the first is described.", may_vanish=True),
        Column("average_colour", TEXT, "Mean of its light, as #rrggbb.", may_vanish=True),
        Column("dominant_colour", TEXT, "The colour with the largest share, as #rrggbb.", may_vanish=True),
        Column("brightness", FLOAT, "Mean lightness, 0 to 1.", may_vanish=True),
        Column("contrast", FLOAT, "Standard deviation of the lightness, 0 to 1.", may_vanish=True),
        Column("sharpness", FLOAT, "Variance of the Laplacian at 512 pixels; null if too small.", may_vanish=True),
        Column("phash", TEXT, "Perceptual hash, 64 binary digits.", may_vanish=True),
        Column("dhash", TEXT, "Difference hash, 64 binary digits.", may_vanish=True),
        Column("subject_by_image", TEXT, "What the model sees; null if it is not sure.", may_vanish=True),
        Column("subject_confidence", FLOAT, "Probability of the model's best class.", may_vanish=True),
        Column("subject_by_text", TEXT, "What title and explanation name; null if nothing clear.", may_vanish=True),
        Column(
            "is_subject_agreed", BOOL, "Whether both say the same; null unless both say something.", may_vanish=True
        ),
        Column("received_at", INSTANT, "When this was put together.", nullable=False, is_bookkeeping=True),
    ),
)
