"""Near-Earth objects: the published data itself, queried from the warehouse as analyst."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d

from monitoring.dashboards.elements import BAD, CALM, QUIET, WARN, Column, Sql, Thresholds
from monitoring.dashboards.layout import Row, dashboard_of
from monitoring.dashboards.panels import bars_panel, rows_panel, sql_points_panel, stat_panel

FIGURES = Sql("dashboards/neo_figures.sql")
NOTHING = "nothing published"


def build() -> d.Dashboard:
    """Dashboard `neo`."""
    return dashboard_of(
        "neo",
        "Near-Earth objects",
        "The published data: passes, the risk list, and how much attention they deserve. A lunar distance (LD) is "
        "384,400 km.",
        {
            "What comes close?": _passes(),
            "Which of them might hit?": _risks(),
        },
        time=("now-30d", "now+60d"),
        refresh="30m",
    )


def _passes() -> Row:
    return [
        stat_panel(
            "Closest pass",
            "Within 30 days of the newest answer, in lunar distances.",
            FIGURES,
            decimals=2,
            field_name="closest_ld",
            no_value=NOTHING,
        ),
        stat_panel(
            "Closer than the Moon",
            "Passes within one lunar distance in these 30 days.",
            FIGURES,
            field_name="closer_than_the_moon",
            no_value=NOTHING,
        ),
        stat_panel(
            "Hazardous and close",
            "Passes of potentially hazardous asteroids within 0.05 au in these 30 days.",
            FIGURES,
            field_name="hazardous",
            no_value=NOTHING,
        ),
        stat_panel(
            "Possible impacts",
            "Coming passes whose smallest distance, given the uncertainty of the orbit, is within Earth's radius.",
            FIGURES,
            thresholds=Thresholds(bad=1),
            alert="NeoImpactPossible",
            field_name="possible_impacts",
            no_value=NOTHING,
        ),
        stat_panel(
            "On the risk list",
            "Objects that Sentry lists, at any probability.",
            FIGURES,
            field_name="risks",
            no_value=NOTHING,
        ),
        stat_panel(
            "Known objects",
            "Share of the passes since 30 days before the newest answer whose object the Small-Body Database lists.",
            FIGURES,
            unit="percentunit",
            decimals=1,
            thresholds=Thresholds(warn=0.995, bad=0.99, falling=True),
            field_name="known_ratio",
            no_value=NOTHING,
        ),
        sql_points_panel(
            "How closely do objects pass?",
            "Each point is a pass within 20 lunar distances. Logarithmic scale; the Moon is at 1.",
            Sql("dashboards/neo_passes.sql"),
            columns={
                "on_risk_list": ("on the risk list", BAD),
                "hazardous": ("hazardous", WARN),
                "others": ("others", CALM),
            },
            unit="suffix: LD",
        )
        .scale_distribution(common.ScaleDistributionConfig().type(c.ScaleDistribution.LOG).log(10))
        .height(12),
        rows_panel(
            "Which passes are the closest?",
            "Within 30 days of the newest answer. Sizes follow from brightness.",
            Sql("questions/neo/closest_passes.sql"),
            {
                "designation": Column("Object"),
                "approach_date": Column("Day", "time:YYYY-MM-DD", width=110),
                "lunar_distances": Column("LD", "short", width=80),
                "from_m": Column("From", "lengthm", width=80),
                "to_m": Column("To", "lengthm", width=80),
                "km_s": Column("km/s", "short", width=80),
                "attention": Column("Attention", width=100),
            },
            height=12,
        ),
    ]


def _risks() -> Row:
    return [
        rows_panel(
            "Which score disagrees?",
            "The first ten by the Palermo scale of those that pass, and where a simple score of size, speed and "
            "nearness puts them.",
            Sql("questions/neo/which_score_disagrees.sql"),
            {
                "designation": Column("Object"),
                "one_in": Column("One in", "short", width=100),
                "palermo": Column("Palermo", "none", width=80),
                "place_by_palermo": Column("Rank by it", "none", width=100),
                "simple_score": Column("Simple score", "none", width=110),
                "place_by_score": Column("Rank by it ", "none", width=100),
                "objects": Column("Of", "none", width=80),
            },
        ),
        rows_panel(
            "Which objects on the risk list pass?",
            "Within the published days, highest on the Palermo scale first.",
            Sql("questions/neo/risks_that_pass.sql"),
            {
                "designation": Column("Object"),
                "approach_date": Column("Day", "time:YYYY-MM-DD", width=110),
                "lunar_distances": Column("LD", "short", width=80),
                "one_in": Column("One in", "short", width=100),
                "palermo": Column("Palermo", "none", width=80),
                "torino": Column("Torino", "none", width=80),
            },
        ),
        bars_panel(
            "How much attention do passes deserve?",
            "By month; routine passes are left out.",
            Sql("dashboards/neo_attention.sql"),
            x="month",
            columns={
                "sentry": ("on the risk list", BAD),
                "pha_close": ("hazardous, within 0.05 au", WARN),
                "close": ("within one lunar distance", CALM),
                "pha": ("hazardous", QUIET),
            },
            span=24,
        ),
    ]
