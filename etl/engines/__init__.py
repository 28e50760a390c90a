"""Engines, which parse pages and derive rows: this machine, or Spark."""
