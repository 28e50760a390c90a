"""Destinations, into which a run is published."""

NAMES = ("warehouse", "lake", "redshift")
DEFAULT = "warehouse"
BOTH = "both"


def named(choice: str) -> tuple[str, ...]:
    """The destinations that a choice of `--destination` stands for."""
    return (DEFAULT, "lake") if choice == BOTH else (choice,)
