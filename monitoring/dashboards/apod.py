"""Astronomy pictures: the published data itself, queried from the warehouse as analyst."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as d

from monitoring.dashboards.elements import CALM, QUIET, WARN, Column, Sql, Thresholds
from monitoring.dashboards.layout import Row, dashboard_of
from monitoring.dashboards.panels import bars_panel, rows_panel, stat_panel

FIGURES = Sql("dashboards/apod_figures.sql")
KINDS = {"images": ("images", CALM), "videos": ("videos", WARN), "others": ("other", QUIET)}


def build() -> d.Dashboard:
    """Dashboard `apod`."""
    return dashboard_of(
        "apod",
        "Astronomy pictures",
        "The published data: NASA's pictures of the day. The time range does not change it.",
        {
            "What is there?": _figures(),
            "How many of which kind?": _kinds(),
            "Which pictures?": _pictures(),
        },
        time=("now-1y", "now"),
        refresh="30m",
    )


def _figures() -> Row:
    return [
        stat_panel(
            "Pictures",
            "Days with a picture of any media type.",
            FIGURES,
            field_name="pictures",
            no_value="nothing published",
        ),
        stat_panel(
            "Days since the latest",
            "Days (UTC) since that of the latest picture: 1 after the daily run. NASA has paused before, for weeks.",
            FIGURES,
            unit="d",
            thresholds=Thresholds(warn=3, bad=8),
            field_name="days_since_last",
            no_value="nothing published",
        ),
        stat_panel(
            "Videos",
            "Share of the pictures that are videos, as files or in players of other sites.",
            FIGURES,
            unit="percentunit",
            decimals=1,
            field_name="video_ratio",
            no_value="nothing published",
        ),
        stat_panel(
            "Name a rights holder",
            "Share of the pictures with a copyright. Since 2026 that may be NASA itself.",
            FIGURES,
            unit="percentunit",
            decimals=1,
            field_name="copyright_ratio",
            no_value="nothing published",
        ),
        stat_panel(
            "Days without a picture",
            "Days between the first and the last picture of each month that have none.",
            FIGURES,
            field_name="missing_days",
            no_value="nothing published",
            span=8,
        ),
    ]


def _kinds() -> Row:
    return [
        bars_panel(
            "What was published month by month?",
            "The last 24 months with a picture.",
            Sql("dashboards/apod_months.sql"),
            x="month",
            columns=KINDS,
        ),
        bars_panel(
            "What was published year by year?",
            "All years of which pictures have been read.",
            Sql("dashboards/apod_years.sql"),
            x="year",
            columns=KINDS,
        ),
    ]


def _pictures() -> Row:
    return [
        rows_panel(
            "Which are the latest?",
            "Newest first. A click on the page opens NASA's.",
            Sql("questions/apod/apod_latest.sql"),
            {
                "picture_date": Column("Day", "time:YYYY-MM-DD", width=110),
                "title": Column("Title"),
                "media_type": Column("Media type", width=100),
                "page_url": Column("Page", link="${__value.raw}"),
            },
            no_value="nothing published",
        ),
        rows_panel(
            "Which were published more than once?",
            "The same file under several dates, most often first.",
            Sql("questions/apod/apod_published_twice.sql"),
            {
                "times": Column("Times", "short", width=80),
                "first_date": Column("First", "time:YYYY-MM-DD", width=110),
                "last_date": Column("Latest", "time:YYYY-MM-DD", width=110),
                "title": Column("Title"),
            },
            no_value="none",
        ),
    ]
