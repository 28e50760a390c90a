"""What a run is published into."""

NAMES = ("warehouse", "lake")
DEFAULT = "warehouse"
