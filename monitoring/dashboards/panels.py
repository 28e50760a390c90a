"""The kinds of panels that dashboards are made of, and how they look.

Each function takes a title, a description and queries, and returns an SDK builder, so that a dashboard can add what it
needs. Ids derive from titles: a panel keeps its id, and links to it stay valid, when others come or go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    common,
    dashboard,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders import table as tables
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from monitoring.dashboards.elements import (
    CALM,
    PROMETHEUS,
    WAREHOUSE,
    Column,
    Query,
    Sql,
    Thresholds,
    identity,
    mapping,
    runbook,
)

AnyPanel = TypeVar(
    "AnyPanel",
    stat.Panel,
    timeseries.Panel,
    tables.Panel,
    barchart.Panel,
    bargauge.Panel,
    statetimeline.Panel,
)


def stat_panel(
    title: str,
    description: str,
    *queries: Query | Sql,
    unit: str = "short",
    thresholds: Thresholds | None = None,
    words: Mapping[int, tuple[str, str]] | None = None,
    decimals: int | None = None,
    no_value: str = "no data",
    span: int = 4,
    height: int = 4,
    alert: str = "",
    link: str = "",
    field_name: str = "",
) -> stat.Panel:
    """One large number, or one for each series. `field_name`: the column of a SQL result to show."""
    reduced = (
        common.ReduceDataOptions()
        .calcs(["lastNotNull"])
        .values(False)
        .fields(f"/^{field_name}$/" if field_name else "")
    )
    panel = stat.Panel().reduce_options(reduced).graph_mode(c.BigValueGraphMode.NONE)
    panel.color_mode(c.BigValueColorMode.VALUE).justify_mode(c.BigValueJustifyMode.AUTO)
    panel.text_mode(c.BigValueTextMode.VALUE_AND_NAME if len(queries) > 1 else c.BigValueTextMode.AUTO)
    if words:
        panel.mappings([mapping(words)])
    if decimals is not None:
        panel.decimals(decimals)
    if link:
        panel.data_links([dashboard.DashboardLink("Show").type(d.DashboardLinkType.LINK).url(link)])
    panel.thresholds(thresholds.builder() if thresholds else _one_colour(CALM))
    panel = _with_common_options(panel, title, description, unit, no_value, span, height, alert)
    return _with_queries(panel, queries, instant=True)


def series_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "short",
    thresholds: Thresholds | None = None,
    stacked: bool = False,
    share: bool = False,
    no_value: str = "nothing in this time range",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> timeseries.Panel:
    """Lines over time. `share`: the axis runs from 0 to 1 at least, so that small changes look small."""
    panel = timeseries.Panel().line_width(1.5).fill_opacity(25 if stacked else 8).axis_soft_min(0)
    panel.show_points(c.VisibilityMode.AUTO).legend(_legend()).tooltip(_tooltip())
    panel.color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    if share:
        panel.axis_soft_max(1)
    if stacked:
        panel.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL))
    if thresholds:
        panel.thresholds(thresholds.builder())
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(c.GraphThresholdsStyleMode.DASHED))
    panel = _with_common_options(panel, title, description, unit, no_value, span, height, alert)
    return _with_queries(panel, queries)


def events_panel(
    title: str,
    description: str,
    *queries: Query,
    colours: Mapping[str, str] | None = None,
    every: str = "1h",
    no_value: str = "none in this time range",
    unit: str = "short",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> timeseries.Panel:
    """How often something happened, as stacked bars of at least one hour each."""
    panel = timeseries.Panel().draw_style(c.GraphDrawStyle.BARS).fill_opacity(70).line_width(0).axis_soft_min(0)
    panel.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL)).bar_width_factor(0.8)
    panel.legend(_legend("sum")).tooltip(_tooltip()).interval(every).decimals(0)
    panel.color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    for name, colour in (colours or {}).items():
        panel.override_by_regexp(name, [_fixed(colour)])
    panel = _with_common_options(panel, title, description, unit, no_value, span, height, alert)
    return _with_queries(panel, queries)


def points_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "s",
    every: str = "5m",
    no_value: str = "none in this time range",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> timeseries.Panel:
    """Measurements of single events: points, since there is nothing between two events."""
    panel = timeseries.Panel().draw_style(c.GraphDrawStyle.POINTS).point_size(7).axis_soft_min(0)
    panel.show_points(c.VisibilityMode.ALWAYS).legend(_legend()).tooltip(_tooltip()).interval(every)
    panel.color_scheme(dashboard.FieldColor().mode(d.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    panel = _with_common_options(panel, title, description, unit, no_value, span, height, alert)
    return _with_queries(panel, queries)


def states_panel(
    title: str,
    description: str,
    query: Query,
    words: Mapping[int, tuple[str, str]],
    *,
    no_value: str = "no data",
    span: int = 12,
    height: int = 5,
    alert: str = "",
) -> statetimeline.Panel:
    """States over time, in words."""
    panel = statetimeline.Panel().mappings([mapping(words)]).merge_values(True).legend(_legend(None))
    panel.show_value(c.VisibilityMode.AUTO).row_height(0.8).fill_opacity(70).line_width(0)
    panel = _with_common_options(panel, title, description, "short", no_value, span, height, alert)
    return _with_queries(panel, [query])


def gauge_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "percentunit",
    thresholds: Thresholds | None = None,
    no_value: str = "no data",
    span: int = 8,
    height: int = 8,
    alert: str = "",
) -> bargauge.Panel:
    """One horizontal bar for each series, with its value."""
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    panel = bargauge.Panel().reduce_options(reduced).orientation(c.VizOrientation.HORIZONTAL)
    panel.display_mode(c.BarGaugeDisplayMode.BASIC).value_mode(c.BarGaugeValueMode.TEXT).show_unfilled(True).min(0)
    if unit == "percentunit":
        panel.max(1)
    panel.thresholds(thresholds.builder() if thresholds else _one_colour(CALM))
    panel = _with_common_options(panel, title, description, unit, no_value, span, height, alert)
    return _with_queries(panel, queries, instant=True)


def bars_panel(
    title: str,
    description: str,
    statement: Sql,
    *,
    x: str,
    columns: Mapping[str, tuple[str, str]],
    unit: str = "short",
    horizontal: bool = False,
    span: int = 12,
    height: int = 10,
) -> barchart.Panel:
    """A bar for each row of a SQL result, stacked from columns: `{column: (name, colour)}`."""
    panel = barchart.Panel().x_field(x).stacking(c.StackingMode.NORMAL).fill_opacity(85).line_width(0)
    panel.orientation(c.VizOrientation.HORIZONTAL if horizontal else c.VizOrientation.VERTICAL)
    panel.show_value(c.VisibilityMode.AUTO).bar_width(0.8).group_width(0.9).tooltip(_tooltip())
    panel.legend(_legend(None)).axis_soft_min(0).x_tick_label_spacing(60)
    panel = _with_column_names(panel, columns)
    panel = _with_common_options(panel, title, description, unit, "no rows", span, height, "")
    return _with_queries(panel, [statement])


def sql_points_panel(
    title: str,
    description: str,
    statement: Sql,
    *,
    columns: Mapping[str, tuple[str, str]],
    unit: str,
    span: int = 12,
    height: int = 10,
) -> timeseries.Panel:
    """Points of a SQL result over its column `time`: `{column: (name, colour)}`."""
    panel = timeseries.Panel().draw_style(c.GraphDrawStyle.POINTS).point_size(7)
    panel.show_points(c.VisibilityMode.ALWAYS).legend(_legend(None)).tooltip(_tooltip())
    panel = _with_column_names(panel, columns)
    panel = _with_common_options(panel, title, description, unit, "no rows", span, height, "")
    return _with_queries(panel, [statement])


def table_panel(
    title: str,
    description: str,
    labels: Mapping[str, Column],
    values: Sequence[tuple[Column, str]],
    *,
    sort: str = "",
    descending: bool = True,
    no_value: str = "none",
    span: int = 12,
    height: int = 8,
    alert: str = "",
) -> tables.Panel:
    """A row for each set of labels, a column for each query; all queries must keep the same labels."""
    queries = [Query(expr) for _, expr in values]
    names = ["Value"] if len(values) == 1 else [f"Value #{_ref(number)}" for number in range(len(values))]
    columns = dict(labels) | {name: column for name, (column, _) in zip(names, values, strict=True)}
    panel = _table(columns, sort, descending)
    panel.with_transformation(d.DataTransformerConfig("merge", options={}))
    if len(values) > 1:  # what Grafana names the column if only one query returns anything
        columns["Value"] = values[0][0]
    panel.with_transformation(_column_order(columns, hidden=["Time"]))
    panel = _with_common_options(panel, title, description, "short", no_value, span, height, alert)
    return _with_queries(panel, queries, instant=True, form=PromQueryFormat.TABLE)


def rows_panel(
    title: str,
    description: str,
    statement: Sql,
    columns: Mapping[str, Column],
    *,
    no_value: str = "no rows",
    span: int = 12,
    height: int = 10,
) -> tables.Panel:
    """The rows of a SQL result, in its order; columns that are not listed are left out."""
    panel = _table(columns, "", False).with_transformation(_column_order(columns, only=True))
    panel = _with_common_options(panel, title, description, "short", no_value, span, height, "")
    return _with_queries(panel, [statement])


def _with_common_options(
    panel: AnyPanel,
    title: str,
    description: str,
    unit: str,
    no_value: str,
    span: int,
    height: int,
    alert: str,
) -> AnyPanel:
    panel.id(identity(title)).title(title).description(description).unit(unit).no_value(no_value)
    panel.span(span).height(height)
    if alert:
        link = dashboard.DashboardLink(f"Runbook: {alert}").type(d.DashboardLinkType.LINK).url(runbook(alert))
        panel.links([link.target_blank(True)])
    return panel


def _with_queries(
    panel: AnyPanel,
    queries: Sequence[Query | Sql],
    *,
    instant: bool = False,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> AnyPanel:
    panel.datasource(WAREHOUSE if isinstance(queries[0], Sql) else PROMETHEUS)
    for number, query in enumerate(queries):
        if isinstance(query, Sql):
            panel.with_target(query)
            continue
        target = query.builder(_ref(number)).format(form)
        target = target.instant() if instant else target.range()
        panel.with_target(target.legend_format(query.legend) if query.legend else target)
    return panel


def _table(columns: Mapping[str, Column], sort: str, descending: bool) -> tables.Panel:
    panel = tables.Panel().cell_height(c.TableCellHeight.SM).show_header(True)
    if sort:
        panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(descending)])
    for column in columns.values():
        panel.override_by_name(column.label, column.properties())
    return panel


def _with_column_names(panel: AnyPanel, columns: Mapping[str, tuple[str, str]]) -> AnyPanel:
    for column, (name, colour) in columns.items():
        panel.override_by_name(column, [d.DynamicConfigValue("displayName", name), _fixed(colour)])
    return panel


def _column_order(
    columns: Mapping[str, Column], hidden: Sequence[str] = (), *, only: bool = False
) -> d.DataTransformerConfig:
    options: dict[str, object] = {
        "excludeByName": dict.fromkeys(hidden, True),
        "indexByName": {name: place for place, name in enumerate(columns)},
        "renameByName": {name: column.label for name, column in columns.items()},
    }
    if only:
        options["includeByName"] = dict.fromkeys(columns, True)
    return d.DataTransformerConfig("organize", options=options)


def _ref(number: int) -> str:
    return chr(ord("A") + number)


def _fixed(colour: str) -> d.DynamicConfigValue:
    return d.DynamicConfigValue("color", {"fixedColor": colour, "mode": "fixed"})


def _one_colour(colour: str) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps([d.Threshold(color=colour)])


def _legend(calculation: str | None = "lastNotNull") -> common.VizLegendOptions:
    legend = common.VizLegendOptions().placement(c.LegendPlacement.BOTTOM).show_legend(True)
    if calculation is None:
        return legend.display_mode(c.LegendDisplayMode.LIST).calcs([])
    return legend.display_mode(c.LegendDisplayMode.LIST).calcs([calculation])


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING).hide_zeros(True)
