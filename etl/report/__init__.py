"""The answers as one HTML page that needs no network: `render(Facts(...))`."""

from etl.report.facts import Facts
from etl.report.page import render

__all__ = ["Facts", "render"]
