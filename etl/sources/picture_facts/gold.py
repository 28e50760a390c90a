"""Answers about pictures: the tables that sql/gold/ makes from silver."""

from etl.core.tables import Column, Dataset
from etl.sources.types import BIGINT, DAY, FLOAT, INT, TEXT

POOL = Dataset(
    "picture_pool",
    grain="one row per picture that may be reused and is described",
    key=("source", "item_id", "picture_date"),
    month="month_start_date",
    columns=(
        Column("source", TEXT, "The source that lists it.", nullable=False),
        Column("item_id", TEXT, "What it is called there.", nullable=False),
        Column("picture_date", DAY, "Its day there.", nullable=False),
        Column("month_start_date", DAY, "First day of its month.", nullable=False),
        Column("title", TEXT, "Its title.", nullable=False),
        Column("credit", TEXT, "Whom to credit wherever it is shown.", nullable=False),
        Column("page_url", TEXT, "The page that shows it.", nullable=False),
        Column("picture_url", TEXT, "The rendition.", nullable=False),
        Column("file", TEXT, "The page in the lake's bronze that holds the rendition, compressed.", nullable=False),
        Column("sha256", TEXT, "Hash of the rendition's bytes.", nullable=False),
        Column("width", INT, "Its pixels.", nullable=False),
        Column("height", INT, "Its pixels.", nullable=False),
        Column("average_colour", TEXT, "Mean of its light, as #rrggbb.", nullable=False),
        Column("brightness", FLOAT, "Mean lightness, 0 to 1.", nullable=False),
        Column("subject", TEXT, "What its text names, or else what the model sees; null if neither is sure."),
    ),
)

DUPLICATES = Dataset(
    "picture_duplicates",
    grain="one row per pair of pictures that look the same",
    key=("source", "item_id", "picture_date", "other_source", "other_item_id", "other_picture_date"),
    columns=(
        Column("source", TEXT, "The source of the earlier one.", nullable=False),
        Column("item_id", TEXT, "What it is called there.", nullable=False),
        Column("picture_date", DAY, "Its day.", nullable=False),
        Column("other_source", TEXT, "The source of the later one.", nullable=False),
        Column("other_item_id", TEXT, "What it is called there.", nullable=False),
        Column("other_picture_date", DAY, "Its day.", nullable=False),
        Column("title", TEXT, "The earlier one's title.", nullable=False),
        Column("other_title", TEXT, "The later one's title.", nullable=False),
        Column("phash_distance", BIGINT, "Digits in which the perceptual hashes differ, up to 4.", nullable=False),
        Column("dhash_distance", BIGINT, "Digits in which the difference hashes differ, up to 6.", nullable=False),
    ),
)

MONTHS = Dataset(
    "picture_months",
    grain="one row per source and month with a picture",
    key=("source", "month_start_date"),
    month="month_start_date",
    columns=(
        Column("source", TEXT, "The source that lists them.", nullable=False),
        Column("month_start_date", DAY, "First day of the month.", nullable=False),
        Column("pictures", BIGINT, "Pictures with a bounded rendition.", nullable=False),
        Column("described", BIGINT, "Those whose facts are known.", nullable=False),
        Column("reusable", BIGINT, "Those that may be reused, described or not.", nullable=False),
        Column("with_subject", BIGINT, "Those of which text or model say what they show.", nullable=False),
        Column("subjects_compared", BIGINT, "Those of which both say so.", nullable=False),
        Column("subjects_agreed", BIGINT, "Those of which both say the same.", nullable=False),
        Column("mean_brightness", FLOAT, "Mean of the brightness, of whole thousandths; null if none is described."),
        Column("mean_contrast", FLOAT, "Mean of the contrast, of whole thousandths; null if none is described."),
    ),
)
