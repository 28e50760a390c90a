"""Notebooks on what is published, and the functions with which they query the warehouse."""
