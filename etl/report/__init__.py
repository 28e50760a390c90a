"""Builds a source's page: one HTML file that needs no network. It knows no source: a source declares a `Report`.

Charts are Plotly figures as plain dicts; Plotly itself is never imported, only its JavaScript is read.
"""

from etl.report.declaration import (
    Answer,
    Chart,
    Columns,
    Listing,
    Mark,
    Ranking,
    Report,
    Row,
    Rows,
    Section,
    Table,
)
from etl.report.page import Run, render

__all__ = [
    "Answer",
    "Chart",
    "Columns",
    "Listing",
    "Mark",
    "Ranking",
    "Report",
    "Row",
    "Rows",
    "Run",
    "Section",
    "Table",
    "render",
]
