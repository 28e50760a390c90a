"""SpaceX: the published data itself, queried from the warehouse as analyst."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d

from monitoring.dashboards.elements import BAD, CALM, QUIET, Column, Sql
from monitoring.dashboards.layout import Row, dashboard_of
from monitoring.dashboards.panels import bars_panel, rows_panel, sql_points_panel, stat_panel

FIGURES = Sql("dashboards/figures.sql")


def build() -> d.Dashboard:
    """Dashboard `spacex`."""
    return dashboard_of(
        "spacex",
        "SpaceX launches",
        "The published data: launches, landings and reuse of boosters. The time range does not change it.",
        {
            "The answers": _answers(),
            "Which boosters fly again, and how soon?": _reuses(),
            "How do launches and landings go?": _outcomes(),
        },
        time=("2006-01-01T00:00:00.000Z", "now"),
        refresh="30m",
    )


def _answers() -> Row:
    return [
        stat_panel(
            "Most reuses",
            "Most times that a single core has been reused: its launches after the first.",
            FIGURES,
            field_name="most_reuses",
            no_value="nothing published",
        ),
        stat_panel(
            "Reuses within 50 days",
            "Launches of a core less than 50 days after its previous launch. The table below lists them.",
            FIGURES,
            field_name="reuses_within_50_days",
            no_value="nothing published",
        ),
        stat_panel(
            "Fastest reuse",
            "Fewest days from one lift-off of a core to its next.",
            FIGURES,
            unit="d",
            decimals=1,
            field_name="shortest_days",
            no_value="nothing published",
        ),
        stat_panel(
            "Launches",
            "Launches that have taken place; upcoming ones do not count.",
            FIGURES,
            field_name="launches",
            no_value="nothing published",
        ),
        stat_panel(
            "Successful launches",
            "Share of the launches whose outcome is known.",
            FIGURES,
            unit="percentunit",
            decimals=1,
            field_name="success_ratio",
            no_value="nothing published",
        ),
        stat_panel(
            "Successful landings",
            "Share of all attempted landings of cores.",
            FIGURES,
            unit="percentunit",
            decimals=1,
            field_name="landing_ratio",
            no_value="nothing published",
        ),
    ]


def _reuses() -> Row:
    return [
        sql_points_panel(
            "How soon did boosters fly again?",
            "Each point is a launch of a core that had flown before. Logarithmic scale.",
            Sql("dashboards/reuses.sql"),
            columns={
                "within_50_days": ("less than 50 days after the previous launch", BAD),
                "later": ("50 days or more", CALM),
            },
            unit="d",
        )
        .scale_distribution(common.ScaleDistributionConfig().type(c.ScaleDistribution.LOG).log(10))
        .height(12),
        bars_panel(
            "Which boosters flew again most often?",
            "The twelve cores that were reused most often.",
            Sql("dashboards/most_reused_cores.sql"),
            x="core",
            columns={"reuses": ("reuses", CALM)},
            horizontal=True,
            height=12,
        ),
        rows_panel(
            "Which cores were reused in less than 50 days?",
            "Fastest first. Days are counted from lift-off to lift-off.",
            Sql("questions/spacex/cores_reused_within_50_days.sql"),
            {
                "serial": Column("Core", width=80),
                "launch_name": Column("Launch"),
                "launched": Column("Day", "time:YYYY-MM-DD", width=110),
                "days": Column("Days", "short", width=80),
                "core_id": Column("Id", width=210),
            },
        ),
        rows_panel(
            "Which core was reused most often?",
            "All cores that share the record.",
            Sql("questions/spacex/most_reused_core.sql"),
            {
                "serial": Column("Core", width=80),
                "reuses": Column("Reuses", "short", width=80),
                "launches": Column("Launches", "short", width=90),
                "first": Column("First launch", "time:YYYY-MM-DD", width=120),
                "last": Column("Latest launch", "time:YYYY-MM-DD", width=120),
                "core_id": Column("Id"),
            },
        ),
    ]


def _outcomes() -> Row:
    return [
        bars_panel(
            "How did launches end?",
            "By year of the launch (UTC).",
            Sql("dashboards/launches_per_year.sql"),
            x="year",
            columns={
                "failed": ("failed", BAD),
                "not_known": ("unknown", QUIET),
                "succeeded": ("succeeded", CALM),
            },
        ),
        bars_panel(
            "How did landings end?",
            "Attempted landings of cores, by year of the launch (UTC).",
            Sql("dashboards/landings_per_year.sql"),
            x="year",
            columns={"made": ("landed", CALM), "missed": ("missed", BAD)},
        ),
        rows_panel(
            "Which rockets fly?",
            "Each type of rocket that has flown. Falcon 9 lands one core, Falcon Heavy up to three.",
            Sql("dashboards/rockets.sql"),
            {
                "rocket": Column("Rocket"),
                "launches": Column("Launches", "short"),
                "success_ratio": Column("Succeeded", "percentunit"),
                "landings_tried": Column("Landings attempted", "short"),
                "landing_ratio": Column("Landed", "percentunit"),
                "first_year": Column("From"),
                "last_year": Column("To"),
            },
            no_value="nothing has flown",
            height=9,
        ),
        rows_panel(
            "What is planned?",
            "Launches that have not taken place. For many only the month or quarter is known: see Exact to.",
            Sql("dashboards/upcoming.sql"),
            {
                "launch": Column("Launch"),
                "planned": Column("Planned", "time:YYYY-MM-DD", width=110),
                "exact_to": Column("Exact to", width=90),
                "rocket": Column("Rocket", width=120),
                "launchpad": Column("Launchpad", width=120),
            },
            no_value="nothing is planned",
            height=9,
        ),
    ]
