"""The answers as one HTML page that needs no network: `render(Facts(...))`."""

from etl.report.facts import Facts
from etl.report.page import render

SOURCE = "spacex"  # whose answers they are

__all__ = ["SOURCE", "Facts", "render"]
