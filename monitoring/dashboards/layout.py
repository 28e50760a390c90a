"""Whole dashboards: rows of panels, choices at the top, and marks where alerts fired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as d

from monitoring.dashboards.elements import BAD, PROMETHEUS, identity

TAG = "data-platform"
Row = Sequence[Builder[d.Panel]]


def variable(name: str, label: str, query: str, everything: str = ".*") -> dashboard.QueryVariable:
    """A choice at the top of a dashboard: several values, or All, which is the default."""
    built = dashboard.QueryVariable(name).label(label).datasource(PROMETHEUS).query(query).definition(query)
    built.multi(True).include_all(True).all_value(everything).allow_custom_value(False)
    built.current(d.VariableOption(text="All", value="$__all")).sort(d.VariableSort.ALPHABETICAL_ASC)
    built.refresh(d.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return built


def dashboard_of(
    uid: str,
    title: str,
    description: str,
    rows: Mapping[str, Row],
    *,
    variables: Sequence[dashboard.QueryVariable] = (),
    time: tuple[str, str] = ("now-24h", "now"),
    refresh: str = "1m",
    alerts: str = "",
) -> d.Dashboard:
    """A dashboard: rows of panels, placed from left to right. `alerts`: a regex of those to mark in the charts."""
    built = dashboard.Dashboard(title).uid(uid).description(description).tags([TAG]).readonly().timezone("utc")
    built.time(*time).refresh(refresh).tooltip(d.DashboardCursorSync.CROSSHAIR).week_start("monday").preload(False)
    others = dashboard.DashboardLink("Dashboards").type(d.DashboardLinkType.DASHBOARDS).tags([TAG])
    built.link(others.as_dropdown(True).keep_time(False).icon("external link").tooltip("Other dashboards"))
    if alerts:
        built.annotation(_firing_marks(alerts))
    for choice in variables:
        built.with_variable(choice)
    for row, panels in rows.items():
        built.with_row(dashboard.Row(row).id(identity(row)))
        for panel in panels:
            built.with_panel(panel)
    return built.build()


def _firing_marks(alerts: str) -> dashboard.AnnotationQuery:
    """Mark when alerts fired."""
    labels = "alertname, severity, source, dataset, dag_id"
    marks = dashboard.AnnotationQuery().name("Alerts").datasource(PROMETHEUS).enable(True).icon_color(BAD)
    marks.expr(f'max by ({labels}) (ALERTS{{alertstate="firing", alertname=~"{alerts}"}})').step("60s")
    return marks.title_format("{{alertname}}").text_format("{{severity}} {{source}} {{dataset}} {{dag_id}}")
