"""Destinations, into which a run is published."""

NAMES = ("warehouse", "lake", "redshift")
DEFAULT = "warehouse"
