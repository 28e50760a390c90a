"""Where a run is published."""

from enum import StrEnum


class Sink(StrEnum):
    """Where gold goes: into tables of the warehouse, or as Parquet into the lake."""

    WAREHOUSE = "warehouse"
    LAKE = "lake"
