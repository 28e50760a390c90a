"""Mars rovers: the published data itself, queried from the warehouse as analyst."""

from __future__ import annotations

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as d

from monitoring.dashboards.elements import CALM, WARN, Column, Sql, Thresholds
from monitoring.dashboards.layout import Row, dashboard_of
from monitoring.dashboards.limits import LIMITS
from monitoring.dashboards.panels import bars_panel, rows_panel, stat_panel

FIGURES = Sql("dashboards/mars_figures.sql")
ROVERS = {"curiosity": ("Curiosity", CALM), "perseverance": ("Perseverance", WARN)}


def build() -> d.Dashboard:
    """Dashboard `mars`."""
    return dashboard_of(
        "mars",
        "Mars rovers",
        "The published data: what Curiosity and Perseverance photographed. The time range does not change it.",
        {
            "What is there?": _figures(),
            "Who took how many?": _activity(),
            "With which cameras, and when not?": _cameras(),
            "Which photos?": _photos(),
        },
        time=("now-30d", "now"),
        refresh="30m",
    )


def _figures() -> Row:
    return [
        stat_panel(
            "Photos",
            "Photos of both rovers, without thumbnails.",
            FIGURES,
            field_name="photos",
            no_value="nothing published",
            span=6,
        ),
        _days_since("Curiosity"),
        _days_since("Perseverance"),
        stat_panel(
            "Thumbnails",
            "Share of all images that are small copies, sent ahead of photos that may never follow.",
            FIGURES,
            unit="percentunit",
            decimals=1,
            field_name="thumbnail_ratio",
            no_value="nothing published",
            span=6,
        ),
    ]


def _days_since(rover: str) -> Builder[d.Panel]:
    return stat_panel(
        f"{rover} quiet for",
        "Days (UTC) since its latest photo or thumbnail was taken: 1 after the daily run; two weeks or more when "
        "the Sun is between Mars and Earth, every 26 months.",
        FIGURES,
        unit="d",
        thresholds=Thresholds(warn=5, bad=LIMITS["MarsRoverSilent"] / 86400),
        alert="MarsRoverSilent",
        field_name=f"days_since_{rover.lower()}",
        no_value="nothing published",
        span=6,
    )


def _activity() -> Row:
    return [
        bars_panel(
            "How many photos day by day?",
            "The last 30 days with a photo, on Earth, without thumbnails. Those of the last weeks still arrive.",
            Sql("dashboards/mars_days.sql"),
            x="day",
            columns=ROVERS,
        ),
        bars_panel(
            "How many photos month by month?",
            "The last 24 months with a photo, without thumbnails.",
            Sql("dashboards/mars_months.sql"),
            x="month",
            columns=ROVERS,
        ),
    ]


def _cameras() -> Row:
    return [
        bars_panel(
            "What were their cameras for?",
            "Photos by camera family, without thumbnails.",
            Sql("dashboards/mars_cameras.sql"),
            x="camera_family",
            columns=ROVERS,
        ),
        rows_panel(
            "When was a rover silent?",
            "Sols without a photo between two days with one, the longest first.",
            Sql("questions/mars/mars_quiet_days.sql"),
            {
                "rover": Column("Rover", width=120),
                "last_date_before": Column("Last before", "time:YYYY-MM-DD", width=120),
                "first_date_after": Column("First after", "time:YYYY-MM-DD", width=120),
                "sols_without": Column("Sols without", "short", width=110),
            },
            no_value="never",
        ),
    ]


def _photos() -> Row:
    return [
        rows_panel(
            "Which are the latest of each rover?",
            "Newest first, without thumbnails. A click on the page opens NASA's.",
            Sql("questions/mars/mars_latest.sql"),
            {
                "rover": Column("Rover", width=120),
                "taken_at": Column("Taken", "time:YYYY-MM-DD HH:mm", width=150),
                "sol": Column("Sol", width=80),
                "camera": Column("Camera", width=160),
                "page_url": Column("Page", link="${__value.raw}"),
            },
            no_value="nothing published",
        ),
        rows_panel(
            "Which cameras are busiest?",
            "The twenty that took the most photos.",
            Sql("questions/mars/mars_busiest_cameras.sql"),
            {
                "rover": Column("Rover", width=120),
                "camera": Column("Camera"),
                "camera_family": Column("For", width=110),
                "photos": Column("Photos", "short", width=90),
                "thumbnails": Column("Thumbnails", "short", width=110),
                "sols": Column("Sols", "short", width=80),
            },
            no_value="nothing published",
        ),
    ]
