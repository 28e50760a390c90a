"""Notebooks on what is published, and what they ask the warehouse with."""
