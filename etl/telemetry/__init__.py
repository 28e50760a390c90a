"""Log lines, metrics and lineage."""
